// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/fine_tune_service.h"
#include "app/settings/settings.h"
#include "tests/app/fake_training.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <limits>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

QJsonObject named(const QString& name)
{
    return {{QStringLiteral("name"), name}, {QStringLiteral("model"), QStringLiteral("tiny")}};
}

std::vector<api::FineTuneStep> curve(const std::function<double(int)>& loss, int n)
{
    std::vector<api::FineTuneStep> steps;
    for (int i = 1; i <= n; ++i)
        steps.push_back({.step = i, .steps = n, .loss = loss(i), .gradientNorm = 1});
    return steps;
}

} // namespace

class TestFineTuneService : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void theDefaultsAndGoalsAreTheEngines();
    void onlyTheLatestPlanIsTold();
    void aRunIsTrainedAndReportsItsSteps();
    void whatIsStartedMeanwhileWaitsInOrder();
    void aPauseHoldsTheQueueAndResumesToItsEnd();
    void theTimeLeftIsThatOfTheCallThatWentOn();
    void keepingLetsTheQueueGoOn();
    void discardingRemovesTheRunAndTheUndoBringsItBack();
    void theQueueSurvivesTheProgram();
    void aFailureBeforeTheRunGivesTheSettingsBack();
    void aFailureInTheRunIsKeptWithIt();
    void theDestructorStopsTheTraining();
    void updatesAreCoalesced();
    void warningsAreSaidInWords();
    void theCommandSaysWhatDiffers();
    void settingsAreReadAndWrittenByTheirPath();

private:
    std::unique_ptr<FakeTraining> m_training;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<FineTuneService> m_service;
};

void TestFineTuneService::init()
{
    m_training = std::make_unique<FakeTraining>();
    m_dir = std::make_unique<QTemporaryDir>();
    m_settings = std::make_unique<Settings>(m_dir->filePath(QStringLiteral("settings.ini")));
    m_service = std::make_unique<FineTuneService>(m_training->functions(), *m_settings);
}

void TestFineTuneService::cleanup()
{
    m_service.reset();
}

void TestFineTuneService::theDefaultsAndGoalsAreTheEngines()
{
    QTRY_VERIFY(!m_service->defaults().isEmpty());
    QCOMPARE(valueAt(m_service->defaults(), QStringLiteral("adapter.rank")).toInt(), 16);
    QCOMPARE(m_service->objectives(), QStringList({QStringLiteral("sft"), QStringLiteral("pretrain")})); // the others were refused
}

void TestFineTuneService::onlyTheLatestPlanIsTold()
{
    std::atomic<bool> isHeld = true;
    m_training->beforePlan = [&] {
        while (isHeld)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    QSignalSpy read(m_service.get(), &FineTuneService::planRead);
    m_service->plan(named(QStringLiteral("a")));
    QTRY_COMPARE(m_training->written().size(), 1u);
    m_service->plan(named(QStringLiteral("b")));
    const quint64 last = m_service->plan(named(QStringLiteral("c")));
    isHeld = false;
    QTRY_COMPARE(read.size(), 1);
    QCOMPARE(read[0][0].toULongLong(), last);
    QTest::qWait(20);
    QCOMPARE(read.size(), 1);
}

void TestFineTuneService::aRunIsTrainedAndReportsItsSteps()
{
    QSignalSpy started(m_service.get(), &FineTuneService::runStarted), ended(m_service.get(), &FineTuneService::runEnded);
    const QString waiting = m_service->start(named(QStringLiteral("tone")));
    QVERIFY(m_service->isTraining());
    QCOMPARE(m_service->run(waiting)->state, RunState::Preparing);
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(started.size(), 1);
    QCOMPARE(started[0][0].toString(), waiting);
    const QString id = started[0][1].toString();
    QCOMPARE(ended[0][0].toString(), id);
    QVERIFY(ended[0][1].toBool());
    QCOMPARE(m_service->details(id)->steps.size(), 12u); // not one is lost, and none is there twice
    for (size_t i = 0; i < 12; ++i)
        QCOMPARE(m_service->details(id)->steps[i].step, int64_t(i + 1));
    QTRY_COMPARE(m_service->run(id)->state, RunState::Done);
    QVERIFY(m_service->run(id)->hasAdapter());
    QVERIFY(!m_service->isTraining());
}

void TestFineTuneService::whatIsStartedMeanwhileWaitsInOrder()
{
    m_training->isHeld = true;
    m_service->start(named(QStringLiteral("one")));
    QTRY_COMPARE(m_training->written().size(), 1u);
    m_service->start(named(QStringLiteral("two")));
    const QString third = m_service->start(named(QStringLiteral("three")));
    QTRY_VERIFY(m_service->runs().size() >= 3);
    QCOMPARE(m_service->runs()[0].name, QStringLiteral("two"));
    QCOMPARE(m_service->runs()[0].state, RunState::Waiting);
    QCOMPARE(m_service->runs()[1].name, QStringLiteral("three"));
    m_service->start(named(QStringLiteral("four")));
    m_service->unqueue(third);
    m_training->isHeld = false;
    QTRY_VERIFY(!m_service->isTraining() && m_training->written().size() == 3);
    QCOMPARE(m_training->written(), (std::vector<std::string>{"train one", "train two", "train four"}));
}

void TestFineTuneService::aPauseHoldsTheQueueAndResumesToItsEnd()
{
    m_training->isHeld = true;
    QSignalSpy started(m_service.get(), &FineTuneService::runStarted);
    m_service->start(named(QStringLiteral("one")));
    m_service->start(named(QStringLiteral("two")));
    QTRY_COMPARE(started.size(), 1);
    const QString id = started[0][1].toString();
    QTRY_COMPARE(m_service->run(id)->step, 3);
    m_service->stop(FineTuneService::Ending::Pause);
    QVERIFY(m_service->isStopping());
    QTRY_VERIFY(!m_service->isTraining());
    QTRY_COMPARE(m_service->run(id)->state, RunState::Paused);
    QVERIFY(m_service->run(id)->canResume());
    QVERIFY(m_service->isHeld()); // a pause is meant for the computer
    QCOMPARE(m_training->written().size(), 1u);
    m_training->isHeld = false;
    m_service->resume(id);
    QTRY_VERIFY(!m_service->isTraining());
    QCOMPARE(m_training->written()[1], std::string("resume run-1")); // before what was waiting already
    QTRY_COMPARE(m_training->written().size(), 3u);
    QTRY_COMPARE(m_service->run(id)->state, RunState::Done);
    QCOMPARE(m_service->details(id)->steps.size(), 12u);
}

void TestFineTuneService::theTimeLeftIsThatOfTheCallThatWentOn()
{
    m_training->addRun("cut-1", "Cut off", 60, api::RunEntry::State::interrupted); // 30 steps
    for (api::FineTuneStep& step : m_training->steps["cut-1"])
        step.seconds += 1000; // of a slower hour
    m_training->nSteps = 60;
    m_training->perStep = std::chrono::milliseconds(40);
    m_service->refresh();
    QTRY_VERIFY(m_service->isListed());
    m_service->resume(QStringLiteral("cut-1"));
    QTRY_VERIFY(m_service->run(QStringLiteral("cut-1"))->step > 34);
    const RunRow row = *m_service->run(QStringLiteral("cut-1"));
    QCOMPARE(row.state, RunState::Running);
    QVERIFY2(std::abs(row.secondsLeft - 2.4 * double(60 - row.step)) < 0.1, qPrintable(QString::number(row.secondsLeft))); // 2.4 s a step
}

void TestFineTuneService::keepingLetsTheQueueGoOn()
{
    m_training->isHeld = true;
    m_service->start(named(QStringLiteral("one")));
    m_service->start(named(QStringLiteral("two")));
    QTRY_COMPARE(m_training->written().size(), 1u);
    m_service->stop(FineTuneService::Ending::Keep);
    m_training->isHeld = false;
    QTRY_COMPARE(m_training->written().size(), 2u);
}

void TestFineTuneService::discardingRemovesTheRunAndTheUndoBringsItBack()
{
    m_training->isHeld = true;
    QSignalSpy removed(m_service.get(), &FineTuneService::removed), restored(m_service.get(), &FineTuneService::restored);
    m_service->start(named(QStringLiteral("one")));
    QTRY_COMPARE(m_service->run(m_service->activeId())->step, 3);
    m_service->stop(FineTuneService::Ending::Discard);
    QTRY_COMPARE(removed.size(), 1);
    QTRY_VERIFY(m_service->runs().isEmpty());
    m_service->restore(removed[0][0].toString());
    QTRY_COMPARE(restored.size(), 1);
    QTRY_COMPARE(m_service->runs().size(), 1);
    QCOMPARE(m_service->runs()[0].state, RunState::Paused);
}

void TestFineTuneService::theQueueSurvivesTheProgram()
{
    m_training->isHeld = true;
    m_service->start(named(QStringLiteral("one")));
    m_service->start(named(QStringLiteral("two")));
    QTRY_COMPARE(m_training->written().size(), 1u);
    m_service.reset(); // stops the first with a checkpoint
    QCOMPARE(m_training->runs.front().state, api::RunEntry::State::stopped);
    m_training->isHeld = false;
    m_service = std::make_unique<FineTuneService>(m_training->functions(), *m_settings);
    m_service->refresh();
    QTRY_COMPARE(m_service->runs().size(), 2);
    QCOMPARE(m_service->runs()[0].name, QStringLiteral("two"));
    QVERIFY(m_service->isHeld()); // the user says when
    QTest::qWait(20);
    QCOMPARE(m_training->written().size(), 1u);
    m_service->release();
    QTRY_COMPARE(m_training->written().size(), 2u);
    QTRY_VERIFY(!m_service->isTraining());
}

void TestFineTuneService::aFailureBeforeTheRunGivesTheSettingsBack()
{
    m_training->beforeTraining = [] { throw BadFile("rows.jsonl", "row 3 has no messages"); };
    QSignalSpy startFailed(m_service.get(), &FineTuneService::startFailed);
    m_service->start(named(QStringLiteral("one")));
    QTRY_COMPARE(startFailed.size(), 1);
    QCOMPARE(startFailed[0][1].toJsonObject().value(QLatin1String("name")).toString(), QStringLiteral("one"));
    QVERIFY(startFailed[0][2].value<UserMessage>().detail.contains(QStringLiteral("row 3 has no messages"), Qt::CaseInsensitive));
    QVERIFY(m_service->runs().isEmpty());
}

void TestFineTuneService::aFailureInTheRunIsKeptWithIt()
{
    m_training->inTraining = [] { throw OutOfMemory("cpu", 4'000'000'000, 1'000'000'000); };
    QSignalSpy ended(m_service.get(), &FineTuneService::runEnded);
    m_service->start(named(QStringLiteral("one")));
    QTRY_COMPARE(ended.size(), 1);
    QVERIFY(!ended[0][1].toBool());
    QTRY_COMPARE(m_service->runs().size(), 1);
    const RunRow row = m_service->runs()[0];
    QCOMPARE(row.state, RunState::Failed);
    QVERIFY(!row.failure.remedy.isEmpty());
    QVERIFY(row.canResume());
    m_training->inTraining = {};
    m_service->resume(row.id);
    QTRY_COMPARE(m_service->run(row.id)->state, RunState::Done); // and nothing is left of the failure
}

void TestFineTuneService::theDestructorStopsTheTraining()
{
    m_training->isHeld = true;
    m_service->start(named(QStringLiteral("one")));
    m_service->start(named(QStringLiteral("two")));
    QTRY_COMPARE(m_training->written().size(), 1u);
    m_service.reset(); // would hang
    QCOMPARE(m_training->written().size(), 1u); // and begins nothing
}

void TestFineTuneService::updatesAreCoalesced()
{
    m_training->nSteps = 2000;
    m_training->perStep = std::chrono::milliseconds(0);
    QSignalSpy progressed(m_service.get(), &FineTuneService::progressed), ended(m_service.get(), &FineTuneService::runEnded);
    m_service->start(named(QStringLiteral("one")));
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(m_service->details(ended[0][0].toString())->steps.size(), 2000u);
    QVERIFY2(progressed.size() < 200, qPrintable(QString::number(progressed.size())));
}

void TestFineTuneService::warningsAreSaidInWords()
{
    QVERIFY(runWarnings(curve([](int i) { return 3.0 / i + 1; }, 100)).isEmpty());
    QStringList said = runWarnings(curve([](int i) { return 2 + 0.1 * (i % 2); }, 100));
    QCOMPARE(said.size(), 1);
    QVERIFY2(said[0].startsWith(QStringLiteral("The loss is not falling")), qPrintable(said[0]));
    QVERIFY(runWarnings(curve([](int) { return 2; }, 30)).isEmpty()); // too early to say

    auto held = curve([](int i) { return 3.0 / i + 1; }, 100);
    for (const auto& [step, loss] : {std::pair(20, 1.5), {40, 1.2}, {60, 1.3}, {80, 1.4}})
        held[size_t(step - 1)].evalLoss = loss;
    QVERIFY(runWarnings(held).isEmpty()); // risen twice
    held[99].evalLoss = 1.5;
    said = runWarnings(held);
    QCOMPARE(said.size(), 1);
    QVERIFY2(said[0].contains(QStringLiteral("step 40")), qPrintable(said[0]));

    auto jumping = curve([](int i) { return 3.0 / i + 1; }, 100);
    jumping[50].gradientNorm = 40;
    QVERIFY(runWarnings(jumping).isEmpty()); // once is chance
    jumping[70].gradientNorm = 30;
    QVERIFY(runWarnings(jumping).value(0).contains(QStringLiteral("gradient")));

    auto skipped = curve([](int i) { return 3.0 / i + 1; }, 100);
    skipped[9].isSkipped = true;
    skipped[9].loss = std::numeric_limits<double>::quiet_NaN();
    QVERIFY(runWarnings(skipped).value(0).contains(QStringLiteral("skipped")));
    const QList<RunEvent> events = runEvents({skipped, {}, {}});
    QVERIFY(std::any_of(events.cbegin(), events.cend(), [](const RunEvent& e) { return e.step == 10 && e.isWarning; }));
}

void TestFineTuneService::theCommandSaysWhatDiffers()
{
    const QJsonObject defaults = QJsonDocument::fromJson(FakeTraining::kDefaults).object();
    QJsonObject config = defaults;
    config.insert(QStringLiteral("model"), QStringLiteral("tiny"));
    config.insert(QStringLiteral("data"), QJsonArray{QJsonObject{{QStringLiteral("path"), QStringLiteral("/data/it's rows.jsonl")}}});
    QCOMPARE(runCommand(config, defaults), QStringLiteral("switchyard finetune \\\n  --model tiny \\\n  --examples '/data/it'\\''s rows.jsonl'"));
    setValueAt(config, QStringLiteral("adapter.rank"), 32);
    setValueAt(config, QStringLiteral("optimizer.learningRate"), 1e-5);
    const QString command = runCommand(config, defaults);
    QVERIFY2(command.contains(QStringLiteral("--rank 32")) && command.contains(QStringLiteral("--learning-rate 1e-05")), qPrintable(command));
    QVERIFY(!command.contains(QStringLiteral("--config")));
    config.insert(QStringLiteral("objective"), QStringLiteral("dpo"));
    QVERIFY(runCommand(config, defaults).contains(QStringLiteral("--objective dpo")));
    setValueAt(config, QStringLiteral("optimizer.schedule"), QStringLiteral("linear"));
    QVERIFY2(runCommand(config, defaults).contains(QStringLiteral("--config - <<'END'")), qPrintable(runCommand(config, defaults)));
    QVERIFY(runCommand(config, defaults).contains(QStringLiteral("\"schedule\": \"linear\"")));
}

void TestFineTuneService::settingsAreReadAndWrittenByTheirPath()
{
    QJsonObject config;
    setValueAt(config, QStringLiteral("batch.contextLength"), 512);
    setValueAt(config, QStringLiteral("epochs"), 3);
    QCOMPARE(valueAt(config, QStringLiteral("batch.contextLength")).toInt(), 512);
    QVERIFY(valueAt(config, QStringLiteral("batch.none")).isUndefined());
    QVERIFY(valueAt(config, QStringLiteral("epochs.none")).isUndefined());
    for (const RunField& field : runFields()) { // a row without words, or whose range has no room, is a mistake
        QVERIFY(!field.label().isEmpty() && !field.explanation().isEmpty());
        if (field.kind == RunField::Kind::Whole || field.kind == RunField::Kind::Real || field.kind == RunField::Kind::Power)
            QVERIFY2(field.least < field.most, field.path);
    }
}

QTEST_MAIN(TestFineTuneService)
#include "tst_fine_tune_service.moc"
