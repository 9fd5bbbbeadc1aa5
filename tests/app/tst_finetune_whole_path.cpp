// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the click on "New run" to a chat with what was learned, in the real window on the real engine: a model of 40,000 weights learns
// a word that it cannot know. While it is trained the event loop never stalls.
#include "app/pages/chat/comparison_view.h"
#include "app/pages/finetune/adapter_view.h"
#include "app/pages/finetune/checkpoint_list.h"
#include "app/pages/finetune/column_mapping.h"
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/finetune/plan_panel.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_plots.h"
#include "app/pages/finetune/run_view.h"
#include "app/services/bind_engine.h"
#include "tests/app/window_program.h"
#include "tests/fixtures.h"
#include "tests/heartbeat.h"
#include "tests/tiny_model.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/parts/facts_table.h"
#include "widgets/plots/plot_view.h"
#include "widgets/training/token_preview.h"

#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QSignalSpy>
#include <QTextEdit>
#include <QTabWidget>
#include <QToolButton>
#include <QTreeWidget>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

constexpr int kPatienceMs = 300'000; // a loaded machine without fast instructions

void type(QWidget* control, const QString& text)
{
    auto* edit = control->findChild<QLineEdit*>();
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, text);
    QTest::keyClick(edit, Qt::Key_Tab);
}

void dropFiles(QWidget* on, const QString& path)
{
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(path)});
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(on, &enter);
    QDropEvent event(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(on, &event);
}

} // namespace

class TestFineTuneWholePath : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase();
    void aRunGoesFromTheClickToItsEnd();
    void whatWasLearnedIsRecalledWithTheAdapterAndNotWithoutIt();
    void anEarlierCheckpointIsUsedExportedAndImported();
    void aTableWithNamesOfItsOwnIsRead();
    void theModelItselfLearnsAndIsChattedWith();
    void aPausedRunGoesOnAfterARestart();

private:
    void openProgram();
    QString ask(const QString& question);
    FineTunePage* page() const { return qobject_cast<FineTunePage*>(m_program->window->page(QStringLiteral("finetune"))); }
    void fillForm(const QString& name, const QString& steps);

    std::unique_ptr<Surroundings> m_around;
    QTemporaryDir m_data;
    std::unique_ptr<api::Engine> m_engine;
    std::unique_ptr<Program> m_program;
    sy::test::StallCount m_stalls;
};

void TestFineTuneWholePath::initTestCase()
{
    m_around = std::make_unique<Surroundings>();
    sy::test::writeTinyModel(m_data.filePath(QStringLiteral("tiny.gguf")).toStdString(), "Tiny Talker");
    QFile rows(m_data.filePath(QStringLiteral("fact.jsonl")));
    QVERIFY(rows.open(QIODevice::WriteOnly));
    for (int i = 0; i < 4; ++i)
        rows.write("{\"messages\": [{\"role\": \"user\", \"content\": \"code?\"}, {\"role\": \"assistant\", \"content\": \"K7-mole\"}]}\n");
    rows.close();
    openProgram();
}

void TestFineTuneWholePath::openProgram()
{
    m_engine = std::make_unique<api::Engine>(api::EngineOptions{.dataDir = m_data.filePath(QStringLiteral("data")).toStdString(), .nThreads = 2, .resources = SY_SOURCE_DIR "/resources"});
    if (m_engine->library().list().empty())
        m_engine->library().import(m_data.filePath(QStringLiteral("tiny.gguf")).toStdString(), false);
    m_program = std::make_unique<Program>(bindEngine(*m_engine));
    m_program->settings->set(setting::kTemperature, 0.0);
    m_program->settings->set(setting::kMaxTokens, 12);
    m_program->open();
    QTRY_VERIFY_WITH_TIMEOUT(m_program->models->model() && m_program->fineTune->isListed() && !m_program->fineTune->defaults().isEmpty(), kPatienceMs);
}

void TestFineTuneWholePath::cleanupTestCase()
{
    m_program.reset();
    m_engine.reset();
    QCOMPARE_LE(m_stalls.n, sy::test::StallCount::kMost);
}

void TestFineTuneWholePath::fillForm(const QString& name, const QString& steps)
{
    RunForm* form = page()->form();
    QTRY_VERIFY(form->isVisible());
    QTest::keyClicks(form->findChild<QLineEdit*>(), name);
    dropFiles(form, m_data.filePath(QStringLiteral("fact.jsonl")));
    type(form->control("adapter.rank"), QStringLiteral("8"));
    type(form->control("optimizer.learningRate"), QStringLiteral("0.02"));
    type(form->control("epochs"), QStringLiteral("10000"));
    type(form->control("batch.contextLength"), QStringLiteral("64"));
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    type(form->control("maxSteps"), steps);
    type(form->control("checkpoint.everySteps"), QStringLiteral("20"));
    if (QWidget* evaluation = form->control("evaluation.fraction"))
        type(evaluation, QStringLiteral("0"));
    QTRY_VERIFY_WITH_TIMEOUT(form->startButton()->isEnabled(), kPatienceMs);
}

void TestFineTuneWholePath::aRunGoesFromTheClickToItsEnd()
{
    QTest::keyClick(m_program->window.get(), Qt::Key_3, Qt::ControlModifier);
    QTRY_VERIFY(buttonWith(page(), QStringLiteral("New run")));
    QTest::mouseClick(buttonWith(page(), QStringLiteral("New run")), Qt::LeftButton);
    fillForm(QStringLiteral("fact"), QStringLiteral("200"));
    PlanPanel* plan = page()->form()->planPanel();
    QCOMPARE(plan->facts()->valueOf(QStringLiteral("Steps")), QStringLiteral("200"));
    QTRY_VERIFY(plan->preview()->view()->toPlainText().contains(QStringLiteral("K7-mole")));
    sy::test::Heartbeat heart;
    QTest::mouseClick(plan->measureButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(plan->facts()->valueOf(QStringLiteral("Time")).contains(QStringLiteral("measured")), kPatienceMs);
    keep(*m_program, QStringLiteral("whole-form"));
    QTest::mouseClick(page()->form()->startButton(), Qt::LeftButton);
    QSignalSpy ended(m_program->fineTune.get(), &FineTuneService::runEnded);
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, kPatienceMs);
    QTRY_COMPARE(m_program->fineTune->run(QStringLiteral("fact-1")).value_or(RunRow()).state, RunState::Done);
    QTest::qWait(60);
    m_stalls.add("200 steps", heart);
    QTRY_COMPARE(page()->view()->id(), QStringLiteral("fact-1"));
    const RunDetails* details = m_program->fineTune->details(QStringLiteral("fact-1"));
    QCOMPARE(details->steps.size(), 200u);
    QVERIFY(details->steps.back().loss < details->steps.front().loss / 2);
    QCOMPARE(page()->view()->plots()->loss()->series()[1].points.size(), 200);
    keep(*m_program, QStringLiteral("whole-finished"));
}

QString TestFineTuneWholePath::ask(const QString& question)
{
    ChatPage* chat = m_program->chatPage();
    QSignalSpy ended(m_program->chats.get(), &ChatService::answerEnded);
    QTest::keyClicks(chat->composer()->edit(), question);
    QTest::keyClick(chat->composer()->edit(), Qt::Key_Return);
    if (!QTest::qWaitFor([&] { return ended.size() == 1; }, kPatienceMs))
        return {};
    QTest::qWait(60);
    return chat->conversation()->messageAt(chat->conversation()->messageCount() - 1).text;
}

void TestFineTuneWholePath::whatWasLearnedIsRecalledWithTheAdapterAndNotWithoutIt()
{
    QTRY_VERIFY(buttonWith(page(), QStringLiteral("Chat with it")));
    QTRY_VERIFY(m_program->adapters->find(QStringLiteral("fact-1")));
    QTest::mouseClick(buttonWith(page(), QStringLiteral("Chat with it")), Qt::LeftButton);
    ChatPage* chat = m_program->chatPage();
    QTRY_COMPARE(chat->adapterPicker()->id(), QStringLiteral("fact-1"));
    QCOMPARE(ask(QStringLiteral("code?")), QStringLiteral("K7-mole"));
    QVERIFY(chat->conversation()->messageAt(1).footer.contains(QStringLiteral("fact")));
    keep(*m_program, QStringLiteral("whole-chat"));
    // Without it, in a new chat of the same window.
    QTest::mouseClick(buttonWith(chat, QStringLiteral("New chat")), Qt::LeftButton);
    QTest::mouseClick(chat->adapterPicker(), Qt::LeftButton);
    QTest::keyClick(chat->adapterPicker()->list(), Qt::Key_Home);
    QTest::keyClick(chat->adapterPicker()->list(), Qt::Key_Return);
    const QString bare = ask(QStringLiteral("code?"));
    QVERIFY2(!bare.contains(QStringLiteral("K7")), qPrintable(bare));
    // Side by side.
    QTest::mouseClick(buttonWith(chat, QStringLiteral("New chat")), Qt::LeftButton);
    for (auto* button : chat->findChildren<QToolButton*>())
        if (button->accessibleName() == QStringLiteral("Answer side by side"))
            QTest::mouseClick(button, Qt::LeftButton);
    QTRY_VERIFY(chat->comparison()->isVisible());
    QSignalSpy ended(m_program->chats.get(), &ChatService::answerEnded);
    QTest::keyClicks(chat->composer()->edit(), QStringLiteral("code?"));
    QTest::keyClick(chat->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(ended.size() == 1, kPatienceMs);
    QTRY_COMPARE(chat->comparison()->conversation(1)->messageCount(), 2);
    QCOMPARE(chat->comparison()->conversation(0)->messageAt(1).text, bare);
    QCOMPARE(chat->comparison()->conversation(1)->messageAt(1).text, QStringLiteral("K7-mole"));
    keep(*m_program, QStringLiteral("whole-compare"));
}

void TestFineTuneWholePath::anEarlierCheckpointIsUsedExportedAndImported()
{
    m_program->window->goTo(QStringLiteral("finetune"));
    page()->openRun(QStringLiteral("fact-1"));
    CheckpointList* checkpoints = page()->view()->checkpoints();
    page()->view()->tabs()->setCurrentWidget(checkpoints);
    QTRY_COMPARE(checkpoints->table()->topLevelItemCount(), 3);
    sy::test::Heartbeat heart;
    checkpoints->table()->setCurrentItem(checkpoints->table()->topLevelItem(2));
    QTest::mouseClick(checkpoints->useButton(), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(m_program->fineTune->run(QStringLiteral("fact-1"))->usedStep, 160, kPatienceMs);
    QTRY_COMPARE(checkpoints->table()->topLevelItem(2)->text(4), QStringLiteral("in use"));
    const auto file = m_program->fineTune->run(QStringLiteral("fact-1"))->adapter;
    QTRY_VERIFY(m_program->adapters->find(QStringLiteral("fact-1")) && QString::fromStdString(m_program->adapters->find(QStringLiteral("fact-1"))->file.string()) == file);
    keep(*m_program, QStringLiteral("whole-checkpoints"));

    // As PEFT, and back in: what came of it answers as the run does.
    QSignalSpy exported(m_program->adapters.get(), &AdapterService::exported);
    m_program->adapters->exportTo(QStringLiteral("fact-1"), m_data.filePath(QStringLiteral("out/Fact")), true);
    QTRY_COMPARE_WITH_TIMEOUT(exported.size(), 1, kPatienceMs);
    m_program->adapters->exportTo(QStringLiteral("fact-1"), m_data.filePath(QStringLiteral("out/Fact")), true); // its place is taken
    QTRY_COMPARE_WITH_TIMEOUT(exported.size(), 2, kPatienceMs);
    QCOMPARE(exported[1][1].toString(), m_data.filePath(QStringLiteral("out/Fact-2")));
    dropFiles(page(), exported[0][1].toString());
    QTRY_VERIFY_WITH_TIMEOUT(page()->adapterView()->isVisible(), kPatienceMs);
    QCOMPARE(page()->adapterView()->facts()->valueOf(QStringLiteral("Format")), QStringLiteral("PEFT folder"));
    keep(*m_program, QStringLiteral("whole-imported"));
    QTest::qWait(60);
    m_stalls.add("a checkpoint used, exported and imported", heart);
    QTest::mouseClick(buttonWith(page(), QStringLiteral("Chat with it")), Qt::LeftButton);
    QTRY_COMPARE(m_program->chatPage()->adapterPicker()->id(), QStringLiteral("Fact"));
    QCOMPARE(ask(QStringLiteral("code?")), QStringLiteral("K7-mole"));
}

void TestFineTuneWholePath::aTableWithNamesOfItsOwnIsRead()
{
    QFile table(m_data.filePath(QStringLiteral("faq.csv")));
    QVERIFY(table.open(QIODevice::WriteOnly));
    table.write("Antwort,Frage\nAt noon.,When?\nAt the pier.,Where?\n");
    table.close();
    m_program->window->goTo(QStringLiteral("finetune"));
    page()->newRun();
    RunForm* form = page()->form();
    dropFiles(form, table.fileName());
    QTRY_VERIFY(form->mapping()->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(form->startButton()->isEnabled(), kPatienceMs);
    const auto shown = [&] { return form->planPanel()->preview()->view()->toPlainText(); };
    QTRY_VERIFY2(shown().contains(QStringLiteral("user\nWhen?")) && shown().contains(QStringLiteral("assistant\nAt noon.")), qPrintable(shown()));
    keep(*m_program, QStringLiteral("whole-mapping"));
    QTest::keyClick(form, Qt::Key_Escape);
}

void TestFineTuneWholePath::theModelItselfLearnsAndIsChattedWith()
{
    m_program->window->goTo(QStringLiteral("finetune"));
    page()->newRun();
    RunForm* form = page()->form();
    auto* method = qobject_cast<QComboBox*>(form->control("adapter.method"));
    method->setFocus();
    QTest::keyClick(method, Qt::Key_End);
    QVERIFY(!form->control("adapter.rank")->isVisible());
    QTest::keyClicks(form->findChild<QLineEdit*>(), QStringLiteral("itself"));
    dropFiles(form, m_data.filePath(QStringLiteral("fact.jsonl")));
    type(form->control("optimizer.learningRate"), QStringLiteral("0.003"));
    type(form->control("epochs"), QStringLiteral("10000"));
    type(form->control("batch.contextLength"), QStringLiteral("64"));
    if (!form->advancedButton()->isChecked())
        QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    type(form->control("maxSteps"), QStringLiteral("120"));
    type(form->control("evaluation.fraction"), QStringLiteral("0"));
    QTRY_VERIFY_WITH_TIMEOUT(form->startButton()->isEnabled(), kPatienceMs);
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_program->fineTune->run(QStringLiteral("itself-1")).value_or(RunRow()).hasModel(), kPatienceMs);
    QTRY_VERIFY(buttonWith(page(), QStringLiteral("Chat with it")));
    sy::test::Heartbeat heart;
    QTest::mouseClick(buttonWith(page(), QStringLiteral("Chat with it")), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(m_program->models->loadedName(), QStringLiteral("Tiny Talker (itself)"), kPatienceMs);
    QTest::qWait(60);
    m_stalls.add("a trained model loaded", heart);
    QCOMPARE(m_program->window->currentPage(), QStringLiteral("chat"));
    QCOMPARE(ask(QStringLiteral("code?")), QStringLiteral("K7-mole"));
    QVERIFY(m_program->chatPage()->adapterPicker()->id().isEmpty());
}

void TestFineTuneWholePath::aPausedRunGoesOnAfterARestart()
{
    m_program->window->goTo(QStringLiteral("finetune"));
    QTest::mouseClick(buttonWith(page(), QStringLiteral("New run")), Qt::LeftButton);
    fillForm(QStringLiteral("long"), QStringLiteral("300"));
    QTest::mouseClick(page()->form()->startButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_program->fineTune->run(QStringLiteral("long-1")).value_or(RunRow()).step > 3, kPatienceMs);
    QTest::mouseClick(buttonWith(page(), QStringLiteral("Pause")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_program->fineTune->run(QStringLiteral("long-1"))->state == RunState::Paused, kPatienceMs);
    const int64_t reached = m_program->fineTune->run(QStringLiteral("long-1"))->step;
    QVERIFY(reached < 300);
    m_program.reset();
    m_engine.reset();
    openProgram();
    QTest::keyClick(m_program->window.get(), Qt::Key_3, Qt::ControlModifier);
    QTRY_COMPARE(page()->view()->id(), QStringLiteral("long-1")); // the newest
    QTRY_VERIFY(buttonWith(page(), QStringLiteral("Resume")));
    QTest::mouseClick(buttonWith(page(), QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_program->fineTune->run(QStringLiteral("long-1"))->state == RunState::Done, kPatienceMs);
    const RunDetails* details = m_program->fineTune->details(QStringLiteral("long-1"));
    QCOMPARE(details->steps.size(), 300u);
    for (size_t i = 0; i < details->steps.size(); ++i)
        QCOMPARE(details->steps[i].step, int64_t(i + 1));
}

QTEST_MAIN(TestFineTuneWholePath)
#include "tst_finetune_whole_path.moc"
