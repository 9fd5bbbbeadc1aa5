// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/source/page_view.h"
#include "widgets/source/source_panel.h"
#include "widgets/theme/theme.h"

#include <QApplication>
#include <QLabel>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTextBrowser>
#include <QToolButton>

using namespace sy::widgets;

class TestSourcePanel : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void asksForTheSourceAndShowsItsPage();
    void scrollsToTheHighlight();
    void turnsPagesAndSources();
    void zoomKeepsTheMiddle();
    void textIsScrolledToThePassageAndMarked();
    void escapeCloses();
    void theNumberOfThePageOutlastsTheButtons();

private:
    static QImage page() { QImage image(800, 1100, QImage::Format_RGB32); image.fill(Qt::white); return image; }
    static QToolButton* button(SourcePanel& panel, const QString& name)
    {
        for (auto* b : panel.findChildren<QToolButton*>())
            if (b->accessibleName() == name)
                return b;
        return nullptr;
    }
};

void TestSourcePanel::initTestCase()
{
    static Theme theme(*qApp);
    theme.setMode(ThemeMode::Light);
}

void TestSourcePanel::asksForTheSourceAndShowsItsPage()
{
    SourcePanel panel;
    panel.resize(420, 600);
    panel.show();
    QSignalSpy spy(&panel, &SourcePanel::sourceRequested);
    panel.showSources({{1, QStringLiteral("a.pdf"), QStringLiteral("/tmp/a.pdf"), 3, QStringLiteral("passage")}}, 1);
    QCOMPARE(spy.size(), 1);
    panel.setPage(3, 9, page(), {QRectF(100, 900, 300, 20)});
    QCOMPARE(panel.currentPage(), 3);
    QVERIFY(panel.pageView()->isVisible());
    const QImage shot = panel.pageView()->viewport()->grab().toImage();
    const QPointF center = panel.pageView()->highlightOnScreen(0).center();
    const QColor marked = shot.pixelColor((center * shot.devicePixelRatio()).toPoint());
    QVERIFY2(marked.blue() < 190 && marked.red() > 230, qPrintable(marked.name()));
}

void TestSourcePanel::scrollsToTheHighlight()
{
    SourcePanel panel;
    panel.resize(420, 300);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    panel.showSources({{1, QStringLiteral("a.pdf"), QStringLiteral("/tmp/a.pdf"), 3, {}}}, 1);
    panel.setPage(3, 9, page(), {QRectF(100, 900, 300, 20)});
    QTRY_VERIFY(panel.pageView()->viewport()->rect().contains(panel.pageView()->highlightOnScreen(0).center().toPoint()));
}

void TestSourcePanel::turnsPagesAndSources()
{
    SourcePanel panel;
    panel.resize(420, 600);
    panel.show();
    QSignalSpy sources(&panel, &SourcePanel::sourceRequested), pages(&panel, &SourcePanel::pageRequested);
    panel.showSources({{1, QStringLiteral("a.pdf"), {}, 3, {}}, {2, QStringLiteral("b.pdf"), {}, 1, {}}}, 1);
    panel.setPage(3, 4, page(), {});
    pages.clear();
    QTest::mouseClick(button(panel, QStringLiteral("Next page")), Qt::LeftButton);
    QCOMPARE(pages.size(), 1);
    QCOMPARE(pages[0][1].toInt(), 4);
    panel.setPage(4, 4, page(), {});
    QVERIFY(!button(panel, QStringLiteral("Next page"))->isEnabled());
    QTest::mouseClick(button(panel, QStringLiteral("Next source")), Qt::LeftButton);
    QCOMPARE(sources.size(), 2);
    QCOMPARE(panel.currentNumber(), 2);
    QVERIFY(!button(panel, QStringLiteral("Next source"))->isEnabled());
    QTest::keyClick(&panel, Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(panel.currentNumber(), 1);
}

void TestSourcePanel::zoomKeepsTheMiddle()
{
    PageView view;
    view.resize(400, 400);
    view.show();
    view.setPage(page(), {QRectF(350, 520, 100, 20)});
    const QPointF before = view.highlightOnScreen(0).center();
    QTest::keyClick(&view, Qt::Key_Plus, Qt::ControlModifier);
    QVERIFY(view.zoom() > 1.2);
    const QPointF after = view.highlightOnScreen(0).center();
    QVERIFY((before - after).manhattanLength() < 60);
    QTest::keyClick(&view, Qt::Key_0, Qt::ControlModifier);
    QCOMPARE(view.zoom(), 1.0);
}

void TestSourcePanel::textIsScrolledToThePassageAndMarked()
{
    SourcePanel panel;
    panel.resize(420, 400);
    panel.show();
    QString text;
    for (int i = 0; i < 500; ++i)
        text += QStringLiteral("Line %1 of the text.\n").arg(i);
    const qsizetype at = text.indexOf(QStringLiteral("Line 400"));
    panel.showSources({{1, QStringLiteral("a.txt"), {}, 0, {}}}, 1);
    panel.setText(text, at, at + 20);
    QCOMPARE(panel.textView()->extraSelections().size(), 1);
    QVERIFY(panel.textView()->extraSelections()[0].cursor.selectedText().startsWith(QStringLiteral("Line 400")));
    QTextCursor cursor = panel.textView()->extraSelections()[0].cursor;
    cursor.setPosition(cursor.selectionStart());
    QVERIFY(panel.textView()->viewport()->rect().intersects(panel.textView()->cursorRect(cursor)));
}

void TestSourcePanel::escapeCloses()
{
    SourcePanel panel;
    panel.show();
    panel.showSources({{1, QStringLiteral("a.pdf"), {}, 3, {}}}, 1);
    panel.setPage(3, 4, page(), {});
    QSignalSpy spy(&panel, &SourcePanel::closeRequested);
    QTest::keyClick(panel.pageView(), Qt::Key_Escape);
    QCOMPARE(spy.size(), 1);
}

void TestSourcePanel::theNumberOfThePageOutlastsTheButtons()
{
    SourcePanel panel;
    panel.resize(420, 600);
    panel.show();
    panel.showSources({{1, QStringLiteral("a.pdf"), QStringLiteral("/tmp/a.pdf"), 3, QStringLiteral("passage")}}, 1);
    panel.setPage(3, 12, page(), {});
    QVERIFY(button(panel, QStringLiteral("Fit the width"))->isVisible());
    panel.resize(250, 600);
    QVERIFY(!button(panel, QStringLiteral("Fit the width"))->isVisible());
    QTRY_VERIFY([&] {
        for (auto* label : panel.findChildren<QLabel*>())
            if (label->text() == QStringLiteral("Page 3 of 12"))
                return label->width() >= label->sizeHint().width();
        return false;
    }());
}

QTEST_MAIN(TestSourcePanel)
#include "tst_source_panel.moc"
