// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Fine-tune page in the whole window over a fake engine, driven with keys and the mouse.
#include "app/pages/finetune/adapter_view.h"
#include "app/pages/finetune/checkpoint_list.h"
#include "app/pages/finetune/column_mapping.h"
#include "app/pages/finetune/compare_view.h"
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/finetune/pattern_table.h"
#include "app/pages/finetune/plan_panel.h"
#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_plots.h"
#include "app/pages/finetune/run_view.h"
#include "app/services/fine_tune_service.h"
#include "tests/app/window_program.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/state_panel.h"
#include "widgets/parts/toast.h"
#include "widgets/plots/plot_view.h"
#include "widgets/training/run_list.h"
#include "widgets/training/token_preview.h"

#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QMenu>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QSet>
#include <QSignalSpy>
#include <QTabBar>
#include <QTabWidget>
#include <QTableWidget>
#include <QTextEdit>
#include <QTimer>
#include <QToolButton>
#include <QTreeWidget>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

FineTunePage* pageOf(Program& program)
{
    return qobject_cast<FineTunePage*>(program.window->page(QStringLiteral("finetune")));
}

/// Opens the program at the page, with a model loaded.
FineTunePage* openPage(Program& program, QSize size = {1280, 800})
{
    program.open(size);
    if (!QTest::qWaitFor([&] { return program.models->model() && program.fineTune->isListed() && !program.fineTune->defaults().isEmpty(); }))
        return nullptr;
    QTest::keyClick(program.window.get(), Qt::Key_3, Qt::ControlModifier);
    return QTest::qWaitFor([&] { return pageOf(program)->isVisible(); }) ? pageOf(program) : nullptr;
}

void drop(QWidget* on, const QStringList& paths)
{
    QMimeData data;
    QList<QUrl> urls;
    for (const QString& path : paths)
        urls << QUrl::fromLocalFile(path);
    data.setUrls(urls);
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(on, &enter);
    QDropEvent event(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(on, &event);
}

/// What a number is changed to with the keyboard.
void type(QWidget* control, const QString& text)
{
    auto* edit = control->findChild<QLineEdit*>();
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, text);
    QTest::keyClick(edit, Qt::Key_Tab);
}

/// Chooses an entry of a button's menu with the keyboard.
void choose(QPushButton* button, const QString& text)
{
    QTimer::singleShot(0, button, [button, text] { // the menu takes all events until it closes
        QMenu* menu = button->menu();
        for (int i = 0; i < 10 && (!menu->activeAction() || menu->activeAction()->text() != text); ++i)
            QTest::keyClick(menu, Qt::Key_Down);
        QTest::keyClick(menu, menu->activeAction() && menu->activeAction()->text() == text ? Qt::Key_Return : Qt::Key_Escape);
    });
    button->setFocus();
    QTest::keyClick(button, Qt::Key_Space);
}

/// Pastes a path into the file dialog that has opened, and Enter.
bool answerFileDialog(QWidget* in, const QString& path)
{
    QFileDialog* dialog = nullptr;
    const bool isOpen = QTest::qWaitFor([&] {
        dialog = in->findChild<QFileDialog*>();
        return dialog && dialog->isVisible();
    });
    if (!isOpen)
        return false;
    auto* edit = dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"));
    edit->setFocus();
    edit->selectAll();
    QApplication::clipboard()->setText(path); // letter by letter the dialog chooses folders on the way
    QTest::keyClick(edit, Qt::Key_V, Qt::ControlModifier);
    QTest::keyClick(edit, Qt::Key_Return);
    return QTest::qWaitFor([&] { return !in->findChild<QFileDialog*>(); });
}

/// Chooses an entry of a combo box with the keyboard.
void chooseIn(QComboBox* box, const QString& text)
{
    box->setFocus();
    QTest::keyClick(box, Qt::Key_Home);
    for (int i = 0; i < box->count() && box->currentText() != text; ++i)
        QTest::keyClick(box, Qt::Key_Down);
}

QJsonObject firstFileOf(const std::string& config)
{
    return QJsonDocument::fromJson(QByteArray::fromStdString(config)).object().value(QLatin1String("data")).toArray().at(0).toObject();
}

QString settingOf(const std::string& config, const char* path)
{
    const QJsonValue value = valueAt(QJsonDocument::fromJson(QByteArray::fromStdString(config)).object(), QString::fromLatin1(path));
    return value.isDouble() ? QString::number(value.toDouble()) : value.toString();
}

} // namespace

class TestFineTunePage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void anEmptyPageSaysWhatItIsForAndHasOneButton();
    void aRunGoesFromTheFormToTheChat();
    void theCountFollowsWhatIsTyped();
    void whatDoesNotFitIsRefusedWithARemedy();
    void badDataIsToldInTheForm();
    void theCommandCanBeCopied();
    void aConfigurationThatIsDroppedFillsTheForm();
    void pauseAndResume();
    void discardCanBeUndone();
    void aSecondRunWaits();
    void anInterruptedRunOffersResume();
    void aFailedRunSaysWhatToDo();
    void runsAreRenamedNotedDuplicatedAndDeleted();
    void runsAreComparedOnOnePlot();
    void theNextStartShowsTheRuns();
    void aRunThatWentOnBehindTheFormIsUpToDate();
    void anAdapterIsExportedBothWays();
    void adaptersAreImportedRenamedDeletedAndBroughtBack();
    void anAdapterThatIsNoneIsRefusedWithARemedy();
    void droppedAdaptersAreImportedAndExamplesFillTheForm();
    void theFirstAdapterComesIntoAnEmptyPage();
    void anEarlierCheckpointIsUsedInsteadOfTheLast();
    void checkpointsOfARunningRunCanOnlyBeSeen();
    void columnsWithNamesOfTheirOwnAreMapped();
    void aMappingOfAnOldRunIsShown();
    void knownColumnsCanBeMappedAllTheSame();
    void matricesGetRanksAndAlphasOfTheirOwn();
    void theTimeIsMeasuredOnRequest();
    void anEarlierRunTellsTheTimeRoughly();
    void measuringEndsWhenSettingsChangeOrARunBegins();
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
    drop(form, {QStringLiteral("/data/rows.jsonl")});
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

void TestFineTunePage::theCountFollowsWhatIsTyped()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    drop(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(engine.training.planned.size(), 1u);
    type(form->control("adapter.rank"), QStringLiteral("64"));
    type(form->control("optimizer.learningRate"), QStringLiteral("1e-5"));
    QVERIFY(!form->startButton()->isEnabled()); // not before it is known whether it fits
    QTRY_VERIFY(form->startButton()->isEnabled());
    QVERIFY(engine.training.planned.size() < 5u); // several keys at once
    QCOMPARE(settingOf(engine.training.planned.back(), "adapter.rank"), QStringLiteral("64"));
    QCOMPARE(settingOf(engine.training.planned.back(), "optimizer.learningRate"), QStringLiteral("1e-05"));
    QTest::keyClick(form->control("optimizer.learningRate"), Qt::Key_Up); // rates go by factors
    QVERIFY(form->command()->toPlainText().contains(QStringLiteral("--learning-rate 2e-05")));
    QVERIFY(!form->control("optimizer.schedule")->isVisible());
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    QVERIFY(form->control("optimizer.schedule")->isVisible());
    for (const RunField& field : runFields())
        if (QWidget* control = form->control(field.path)) {
            QVERIFY2(!control->accessibleName().isEmpty() && !control->toolTip().isEmpty(), field.path);
            QVERIFY2(field.kind == RunField::Kind::Lines || control->toolTip().contains(QStringLiteral("Default")), field.path);
        }
    QVERIFY(!form->control("adapter.dropout")); // not in this engine
}

void TestFineTunePage::whatDoesNotFitIsRefusedWithARemedy()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.plan.peakBytes = 20'000'000'000;
    engine.training.plan.activationBytes = 17'000'000'000;
    engine.training.plan.changes = {{"batch.contextLength", "512", 7'000'000'000}, {"activationCheckpointing", "true", 6'000'000'000}};
    engine.training.plan.personalData = {{"mail", 3}, {"phone", 0}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    drop(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(page->form()->planPanel()->notice()->title(), QStringLiteral("Does not fit into memory"));
    QVERIFY(!page->form()->startButton()->isEnabled());
    const QString remedy = PlanPanel::refusal(engine.training.plan).remedy;
    QVERIFY2(remedy.contains(QStringLiteral("Context length: 512 (7.0 GB)")) && remedy.contains(QStringLiteral("Save memory: yes")), qPrintable(remedy));
    QCOMPARE(page->form()->planPanel()->facts()->valueOf(QStringLiteral("Looks personal")), QStringLiteral("mail addresses: 3"));
    keep(program, QStringLiteral("tune-too-large"));
    api::FineTunePlan nothing = engine.training.plan;
    nothing.texts = nothing.trainedTokens = 0;
    QVERIFY(PlanPanel::refusal(nothing).title.contains(QStringLiteral("nothing to train")));
    QVERIFY(PlanPanel::refusal(FakeTraining::standardPlan()).title.isEmpty());
}

void TestFineTunePage::badDataIsToldInTheForm()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.beforePlan = [] { throw BadFile("/data/rows.jsonl", "row 3 has no messages"); };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    drop(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(page->form()->planPanel()->notice()->title().contains(QStringLiteral("rows.jsonl")));
    QVERIFY(!page->form()->startButton()->isEnabled());
    engine.training.beforePlan = {};
    engine.training.beforeTraining = [] { throw StorageFailure("/data", "making the run", "no space left"); }; // between count and start
    type(page->form()->control("epochs"), QStringLiteral("2"));
    QTRY_VERIFY(page->form()->startButton()->isEnabled());
    QTest::mouseClick(page->form()->startButton(), Qt::LeftButton);
    QTRY_VERIFY(page->form()->isVisible() && program.fineTune->runs().isEmpty());
    QCOMPARE(page->form()->dataList()->count(), 1); // what was typed is still there
    QCOMPARE(valueAt(page->form()->config(), QStringLiteral("epochs")).toInt(), 2);
}

void TestFineTunePage::theCommandCanBeCopied()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    drop(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QPushButton* copy = buttonWith(page, QStringLiteral("Copy the command"));
    QVERIFY(copy);
    QTest::mouseClick(copy, Qt::LeftButton);
    QVERIFY2(QApplication::clipboard()->text().contains(QStringLiteral("--examples /data/rows.jsonl")), qPrintable(QApplication::clipboard()->text()));
}

void TestFineTunePage::aConfigurationThatIsDroppedFillsTheForm()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    QFile file(program.dir.filePath(QStringLiteral("kept.json")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"({"name": "kept", "model": "/models/tiny.gguf", "data": [{"path": "/data/a.jsonl", "format": "alpaca"}], "adapter": {"rank": 8, "targets": ["blk.0.*"]}, "maxSteps": 5, "custom": 1})");
    file.close();
    drop(page->form(), {file.fileName()});
    const QJsonObject config = page->form()->config();
    QCOMPARE(config.value(QLatin1String("name")).toString(), QStringLiteral("kept"));
    QCOMPARE(config.value(QLatin1String("model")).toString(), QStringLiteral("tiny")); // the imported model of that path
    QCOMPARE(valueAt(config, QStringLiteral("adapter.rank")).toInt(), 8);
    QCOMPARE(valueAt(config, QStringLiteral("adapter.targets")).toArray().size(), 1); // what no control can say is kept as it is
    QCOMPARE(valueAt(config, QStringLiteral("maxSteps")).toInt(), 5);
    QCOMPARE(config.value(QLatin1String("custom")).toInt(), 1);
    QCOMPARE(config.value(QLatin1String("data")).toArray()[0].toObject().value(QLatin1String("format")).toString(), QStringLiteral("alpaca"));
    QVERIFY(valueAt(config, QStringLiteral("seed")).toInt() == 3407);
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
    drop(page->form(), {QStringLiteral("/data/rows.jsonl")});
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

void TestFineTunePage::anAdapterIsExportedBothWays()
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

void TestFineTunePage::adaptersAreImportedRenamedDeletedAndBroughtBack()
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

void TestFineTunePage::anAdapterThatIsNoneIsRefusedWithARemedy()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.beforeAdapter = [] { throw BadFile("/tmp/model.gguf", "is no LoRA adapter: general.type and adapter.type say otherwise"); };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    drop(page, {QStringLiteral("/tmp/model.gguf")});
    QTRY_VERIFY(textsOf(program.window->toast()).contains(QStringLiteral("o LoRA adapter")));
    QVERIFY(textsOf(program.window->toast()).contains(QStringLiteral("choose another one")));
    QVERIFY(page->view()->isVisible());
    QCOMPARE(page->list()->view()->model()->rowCount(), 1);
}

void TestFineTunePage::droppedAdaptersAreImportedAndExamplesFillTheForm()
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
    drop(page, {folder, QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(engine.adapters.size(), 1u);
    QTRY_COMPARE(page->list()->view()->model()->rowCount(), 2);
    QVERIFY(page->form()->isVisible()); // and stays: it is being filled in
    QCOMPARE(page->form()->dataList()->count(), 1);
}

void TestFineTunePage::theFirstAdapterComesIntoAnEmptyPage()
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

void TestFineTunePage::anEarlierCheckpointIsUsedInsteadOfTheLast()
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

void TestFineTunePage::checkpointsOfARunningRunCanOnlyBeSeen()
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

void TestFineTunePage::columnsWithNamesOfTheirOwnAreMapped()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/faq.csv"] = {"", {"Antwort", "Frage", "Nr"}, {{"At noon.", "When?", "1"}, {"At the pier.", "Where?", "2"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    drop(form, {QStringLiteral("/data/faq.csv")});
    QTRY_VERIFY(form->mapping()->isVisible());
    QVERIFY(!form->columnsButton()->isEnabled()); // it has to be said
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("Frage")); // guessed
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("completion"))->currentText(), QStringLiteral("Antwort"));
    QVERIFY2(form->mapping()->preview()->toPlainText().startsWith(QStringLiteral("Question: When?\nAnswer: At noon.\n\nQuestion: Where?")), qPrintable(form->mapping()->preview()->toPlainText()));
    for (const auto* box : form->mapping()->findChildren<QComboBox*>())
        QVERIFY(!box->accessibleName().isEmpty());
    QTRY_VERIFY(form->startButton()->isEnabled());
    QJsonObject file = firstFileOf(engine.training.planned.back());
    QCOMPARE(file.value(QLatin1String("format")).toString(), QStringLiteral("prompt-completion"));
    QCOMPARE(file.value(QLatin1String("mapping")).toObject(), QJsonObject({{QStringLiteral("prompt"), QStringLiteral("Frage")}, {QStringLiteral("completion"), QStringLiteral("Antwort")}}));
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("\"prompt\": \"Frage\"")), qPrintable(form->command()->toPlainText())); // no option says it
    keep(program, QStringLiteral("tune-mapping"));

    // The count and what is shown follow what is chosen.
    const size_t nPlanned = engine.training.planned.size();
    chooseIn(form->mapping()->columnBox(QStringLiteral("completion")), QStringLiteral("Nr"));
    QCOMPARE(form->mapping()->preview()->toPlainText().section(QLatin1Char('\n'), 1, 1), QStringLiteral("Answer: 1"));
    QTRY_VERIFY(engine.training.planned.size() > nPlanned);
    QCOMPARE(firstFileOf(engine.training.planned.back()).value(QLatin1String("mapping")).toObject().value(QLatin1String("completion")).toString(), QStringLiteral("Nr"));
    chooseIn(form->mapping()->formBox(), QStringLiteral("A text"));
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("text"))->currentText(), QStringLiteral("Antwort"));
    QVERIFY(!form->mapping()->columnBox(QStringLiteral("prompt")));
    chooseIn(form->mapping()->formBox(), QStringLiteral("An instruction, perhaps with an input, and its answer"));
    QComboBox* input = form->mapping()->columnBox(QStringLiteral("input"));
    QCOMPARE(input->currentText(), QStringLiteral("(none)")); // may be left out
    chooseIn(input, QStringLiteral("Nr"));
    QTRY_VERIFY(form->startButton()->isEnabled());
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_COMPARE(program.fineTune->runs().value(0).state, RunState::Done);
    file = firstFileOf(engine.training.configs["run-1"]);
    QCOMPARE(file.value(QLatin1String("format")).toString(), QStringLiteral("alpaca"));
    QCOMPARE(file.value(QLatin1String("mapping")).toObject().value(QLatin1String("input")).toString(), QStringLiteral("Nr"));
}

void TestFineTunePage::aMappingOfAnOldRunIsShown()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/faq.csv"] = {"", {"A", "B"}, {{"a", "b"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    const QJsonObject mapping{{QStringLiteral("prompt"), QStringLiteral("B")}, {QStringLiteral("completion"), QStringLiteral("A")}};
    page->form()->setConfig({{QStringLiteral("data"), QJsonArray{QJsonObject{{QStringLiteral("path"), QStringLiteral("/data/faq.csv")}, {QStringLiteral("format"), QStringLiteral("prompt-completion")}, {QStringLiteral("mapping"), mapping}}}}});
    QTRY_VERIFY(page->form()->mapping()->isVisible());
    QCOMPARE(page->form()->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("B"));
    QCOMPARE(page->form()->config().value(QLatin1String("data")).toArray().at(0).toObject().value(QLatin1String("mapping")).toObject(), mapping);
    page->newRun();
    QTRY_VERIFY(!page->form()->mapping()->isVisible());
}

void TestFineTunePage::knownColumnsCanBeMappedAllTheSame()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/a.jsonl"] = {"prompt-completion", {"completion", "prompt"}, {{"yes", "well?"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    drop(form, {QStringLiteral("/data/a.jsonl")});
    QTRY_VERIFY(form->columnsButton()->isEnabled());
    QVERIFY(!form->mapping()->isVisible());
    QVERIFY(!firstFileOf(QJsonDocument(form->config()).toJson().toStdString()).contains(QLatin1String("mapping")));
    QTest::mouseClick(form->columnsButton(), Qt::LeftButton);
    QVERIFY(form->mapping()->isVisible());
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("prompt"));
    chooseIn(form->mapping()->columnBox(QStringLiteral("prompt")), QStringLiteral("completion"));
    chooseIn(form->mapping()->columnBox(QStringLiteral("completion")), QStringLiteral("prompt"));
    const QJsonObject mapping = firstFileOf(QJsonDocument(form->config()).toJson().toStdString()).value(QLatin1String("mapping")).toObject();
    QCOMPARE(mapping.value(QLatin1String("prompt")).toString(), QStringLiteral("completion"));
    QCOMPARE(mapping.value(QLatin1String("completion")).toString(), QStringLiteral("prompt"));
}

void TestFineTunePage::matricesGetRanksAndAlphasOfTheirOwn()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    drop(form, {QStringLiteral("/data/rows.jsonl")});
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    PatternTable* patterns = form->patterns();
    QVERIFY(patterns && patterns->addButton()->isVisible());
    const auto typeInto = [&](int column, const QString& text) {
        patterns->table()->setFocus();
        patterns->table()->setCurrentCell(patterns->table()->rowCount() - 1, column);
        QTest::keyClick(patterns->table(), Qt::Key_F2);
        auto* editor = patterns->table()->viewport()->findChild<QLineEdit*>();
        editor->selectAll();
        QTest::keyClicks(editor, text);
        QTest::keyClick(editor, Qt::Key_Return);
        QTest::qWait(1); // the editor goes in a turn of its own
    };
    QTest::mouseClick(patterns->addButton(), Qt::LeftButton);
    auto* first = patterns->table()->viewport()->findChild<QLineEdit*>();
    QVERIFY(first && first->hasFocus()); // one types on
    QTest::keyClicks(first, QStringLiteral("*attn_q"));
    QTest::keyClick(first, Qt::Key_Return);
    QTest::qWait(1);
    typeInto(1, QStringLiteral("64"));
    typeInto(2, QStringLiteral("12.5"));
    QTest::keyClick(patterns->addButton(), Qt::Key_Space);
    QTest::keyClicks(patterns->table()->viewport()->findChild<QLineEdit*>(), QStringLiteral("blk.0.*"));
    QTest::keyClick(patterns->table()->viewport()->findChild<QLineEdit*>(), Qt::Key_Return);
    QTest::qWait(1);
    typeInto(1, QStringLiteral("many")); // no number: nothing changes
    typeInto(2, QStringLiteral("8"));
    const QJsonObject ranks{{QStringLiteral("*attn_q"), 64}}, alphas{{QStringLiteral("*attn_q"), 12.5}, {QStringLiteral("blk.0.*"), 8}};
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.rankPattern")).toObject(), ranks);
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.alphaPattern")).toObject(), alphas);
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("\"blk.0.*\": 8")), qPrintable(form->command()->toPlainText()));
    keep(program, QStringLiteral("tune-patterns"));
    QTRY_VERIFY(form->startButton()->isEnabled());
    const QJsonObject kept = form->config();
    QTest::mouseClick(patterns->removeButton(), Qt::LeftButton);
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.alphaPattern")).toObject().size(), 1);
    page->newRun();
    QVERIFY(patterns->ranks().isEmpty());
    form->setConfig(kept);
    QCOMPARE(patterns->ranks(), ranks);
    QCOMPARE(patterns->alphas(), alphas);
}

void TestFineTunePage::theTimeIsMeasuredOnRequest()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    const auto time = [&] { return form->planPanel()->facts()->valueOf(QStringLiteral("Time")); };
    drop(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(time(), QStringLiteral("not known before a step is measured"));
    QPushButton* measure = form->planPanel()->measureButton();
    QTRY_VERIFY(measure->isEnabled());
    std::atomic<bool> isHeld = true;
    engine.training.inMeasure = [&](std::stop_token) {
        while (isHeld)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    QTest::mouseClick(measure, Qt::LeftButton);
    QCOMPARE(time(), QStringLiteral("measuring a step…"));
    QCOMPARE(measure->text(), QStringLiteral("Stop measuring"));
    QVERIFY(form->startButton()->isEnabled()); // it need not be waited for
    isHeld = false;
    QTRY_COMPARE(time(), QStringLiteral("about 12 min 34 s, measured: 46 tokens per second"));
    QCOMPARE(measure->text(), QStringLiteral("Measure the time"));
    // Another name changes nothing; another rank makes an estimate of it.
    QTest::keyClicks(form->findChild<QLineEdit*>(), QStringLiteral("x"));
    QTRY_VERIFY(time().contains(QStringLiteral("measured: 46")));
    type(form->control("adapter.rank"), QStringLiteral("64"));
    QTRY_VERIFY2(time().contains(QStringLiteral("an estimate from the step that was measured")), qPrintable(time()));
    QTRY_VERIFY(measure->isEnabled());
    engine.training.inMeasure = [](std::stop_token) { throw OutOfMemory("cpu", 4'000'000'000, 1'000'000'000); };
    QTest::keyClick(measure, Qt::Key_Space);
    const auto isSaid = [&] {
        for (auto* notice : form->findChildren<widgets::Notice*>())
            if (notice->isVisible() && notice->title().contains(QStringLiteral("Not enough memory")))
                return true;
        return false;
    };
    QTRY_VERIFY(isSaid());
    QVERIFY(!program.fineTune->isMeasuring());
}

void TestFineTunePage::anEarlierRunTellsTheTimeRoughly()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("other-1", "Other model", 20);
    engine.training.addRun("a-1", "By its path", 20);
    engine.training.find("other-1")->model = "/models/other.gguf";
    engine.training.find("a-1")->model = "/models/tiny.gguf";
    engine.training.addRun("other-2", "Newest", 20);
    engine.training.find("other-2")->model = "/models/other.gguf";
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    drop(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(page->form()->planPanel()->facts()->valueOf(QStringLiteral("Time")), QStringLiteral("about 8 min 3 s, an estimate: as fast as “By its path”"));
}

void TestFineTunePage::measuringEndsWhenSettingsChangeOrARunBegins()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    std::atomic<int> nStopped = 0;
    engine.training.inMeasure = [&](std::stop_token stop) {
        while (!stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++nStopped;
        throw Cancelled();
    };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    drop(form, {QStringLiteral("/data/rows.jsonl")});
    QPushButton* measure = form->planPanel()->measureButton();
    QTRY_VERIFY(measure->isVisible() && measure->isEnabled());
    QTest::mouseClick(measure, Qt::LeftButton);
    QVERIFY(program.fineTune->isMeasuring());
    QTest::mouseClick(measure, Qt::LeftButton); // stop
    QVERIFY(!program.fineTune->isMeasuring());
    QTRY_COMPARE(nStopped.load(), 1);
    QTest::mouseClick(measure, Qt::LeftButton);
    type(form->control("epochs"), QStringLiteral("2"));
    QVERIFY(!program.fineTune->isMeasuring());
    QTRY_COMPARE(nStopped.load(), 2);
    QTRY_VERIFY(measure->isEnabled());
    QTest::mouseClick(measure, Qt::LeftButton);
    QTRY_VERIFY(form->startButton()->isEnabled());
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_COMPARE(nStopped.load(), 3);
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1")).value_or(RunRow()).step, 3);
    page->newRun();
    drop(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(form->startButton()->isEnabled());
    QVERIFY(!measure->isEnabled() && !measure->toolTip().isEmpty()); // a step beside a run would tell nothing
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
    drop(page->form(), {QStringLiteral("/home/anna/data/ferry-questions.jsonl")});
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
