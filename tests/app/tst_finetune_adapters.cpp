// SPDX-License-Identifier: GPL-3.0-or-later
// Adapters and checkpoints on the Fine-tune page, driven with keys and the mouse over a fake engine.
#include "tests/app/finetune_page_test.h"

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestFineTuneAdapters : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void anAdapterIsExportedBothWays();
    void adaptersAreImportedRenamedDeletedAndBroughtBack();
    void anAdapterThatIsNoneIsRefusedWithARemedy();
    void droppedAdaptersAreImportedAndExamplesFillTheForm();
    void theFirstAdapterComesIntoAnEmptyPage();
    void anEarlierCheckpointIsUsedInsteadOfTheLast();
    void checkpointsOfARunningRunCanOnlyBeSeen();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestFineTuneAdapters::anAdapterIsExportedBothWays()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("a-1"));
    QTRY_VERIFY(program.adapters->find(QStringLiteral("a-1")));
    choose(page->view()->exportButton(), QStringLiteral("Adapter as a GGUF file…"));
    const QString file = program.dir.filePath(QStringLiteral("desk.gguf"));
    QVERIFY(answerFileDialog(page, file));
    QTRY_COMPARE(engine.written().back(), "export a-1 gguf " + file.toStdString());
    QTRY_VERIFY(textsOf(program.window->toast()).contains(file));
    choose(page->view()->exportButton(), QStringLiteral("Adapter as a PEFT folder…"));
    QVERIFY(answerFileDialog(page, program.dir.path()));
    QTRY_COMPARE(engine.written().back(), "export a-1 peft " + program.dir.filePath(QStringLiteral("Ferry desk")).toStdString());

    engine.beforeAdapter = [] { throw StorageFailure("/full/desk.gguf", "writing the file", "No space left on device"); };
    choose(page->view()->exportButton(), QStringLiteral("Adapter as a GGUF file…"));
    QVERIFY(answerFileDialog(page, program.dir.filePath(QStringLiteral("again.gguf"))));
    QTRY_VERIFY(textsOf(program.window->toast()).contains(QStringLiteral("Free some disk space")));
}

void TestFineTuneAdapters::adaptersAreImportedRenamedDeletedAndBroughtBack()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("a-1"));
    QFile file(program.dir.filePath(QStringLiteral("pirate.gguf")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    choose(page->list()->importButton(), QStringLiteral("GGUF file…"));
    QVERIFY(answerFileDialog(page, file.fileName()));
    QTRY_VERIFY(page->adapterView()->isVisible());
    QCOMPARE(engine.written().back(), "import " + file.fileName().toStdString());
    QCOMPARE(page->adapterView()->id(), QStringLiteral("pirate"));
    QCOMPARE(page->adapterView()->facts()->valueOf(QStringLiteral("Format")), QStringLiteral("GGUF file"));
    QCOMPARE(page->list()->current(), QStringLiteral("adapter:pirate"));
    QVERIFY(!page->adapterView()->accessibleName().isEmpty());
    keep(program, QStringLiteral("tune-imported"));

    QTest::mouseClick(buttonWith(page, QStringLiteral("Rename")), Qt::LeftButton);
    QListView* list = page->list()->view();
    QTRY_VERIFY(list->viewport()->findChild<QLineEdit*>());
    auto* editor = list->viewport()->findChild<QLineEdit*>();
    QTest::keyClicks(editor, QStringLiteral("Old pirate"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(program.adapters->nameOf(QStringLiteral("pirate")), QStringLiteral("Old pirate"));
    QTRY_VERIFY(textsOf(page->adapterView()).contains(QStringLiteral("Old pirate")));
    QTRY_COMPARE(QString::fromStdString(engine.adapters.at(0).name), QStringLiteral("Old pirate"));

    choose(page->adapterView()->exportButton(), QStringLiteral("Adapter as a PEFT folder…"));
    QVERIFY(answerFileDialog(page, program.dir.path()));
    QTRY_COMPARE(engine.written().back(), "export pirate peft " + program.dir.filePath(QStringLiteral("Old pirate")).toStdString());

    list->setFocus();
    QTest::keyClick(list, Qt::Key_Delete);
    QTRY_VERIFY(page->view()->isVisible()); // what is left
    QTRY_VERIFY(engine.adapters.empty());
    QTRY_VERIFY(program.window->toast()->actionButton()->isVisible());
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_VERIFY(page->adapterView()->isVisible());
    QTRY_COMPARE(engine.adapters.size(), 1u);
    QTest::mouseClick(buttonWith(page, QStringLiteral("Chat with it")), Qt::LeftButton);
    QTRY_COMPARE(program.window->currentPage(), QStringLiteral("chat"));
    QTRY_COMPARE(program.chatPage()->adapterPicker()->id(), QStringLiteral("pirate"));
    QVERIFY(program.models->model()); // it names no model: the loaded one stays
}

void TestFineTuneAdapters::anAdapterThatIsNoneIsRefusedWithARemedy()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.beforeAdapter = [] { throw BadFile("/tmp/model.gguf", "is no LoRA adapter: general.type and adapter.type say otherwise"); };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    dropFiles(page, {QStringLiteral("/tmp/model.gguf")});
    QTRY_VERIFY(textsOf(program.window->toast()).contains(QStringLiteral("o LoRA adapter")));
    QVERIFY(textsOf(program.window->toast()).contains(QStringLiteral("choose another one")));
    QVERIFY(page->view()->isVisible());
    QCOMPARE(page->list()->view()->model()->rowCount(), 1);
}

void TestFineTuneAdapters::droppedAdaptersAreImportedAndExamplesFillTheForm()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    const QString folder = program.dir.filePath(QStringLiteral("tone"));
    QVERIFY(QDir().mkpath(folder));
    QFile config(folder + QStringLiteral("/adapter_config.json"));
    QVERIFY(config.open(QIODevice::WriteOnly));
    config.close();
    dropFiles(page, {folder, QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(engine.adapters.size(), 1u);
    QTRY_COMPARE(page->list()->view()->model()->rowCount(), 2);
    QVERIFY(page->form()->isVisible()); // and stays: it is being filled in
    QCOMPARE(page->form()->dataList()->count(), 1);
}

void TestFineTuneAdapters::theFirstAdapterComesIntoAnEmptyPage()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Import a PEFT folder…")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Import a PEFT folder…")), Qt::LeftButton);
    QVERIFY(answerFileDialog(page, program.dir.path()));
    QTRY_VERIFY(page->adapterView()->isVisible());
    QVERIFY(page->list()->isVisible());
    page->list()->view()->setFocus();
    QTest::keyClick(page->list()->view(), Qt::Key_Delete);
    QTRY_VERIFY(page->state()->isVisible());
}

void TestFineTuneAdapters::anEarlierCheckpointIsUsedInsteadOfTheLast()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk", 20);
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("a-1"));
    QTabWidget* tabs = page->view()->tabs();
    tabs->tabBar()->setFocus();
    for (int i = 0; i < 8 && !page->view()->checkpoints()->isVisible(); ++i)
        QTest::keyClick(tabs->tabBar(), Qt::Key_Right);
    QTreeWidget* table = page->view()->checkpoints()->table();
    QTRY_COMPARE(table->topLevelItemCount(), 3);
    QCOMPARE(table->topLevelItem(0)->text(0), QStringLiteral("20"));
    QCOMPARE(table->topLevelItem(0)->text(4), QStringLiteral("in use"));
    QCOMPARE(table->topLevelItem(2)->text(4), QStringLiteral("best"));
    QPushButton* use = page->view()->checkpoints()->useButton();
    QVERIFY(!use->isEnabled()); // it is used
    keep(program, QStringLiteral("tune-checkpoints"));
    table->setFocus();
    QTest::keyClick(table, Qt::Key_Down);
    QTest::keyClick(table, Qt::Key_Down);
    QVERIFY(use->isEnabled());
    QTest::mouseClick(use, Qt::LeftButton);
    QTRY_COMPARE(engine.training.used["a-1"], 12);
    QTRY_COMPARE(table->topLevelItem(2)->text(4), QStringLiteral("in use · best"));
    QCOMPARE(table->topLevelItem(0)->text(4), QString());
    QTRY_VERIFY(textsOf(program.window->toast()).contains(QStringLiteral("step 12")));
    QTRY_VERIFY(page->view()->facts()->valueOf(QStringLiteral("Adapter")).contains(QStringLiteral("of step 12")));
    QTest::keyClick(table, Qt::Key_Home); // and back, without the mouse
    QTest::keyClick(table, Qt::Key_Return);
    QTRY_COMPARE(engine.training.used["a-1"], 20);
}

void TestFineTuneAdapters::checkpointsOfARunningRunCanOnlyBeSeen()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.nSteps = 40;
    engine.training.perStep = std::chrono::milliseconds(20);
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_COMPARE(page->view()->id(), QStringLiteral("run-1"));
    QTest::qWait(50);
    page->view()->tabs()->setCurrentWidget(page->view()->checkpoints());
    QTreeWidget* table = page->view()->checkpoints()->table();
    QTRY_VERIFY(table->topLevelItemCount() == 3); // they come as they are written
    QCOMPARE(program.fineTune->run(QStringLiteral("run-1"))->state, RunState::Running);
    table->setCurrentItem(table->topLevelItem(2));
    QVERIFY(!page->view()->checkpoints()->useButton()->isEnabled());
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1"))->state, RunState::Done);
    QTRY_COMPARE(table->topLevelItem(0)->text(0), QStringLiteral("40"));
    table->setCurrentItem(table->topLevelItem(2));
    QTRY_VERIFY(page->view()->checkpoints()->useButton()->isEnabled());
}

QTEST_MAIN(TestFineTuneAdapters)
#include "tst_finetune_adapters.moc"
