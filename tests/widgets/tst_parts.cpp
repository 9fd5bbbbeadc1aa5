// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/models/memory_bar.h"
#include "widgets/parts/enter_key.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/navigation_rail.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/palette.h"
#include "widgets/parts/progress_list.h"
#include "widgets/parts/state_panel.h"
#include "widgets/parts/status_field.h"
#include "widgets/parts/toast.h"
#include "widgets/theme/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QClipboard>
#include <QDragEnterEvent>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTextEdit>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

using namespace sy::widgets;

class TestParts : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void railMovesWithKeysAndMouse();
    void toastUndoesOnceAndGoesAway();
    void filesHeldOverShowWhatDroppingDoes();
    void statePanelOffersTheWayOnAndCopiesDetails();
    void progressListAsksToStopAndSaysSo();
    void memoryBarKnowsWhetherItFits();
    void factsCanBeRead();
    void longFactsBreakInsteadOfWideningTheTable();
    void otherFactsLeaveNoGaps();
    void aSelectionStaysWhenAnotherValueChanges();
    void enterPressesTheFocusedButton();
    void theNoticeStaysUntilItIsClosed();
    void thePaletteFindsByTheBeginningsOfWords_data();
    void thePaletteFindsByTheBeginningsOfWords();
    void thePaletteGoesWhereTheArrowsLead();
};

void TestParts::initTestCase()
{
    static Theme theme(*qApp);
    theme.setMode(ThemeMode::Light);
}

void TestParts::railMovesWithKeysAndMouse()
{
    NavigationRail rail;
    rail.addItem(QStringLiteral("a"), QStringLiteral("Alpha"), QStringLiteral("chat"), QStringLiteral("Ctrl+1"));
    rail.addItem(QStringLiteral("b"), QStringLiteral("Beta"), QStringLiteral("models"), QStringLiteral("Ctrl+2"));
    rail.addItem(QStringLiteral("c"), QStringLiteral("Gamma"), QStringLiteral("settings"), {}, true);
    rail.resize(80, 500);
    rail.show();
    QVERIFY(QTest::qWaitForWindowExposed(&rail));
    rail.setCurrent(QStringLiteral("a"));
    QSignalSpy spy(&rail, &NavigationRail::activated);
    const auto buttons = rail.findChildren<QAbstractButton*>();
    QCOMPARE(buttons.size(), 3);
    QTest::mouseClick(buttons[1], Qt::LeftButton);
    QCOMPARE(rail.current(), QStringLiteral("b"));
    QCOMPARE(spy.size(), 1);
    buttons[1]->setFocus();
    QTest::keyClick(buttons[1], Qt::Key_Tab);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QCOMPARE(spy.last()[0].toString(), QStringLiteral("c"));
}

void TestParts::filesHeldOverShowWhatDroppingDoes()
{
    QWidget target;
    target.resize(400, 300);
    QStringList got;
    auto* drop = new FileDrop(&target, [] { return QStringLiteral("Drop to add"); }, [&](const QStringList& paths) { got = paths; });
    target.show();
    QVERIFY(QTest::qWaitForWindowExposed(&target));
    QMimeData words, files;
    words.setText(QStringLiteral("a sentence"));
    files.setUrls({QUrl::fromLocalFile(QStringLiteral("/tmp/a.pdf")), QUrl(QStringLiteral("https://example.org/x"))});
    const auto enter = [&](const QMimeData& data) {
        QDragEnterEvent event(QPoint(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        event.ignore();
        QApplication::sendEvent(&target, &event);
        return event.isAccepted();
    };
    QVERIFY(!enter(words));
    QVERIFY(drop->isHidden());
    const QImage before = target.grab().toImage();
    QVERIFY(enter(files));
    QVERIFY(drop->isVisible());
    QCOMPARE(drop->geometry(), target.rect());
    QVERIFY(target.grab().toImage() != before);
    target.resize(500, 350);
    QCOMPARE(drop->geometry(), target.rect());
    QDragLeaveEvent leave;
    QApplication::sendEvent(&target, &leave);
    QVERIFY(drop->isHidden());
    QVERIFY(enter(files));
    QDropEvent dropped(QPointF(20, 20), Qt::CopyAction, &files, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&target, &dropped);
    QVERIFY(drop->isHidden());
    QCOMPARE(got, QStringList{QStringLiteral("/tmp/a.pdf")});
}

void TestParts::toastUndoesOnceAndGoesAway()
{
    QWidget window;
    window.resize(600, 400);
    Toast toast(&window);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    int undone = 0;
    toast.showMessage(QStringLiteral("Chat deleted"), QStringLiteral("Undo"), [&] { ++undone; }, 10000);
    QVERIFY(toast.isVisible());
    QVERIFY(window.rect().contains(toast.geometry()));
    toast.actionButton()->setFocus();
    QTest::keyClick(toast.actionButton(), Qt::Key_Space);
    QCOMPARE(undone, 1);
    QVERIFY(!toast.isVisible());
    toast.showMessage(QStringLiteral("Chat deleted"), QStringLiteral("Undo"), [&] { ++undone; }, 10000);
    QTest::keyClick(&window, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(undone, 2);
    QVERIFY(!toast.isVisible());
    QTest::keyClick(&window, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(undone, 2);
    toast.showMessage(QStringLiteral("Copied"), {}, {}, 30);
    QTRY_VERIFY(!toast.isVisible());
    QCOMPARE(undone, 2);
}

void TestParts::statePanelOffersTheWayOnAndCopiesDetails()
{
    StatePanel panel;
    panel.show();
    panel.setLook(StatePanel::Look::Failed, QStringLiteral("warning"), QStringLiteral("It failed"), QStringLiteral("Try again."));
    panel.setDetails(QStringLiteral("offset 42"));
    QPushButton* retry = panel.addButton(QStringLiteral("Try again"), true);
    QSignalSpy spy(retry, &QPushButton::clicked);
    QTest::keyClick(retry, Qt::Key_Space);
    QCOMPARE(spy.size(), 1);
    for (auto* button : panel.findChildren<QPushButton*>())
        if (button->text() == QStringLiteral("Copy details"))
            QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("offset 42"));
}

void TestParts::progressListAsksToStopAndSaysSo()
{
    ProgressList list;
    list.setJob(QStringLiteral("j"), QStringLiteral("Indexing"), QStringLiteral("a.pdf"), 0.5);
    list.show();
    QSignalSpy spy(&list, &ProgressList::cancelRequested);
    auto* cancel = list.findChild<QPushButton*>();
    QTest::mouseClick(cancel, Qt::LeftButton);
    QCOMPARE(spy.size(), 1);
    QCOMPARE(cancel->text(), QStringLiteral("Stopping…"));
    QVERIFY(!cancel->isEnabled());
    list.removeJob(QStringLiteral("j"));
    QVERIFY(!list.hasJob(QStringLiteral("j")));
    QVERIFY(!list.isVisible());
}

void TestParts::memoryBarKnowsWhetherItFits()
{
    MemoryBar bar;
    bar.setEstimate({{QStringLiteral("Weights"), 1000}, {QStringLiteral("KV cache"), 500}}, 1600);
    QVERIFY(bar.fits());
    bar.setEstimate({{QStringLiteral("Weights"), 1000}, {QStringLiteral("KV cache"), 500}}, 1400);
    QVERIFY(!bar.fits());
    QVERIFY(bar.accessibleDescription().contains(QStringLiteral("KV cache")));
    // The verdict goes on in a second line rather than lose its end.
    bar.setEstimate({{QStringLiteral("W"), 1000}}, 1600);
    QVERIFY(bar.heightForWidth(110) > bar.heightForWidth(600));
}

void TestParts::factsCanBeRead()
{
    FactsTable table;
    table.setFacts({{QStringLiteral("Architecture"), QStringLiteral("qwen2")}});
    QCOMPARE(table.valueOf(QStringLiteral("Architecture")), QStringLiteral("qwen2"));
    StatusField field(QStringLiteral("Model"), QStringLiteral("models"));
    field.setValue(QStringLiteral("none"));
    QCOMPARE(field.accessibleName(), QStringLiteral("Model: none"));
}

void TestParts::longFactsBreakInsteadOfWideningTheTable()
{
    QScrollArea area;
    area.setWidgetResizable(true);
    auto* table = new FactsTable;
    area.setWidget(table);
    table->setFacts({{QStringLiteral("SHA-256"), QString(64, QLatin1Char('c'))}, {QStringLiteral("Layers"), QStringLiteral("28")}});
    area.resize(300, 300);
    area.show();
    QVERIFY(QTest::qWaitForWindowExposed(&area));
    QVERIFY(table->width() <= area.viewport()->width());
    const int line = table->fontMetrics().height();
    QVERIFY2(table->heightForWidth(table->width()) >= 4 * line, qPrintable(QString::number(table->heightForWidth(table->width()))));
    QVERIFY(table->heightForWidth(900) < 3 * line);
    QCOMPARE(table->horizontalScrollBar()->maximum(), 0);
    QCOMPARE(table->verticalScrollBar()->maximum(), 0); // all of it is seen
}

void TestParts::otherFactsLeaveNoGaps()
{
    QScrollArea area;
    area.setWidgetResizable(true);
    auto* content = new QWidget;
    auto* rows = new QVBoxLayout(content);
    auto* table = new FactsTable;
    rows->addWidget(table);
    rows->addStretch(1);
    area.setWidget(content);
    area.resize(900, 600);
    area.show();
    const QString path(70, QLatin1Char('p'));
    table->setFacts({{QStringLiteral("Layers"), QStringLiteral("28")}, {QStringLiteral("File"), path}, {QStringLiteral("SHA-256"), QString(64, QLatin1Char('c'))}});
    QVERIFY(QTest::qWaitForWindowExposed(&area));
    const int line = table->fontMetrics().height();
    QTRY_VERIFY2(table->height() > 3 * line && table->height() < 5 * line, qPrintable(QString::number(table->height())));
    const int before = table->height();
    table->setFacts({{QStringLiteral("Layers"), QStringLiteral("28")}});
    QTRY_VERIFY2(table->height() < 2 * line, qPrintable(QString::number(table->height())));
    table->setFacts({});
    QTRY_COMPARE(table->height(), 0);
    table->setFacts({{QStringLiteral("Layers"), QStringLiteral("24")}, {QStringLiteral("File"), path}, {QStringLiteral("SHA-256"), QString(64, QLatin1Char('d'))}});
    QTRY_COMPARE(table->height(), before);
}

void TestParts::aSelectionStaysWhenAnotherValueChanges()
{
    FactsTable table;
    table.resize(400, 200);
    table.setFacts({{QStringLiteral("Time"), QStringLiteral("1 s")}, {QStringLiteral("File"), QStringLiteral("model.gguf")}});
    table.show();
    QVERIFY(QTest::qWaitForWindowExposed(&table));
    QTextCursor cursor = table.document()->find(QStringLiteral("model.gguf"));
    QVERIFY(!cursor.isNull());
    table.setTextCursor(cursor);
    table.setFacts({{QStringLiteral("Time"), QStringLiteral("about 12 s")}, {QStringLiteral("File"), QStringLiteral("model.gguf")}});
    QCOMPARE(table.textCursor().selectedText(), QStringLiteral("model.gguf"));
    QVERIFY(table.toPlainText().contains(QStringLiteral("about 12 s")) && !table.toPlainText().contains(QStringLiteral("1 s\n")));
    QCOMPARE(table.accessibleName(), QStringLiteral("Time: about 12 s; File: model.gguf"));
    // The mouse selects a word, Ctrl+C copies it.
    table.setTextCursor(QTextCursor(table.document()));
    const QPoint word = table.cursorRect(cursor).center() - QPoint(20, 0);
    QTest::mouseDClick(table.viewport(), Qt::LeftButton, {}, word);
    QTest::keyClick(&table, Qt::Key_C, Qt::ControlModifier);
    QVERIFY2(QApplication::clipboard()->text().contains(QStringLiteral("gguf")), qPrintable(QApplication::clipboard()->text()));
}

void TestParts::enterPressesTheFocusedButton()
{
    letEnterPressButtons(*qApp);
    QWidget window;
    auto* row = new QVBoxLayout(&window);
    auto* button = new QPushButton(QStringLiteral("Go"), &window);
    auto* tool = new QToolButton(&window);
    row->addWidget(button);
    row->addWidget(tool);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QSignalSpy pressed(button, &QPushButton::clicked), tooled(tool, &QToolButton::clicked);
    QTest::keyClick(button, Qt::Key_Return);
    QCOMPARE(pressed.size(), 1);
    QTest::keyClick(button, Qt::Key_Enter, Qt::KeypadModifier);
    QCOMPARE(pressed.size(), 2);
    QTest::keyClick(button, Qt::Key_Return, Qt::ControlModifier); // somebody's shortcut
    QCOMPARE(pressed.size(), 2);
    QTest::keyClick(tool, Qt::Key_Return);
    QCOMPARE(tooled.size(), 1);
    button->setEnabled(false);
    QTest::keyClick(button, Qt::Key_Return);
    QCOMPARE(pressed.size(), 2);
}

void TestParts::theNoticeStaysUntilItIsClosed()
{
    Notice notice;
    QSignalSpy closed(&notice, &Notice::closed);
    notice.setClosable(true);
    notice.setNotice(QStringLiteral("It <failed>"), QStringLiteral("At byte 12."), QStringLiteral("details"));
    QVERIFY(notice.isVisible());
    QTest::mouseClick(notice.findChild<QPushButton*>(), Qt::LeftButton);
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("details"));
    QTest::keyClick(notice.findChild<QToolButton*>(), Qt::Key_Space);
    QCOMPARE(closed.size(), 1);
    QVERIFY(!notice.isVisible());
    notice.setNotice({}, {}, {});
    QVERIFY(!notice.isVisible());
}

void TestParts::thePaletteFindsByTheBeginningsOfWords_data()
{
    QTest::addColumn<QString>("title");
    QTest::addColumn<QString>("query");
    QTest::addColumn<int>("points");
    QTest::newRow("nothing typed") << "Ferry times" << "" << 0;
    QTest::newRow("the beginning") << "Ferry times" << "fer" << 3;
    QTest::newRow("a later word") << "Ferry times" << "tim" << 2;
    QTest::newRow("inside a word") << "Ferry times" << "err" << 1;
    QTest::newRow("any order") << "Ferry times" << "tim fer" << 5;
    QTest::newRow("one is missing") << "Ferry times" << "fer x" << -1;
    QTest::newRow("Chinese") << QStringLiteral("云岭泵站") << QStringLiteral("泵站") << 1;
}

void TestParts::thePaletteFindsByTheBeginningsOfWords()
{
    QFETCH(QString, title);
    QFETCH(QString, query);
    QTEST(Palette::score(title, query), "points");
}

void TestParts::thePaletteGoesWhereTheArrowsLead()
{
    QWidget window;
    window.resize(800, 600);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    Palette palette(&window);
    QString run;
    QList<PaletteItem> items;
    for (const QString& name : {QStringLiteral("Alpha"), QStringLiteral("Beta"), QStringLiteral("Gamma")})
        items.push_back({name, {}, QStringLiteral("chat"), [&run, name] { run = name; }});
    palette.open(items, QStringLiteral("Go to"));
    QTRY_VERIFY(palette.input()->hasFocus());
    QVERIFY(window.rect().contains(palette.geometry()));
    QTest::keyClick(palette.input(), Qt::Key_Up); // round the end
    QTest::keyClick(palette.input(), Qt::Key_Return);
    QCOMPARE(run, QStringLiteral("Gamma"));
    QVERIFY(palette.isHidden());
    palette.open(items, QStringLiteral("Go to"));
    QTest::keyClicks(palette.input(), QStringLiteral("bet"));
    QTest::mouseClick(palette.list()->viewport(), Qt::LeftButton, {}, palette.list()->visualRect(palette.list()->model()->index(0, 0)).center());
    QCOMPARE(run, QStringLiteral("Beta"));
    palette.open(items, QStringLiteral("Go to"));
    QTest::keyClicks(palette.input(), QStringLiteral("nowhere"));
    run.clear();
    QTest::keyClick(palette.input(), Qt::Key_Return);
    QVERIFY(run.isEmpty() && palette.isVisible());
    QTest::keyClick(palette.input(), Qt::Key_Escape);
    QVERIFY(palette.isHidden());
}

QTEST_MAIN(TestParts)
#include "tst_parts.moc"
