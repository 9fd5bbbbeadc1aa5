// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/models/memory_bar.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/navigation_rail.h"
#include "widgets/parts/progress_list.h"
#include "widgets/parts/state_panel.h"
#include "widgets/parts/status_field.h"
#include "widgets/parts/toast.h"
#include "widgets/theme/theme.h"

#include <QAbstractButton>
#include <QApplication>
#include <QClipboard>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using namespace sy::widgets;

class TestParts : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void railMovesWithKeysAndMouse();
    void toastUndoesOnceAndGoesAway();
    void statePanelOffersTheWayOnAndCopiesDetails();
    void progressListAsksToStopAndSaysSo();
    void memoryBarKnowsWhetherItFits();
    void factsCanBeRead();
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
    toast.showMessage(QStringLiteral("Copied"), {}, {}, 30);
    QTRY_VERIFY(!toast.isVisible());
    QCOMPARE(undone, 1);
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
    QVERIFY(bar.heightForWidth(120) >= bar.heightForWidth(600));
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

QTEST_MAIN(TestParts)
#include "tst_parts.moc"
