// SPDX-License-Identifier: GPL-3.0-or-later
// Runs on the Fine-tune page in the whole window over a fake engine, driven with keys and the mouse.
#include "tests/app/finetune_page_test.h"

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestFineTunePage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void anEmptyPageSaysWhatItIsForAndHasOneButton();
    void aRunGoesFromTheFormToTheChat();
    void aModelThatWasTrainedItselfIsUsedInTheChat();
    void aMixtureShowsHowItsExpertsAreUsed();
    void pauseAndResume();
    void discardCanBeUndone();
    void aSecondRunWaits();
    void anInterruptedRunOffersResume();
    void aFailedRunSaysWhatToDo();
    void runsAreRenamedNotedDuplicatedAndDeleted();
    void runsAreComparedOnOnePlot();
    void theNextStartShowsTheRuns();
    void aRunThatWentOnBehindTheFormIsUpToDate();
    void pictures_data();
    void pictures();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestFineTunePage::anEmptyPageSaysWhatItIsForAndHasOneButton()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_VERIFY(page->state()->isVisible());
    QVERIFY(!page->list()->isVisible());
    QPushButton* button = buttonWith(page, QStringLiteral("New run"));
    QTRY_VERIFY(button && button->hasFocus()); // one key from here
    QTest::keyClick(button, Qt::Key_Space);
    QTRY_VERIFY(page->form()->isVisible());
    QVERIFY(!page->form()->startButton()->isEnabled());
    QTest::keyClick(page->form(), Qt::Key_Escape);
    QTRY_VERIFY(page->state()->isVisible());
}

void TestFineTunePage::aRunGoesFromTheFormToTheChat()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.nSteps = 40;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("New run")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("New run")), Qt::LeftButton);
    RunForm* form = page->form();
    QTRY_VERIFY(form->isVisible());
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("Ferry tone")); // the name has the focus
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QCOMPARE(form->dataList()->count(), 1);
    QTRY_VERIFY(form->startButton()->isEnabled());
    QCOMPARE(form->planPanel()->facts()->valueOf(QStringLiteral("Steps")), QStringLiteral("15"));
    QTRY_VERIFY(form->planPanel()->preview()->view()->toPlainText().contains(QStringLiteral("I am the ferry desk.")));
    QCOMPARE(form->planPanel()->dropped()->topLevelItemCount(), 2);
    QCOMPARE(form->planPanel()->dropped()->topLevelItem(0)->text(3), QStringLiteral("longer than the context"));
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_VERIFY(page->view()->isVisible());
    QTRY_COMPARE(page->view()->plots()->loss()->series().size(), 3); // as it is, smoothed, held out
    QTRY_COMPARE(program.fineTune->runs().front().state, RunState::Done);
    QCOMPARE(settingOf(engine.training.configs["run-1"], "name"), QStringLiteral("Ferry tone"));
    QCOMPARE(settingOf(engine.training.configs["run-1"], "model"), QStringLiteral("tiny"));
    QCOMPARE(page->list()->current(), QStringLiteral("run-1"));
    QTRY_COMPARE(page->view()->plots()->loss()->series()[1].points.size(), 40);
    page->view()->tabs()->setCurrentIndex(4);
    QVERIFY(page->view()->log()->topLevelItemCount() > 10);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Chat with it")));
    QTRY_VERIFY(program.adapters->find(QStringLiteral("run-1"))); // the pickers know it by themselves
    QTest::mouseClick(buttonWith(page, QStringLiteral("Chat with it")), Qt::LeftButton);
    QTRY_COMPARE(program.window->currentPage(), QStringLiteral("chat"));
    QTRY_COMPARE(program.chatPage()->adapterPicker()->id(), QStringLiteral("run-1"));
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
    QTest::keyClicks(program.chatPage()->composer()->edit(), QStringLiteral("Who are you?"));
    QSignalSpy ended(program.chats.get(), &ChatService::answerEnded);
    QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path("/runs/run-1/adapter.gguf"));
}

void TestFineTunePage::aModelThatWasTrainedItselfIsUsedInTheChat()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    chooseIn(qobject_cast<QComboBox*>(page->form()->control("adapter.method")), QStringLiteral("The whole model"));
    QTRY_VERIFY(page->form()->startButton()->isEnabled());
    QTest::mouseClick(page->form()->startButton(), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Stop")));
    QCOMPARE(buttonWith(page, QStringLiteral("Stop"))->menu()->actions().front()->text(), QStringLiteral("Stop and keep the model"));
    engine.training.isHeld = false;
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1")).value_or(RunRow()).state, RunState::Done);
    QTRY_COMPARE(page->view()->facts()->valueOf(QStringLiteral("Trained model")), QStringLiteral("/runs/run-1/model.gguf"));
    QVERIFY(!program.adapters->find(QStringLiteral("run-1"))); // there is none to export
    for (const QAction* action : page->view()->exportButton()->menu()->actions())
        QCOMPARE(action->isVisible(), !action->text().startsWith(QStringLiteral("Adapter")) && !action->text().startsWith(QStringLiteral("Merged")));
    page->view()->tabs()->setCurrentWidget(page->view()->checkpoints());
    QTRY_COMPARE(page->view()->checkpoints()->table()->topLevelItemCount(), 3);
    QVERIFY(!page->view()->checkpoints()->useButton()->isVisible());
    keep(program, QStringLiteral("tune-whole-finished"));

    QPushButton* chat = buttonWith(page, QStringLiteral("Chat with it"));
    QVERIFY(chat);
    const size_t nModels = engine.models.size();
    QTest::mouseClick(chat, Qt::LeftButton);
    QTRY_COMPARE(program.window->currentPage(), QStringLiteral("chat"));
    QTRY_COMPARE(program.models->loadedId(), QStringLiteral("model"));
    QCOMPARE(engine.models.size(), nModels + 1);
    QVERIFY(engine.models.back().isReferenced); // where it is
    QVERIFY(program.chatPage()->adapterPicker()->id().isEmpty());
    // A second time, after another model was loaded.
    program.models->load(QStringLiteral("tiny"));
    QTRY_COMPARE(program.models->loadedId(), QStringLiteral("tiny"));
    program.window->goTo(QStringLiteral("finetune"));
    chat->setFocus();
    QTest::keyClick(chat, Qt::Key_Space);
    QTRY_COMPARE(program.models->loadedId(), QStringLiteral("model"));
    // One that cannot be added leaves everything as it is.
    engine.training.find("run-1")->trainedModel = "/runs/bad/model.gguf";
    program.fineTune->refresh();
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1"))->trainedModel, QStringLiteral("/runs/bad/model.gguf"));
    program.window->goTo(QStringLiteral("finetune"));
    QSignalSpy failed(program.models.get(), &ModelService::failed);
    QTest::mouseClick(chat, Qt::LeftButton);
    QTRY_COMPARE(failed.size(), 1);
    QTest::qWait(50);
    QCOMPARE(program.window->currentPage(), QStringLiteral("finetune"));
    QCOMPARE(program.models->loadedId(), QStringLiteral("model"));
}

void TestFineTunePage::aMixtureShowsHowItsExpertsAreUsed()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("dense-1", "Dense", 20);
    engine.training.hasExperts = true;
    engine.training.nSteps = 8;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("mixture")}}));
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1")).value_or(RunRow()).state, RunState::Done);
    page->view()->tabs()->setCurrentIndex(1);
    RunPlots* plots = page->view()->plots();
    QTRY_VERIFY(plots->heaviestExpert()->isVisible() && plots->idleExperts()->isVisible());
    QTRY_COMPARE(plots->idleExperts()->series().value(0).points.size(), 8);
    QCOMPARE(plots->heaviestExpert()->series()[0].points[3], QPointF(4, 1.25));
    QCOMPARE(plots->idleExperts()->series()[0].points[3], QPointF(4, 12.5));
    QVERIFY2(plots->heaviestExpert()->valuesAt(4).contains(QStringLiteral("1.25 ×")), qPrintable(plots->heaviestExpert()->valuesAt(4)));
    QVERIFY2(plots->idleExperts()->toCsv().contains("4,12.5"), plots->idleExperts()->toCsv());
    keep(program, QStringLiteral("tune-experts"));
    page->openRun(QStringLiteral("dense-1"));
    QTRY_COMPARE(plots->loss()->series().value(1).points.size(), 20);
    QVERIFY(!plots->heaviestExpert()->isVisible() && !plots->idleExperts()->isVisible());
}

void TestFineTunePage::pauseAndResume()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Pause")));
    QTRY_COMPARE(page->view()->progress()->value(), 250); // 3 of 12
    QTest::mouseClick(buttonWith(page, QStringLiteral("Pause")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Resume")));
    QVERIFY(buttonWith(page, QStringLiteral("Chat with it"))); // what there is can be tried meanwhile
    QVERIFY(!buttonWith(page, QStringLiteral("Pause")));
    engine.training.isHeld = false;
    QTest::mouseClick(buttonWith(page, QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1"))->state, RunState::Done);
    QCOMPARE(page->view()->id(), QStringLiteral("run-1"));
    QTRY_COMPARE(page->view()->facts()->valueOf(QStringLiteral("Steps")), QStringLiteral("12"));
}

void TestFineTunePage::discardCanBeUndone()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_COMPARE(page->view()->progress()->value(), 250);
    QPushButton* stop = buttonWith(page, QStringLiteral("Stop"));
    QVERIFY(stop);
    stop->menu()->actions()[1]->trigger();
    QTRY_VERIFY(page->state()->isVisible()); // none is left
    QTRY_VERIFY(program.window->toast()->isVisible() && program.window->toast()->actionButton()->isVisible());
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_VERIFY(page->view()->isVisible());
    QCOMPARE(page->view()->id(), QStringLiteral("run-1"));
}

void TestFineTunePage::aSecondRunWaits()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_COMPARE(page->view()->progress()->value(), 250);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(page->form()->startButton()->isEnabled());
    QCOMPARE(page->form()->startButton()->text(), QStringLiteral("Add to the queue"));
    QTest::mouseClick(page->form()->startButton(), Qt::LeftButton);
    QTRY_VERIFY(page->view()->isVisible());
    QCOMPARE(program.fineTune->run(page->view()->id())->state, RunState::Waiting);
    QVERIFY(buttonWith(page, QStringLiteral("Remove from the queue")));
    engine.training.isHeld = false;
    QTRY_COMPARE(page->view()->id(), QStringLiteral("run-2")); // the view follows it
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-2"))->state, RunState::Done);
}

void TestFineTunePage::anInterruptedRunOffersResume()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("cut-1", "Cut off", 12, api::RunEntry::State::interrupted);
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("cut-1"));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Resume")));
    QTRY_COMPARE(page->view()->plots()->loss()->series().value(1).points.size(), 6); // what it had come to is there
    keep(program, QStringLiteral("tune-interrupted"));
    QTest::keyClick(buttonWith(page, QStringLiteral("Resume")), Qt::Key_Space);
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("cut-1"))->state, RunState::Done);
    QCOMPARE(engine.training.written().back(), std::string("resume cut-1"));
}

void TestFineTunePage::aFailedRunSaysWhatToDo()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.inTraining = [] { throw OutOfMemory("cpu", 4'000'000'000, 1'000'000'000); };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_COMPARE(program.fineTune->runs().value(0).state, RunState::Failed);
    const auto isSaid = [&] {
        for (auto* notice : page->view()->findChildren<widgets::Notice*>())
            if (notice->isVisible() && notice->title().contains(QStringLiteral("Not enough memory")))
                return true;
        return false;
    };
    QTRY_VERIFY(isSaid());
    QVERIFY(buttonWith(page, QStringLiteral("Resume")));
    keep(program, QStringLiteral("tune-failed"));
}

void TestFineTunePage::runsAreRenamedNotedDuplicatedAndDeleted()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "First", 120, api::RunEntry::State::done, 32);
    engine.training.addRun("b-1", "Second");
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QListView* list = page->list()->view();
    QTRY_VERIFY(list->hasFocus());
    QTRY_COMPARE(page->view()->id(), QStringLiteral("b-1"));
    QTest::keyClick(list, Qt::Key_Down);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("a-1"));
    QTest::keyClick(list, Qt::Key_F2);
    auto* editor = list->viewport()->findChild<QLineEdit*>();
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("Best so far"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(QString::fromStdString(engine.training.find("a-1")->name), QStringLiteral("Best so far"));
    QTest::keyClicks(page->view()->notes(), QStringLiteral("rank 32 helps"));
    QTest::keyClick(list, Qt::Key_Up); // at once: what was typed is not lost
    QTRY_COMPARE(QString::fromStdString(engine.training.find("a-1")->notes), QStringLiteral("rank 32 helps"));
    QVERIFY(engine.training.find("b-1")->notes.empty());
    QTest::keyClick(list, Qt::Key_Down);
    QTRY_COMPARE(page->view()->notes()->toPlainText(), QStringLiteral("rank 32 helps"));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Duplicate")), Qt::LeftButton);
    QTRY_VERIFY(page->form()->isVisible());
    QCOMPARE(valueAt(page->form()->config(), QStringLiteral("adapter.rank")).toInt(), 32);
    QCOMPARE(page->form()->config().value(QLatin1String("name")).toString(), QStringLiteral("Best so far, copy"));
    QTest::keyClick(page->form(), Qt::Key_Escape);
    QTRY_VERIFY(page->view()->isVisible());
    QCOMPARE(page->view()->id(), QStringLiteral("a-1")); // where one came from
    QTest::keyClick(list, Qt::Key_Delete);
    QTRY_COMPARE(program.fineTune->runs().size(), 1);
    QTRY_VERIFY(program.window->toast()->actionButton()->isVisible());
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_COMPARE(program.fineTune->runs().size(), 2);
}

void TestFineTunePage::runsAreComparedOnOnePlot()
{
    FakeEngine engine;
    engine.addChatModel();
    for (int i = 1; i <= 5; ++i)
        engine.training.addRun("r-" + std::to_string(i), "Run " + std::to_string(i), 120, api::RunEntry::State::done, 8 * i);
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Compare")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Compare")), Qt::LeftButton);
    CompareView* view = page->comparison();
    QTRY_VERIFY(view->isVisible());
    QTRY_COMPARE(view->plot()->series().size(), 2);
    for (const char* id : {"r-3", "r-2"})
        QTest::mouseClick(view->chip(QString::fromLatin1(id)), Qt::LeftButton);
    QTRY_COMPARE(view->plot()->series().size(), 4);
    QVERIFY(!view->chip(QStringLiteral("r-1"))->isEnabled()); // four at most
    QSet<std::pair<int, int>> looks;
    for (const widgets::PlotSeries& series : view->plot()->series())
        looks.insert({series.color, series.dash});
    QCOMPARE(looks.size(), 4); // each is told apart
    QStringList heads;
    for (int row = 0; row < view->table()->rowCount(); ++row)
        heads << view->table()->verticalHeaderItem(row)->text();
    QVERIFY2(heads.contains(QStringLiteral("Rank")), qPrintable(heads.join(QStringLiteral(", "))));
    QVERIFY(!heads.contains(QStringLiteral("Alpha"))); // the same in all
    QCOMPARE(view->table()->item(int(heads.indexOf(QStringLiteral("Rank"))), 0)->text(), QStringLiteral("40"));
    QTest::mouseClick(view->chip(QStringLiteral("r-2")), Qt::LeftButton);
    QTRY_COMPARE(view->plot()->series().size(), 3);
    QVERIFY(view->chip(QStringLiteral("r-1"))->isEnabled());
    QTest::keyClick(view, Qt::Key_Escape);
    QTRY_VERIFY(page->view()->isVisible());
}

void TestFineTunePage::theNextStartShowsTheRuns()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    {
        Program program(engine);
        FineTunePage* page = openPage(program);
        QVERIFY(page);
        program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}});
        QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1")).value_or(RunRow()).step, 3);
        program.window->close();
    } // the service waits for the run to write its checkpoint
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_COMPARE(page->view()->id(), QStringLiteral("run-1"));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Resume")));
    QTRY_COMPARE(page->view()->plots()->loss()->series().value(1).points.size(), 3);
}

void TestFineTunePage::aRunThatWentOnBehindTheFormIsUpToDate()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    engine.training.perStep = std::chrono::milliseconds(300);
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("one")}}));
    QTRY_COMPARE(page->view()->id(), QStringLiteral("run-1"));
    page->newRun();
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1"))->step, 3);
    QTest::qWait(250); // no more is coming
    QTest::keyClick(page->form(), Qt::Key_Escape);
    QTRY_VERIFY(page->view()->isVisible());
    QCOMPARE(page->view()->progress()->value(), 250);
}

void TestFineTunePage::pictures_data()
{
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QString>("language");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light") << false << "en" << QSize(1280, 800);
    QTest::newRow("dark") << true << "en" << QSize(1280, 800);
    QTest::newRow("chinese") << false << "zh_CN" << QSize(1280, 800);
    QTest::newRow("wide") << true << "zh_CN" << QSize(1920, 1080);
}

void TestFineTunePage::pictures()
{
    if (qEnvironmentVariableIsEmpty("SWITCHYARD_SHOTS"))
        QSKIP("set SWITCHYARD_SHOTS to a folder to get pictures of the page");
    QFETCH(bool, dark);
    QFETCH(QString, language);
    QFETCH(QSize, size);
    m_around->language.set(language);
    m_around->theme.setMode(dark ? widgets::ThemeMode::Dark : widgets::ThemeMode::Light);
    const QString prefix = QStringLiteral("tune-") + QString::fromLatin1(QTest::currentDataTag()) + QLatin1Char('-');
    FakeEngine engine;
    engine.addChatModel();
    {
        Program program(engine);
        QVERIFY(openPage(program, size));
        keep(program, prefix + QStringLiteral("empty"));
    }
    engine.training.addRun("c-1", "Ferry desk, rank 8", 200, api::RunEntry::State::done, 8);
    engine.training.addRun("b-1", "Ferry desk, rank 32", 240, api::RunEntry::State::done, 32);
    engine.training.addRun("a-1", "渡轮问答", 160, api::RunEntry::State::interrupted);
    engine.training.nSteps = 300;
    engine.training.perStep = std::chrono::milliseconds(4);
    Program program(engine);
    FineTunePage* page = openPage(program, size);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/home/anna/data/ferry-questions.jsonl")});
    QTRY_VERIFY(page->form()->startButton()->isEnabled());
    keep(program, prefix + QStringLiteral("form"));
    QTest::mouseClick(page->form()->advancedButton(), Qt::LeftButton);
    QTest::qWait(50);
    keep(program, prefix + QStringLiteral("form-advanced"));
    page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("Ferry desk, rank 16")}, {QStringLiteral("model"), QStringLiteral("tiny")}}));
    program.fineTune->start({{QStringLiteral("name"), QStringLiteral("Ferry desk, three epochs")}, {QStringLiteral("model"), QStringLiteral("tiny")}});
    QTRY_VERIFY(program.fineTune->run(QStringLiteral("run-1")) && program.fineTune->run(QStringLiteral("run-1"))->step > 150);
    keep(program, prefix + QStringLiteral("running"));
    page->view()->tabs()->setCurrentIndex(2);
    keep(program, prefix + QStringLiteral("samples"));
    page->view()->tabs()->setCurrentIndex(4);
    keep(program, prefix + QStringLiteral("log"));
    page->openRun(QStringLiteral("b-1"));
    QTest::qWait(100);
    keep(program, prefix + QStringLiteral("finished"));
    page->comparison()->setFirst(QStringLiteral("b-1"));
    emit page->view()->compareRequested(QStringLiteral("b-1"));
    QTest::qWait(150);
    QTest::mouseClick(page->comparison()->chip(QStringLiteral("a-1")), Qt::LeftButton);
    QTest::qWait(150);
    keep(program, prefix + QStringLiteral("compare"));
    program.fineTune->stop(FineTuneService::Ending::Pause);
}

QTEST_MAIN(TestFineTunePage)
#include "tst_finetune_page.moc"
