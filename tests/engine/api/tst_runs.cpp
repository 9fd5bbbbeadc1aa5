// SPDX-License-Identifier: GPL-3.0-or-later
// Fine-tuning runs as the window sees them, on a whole, tiny model.
#include "engine/api/engine.h"
#include "engine/api/run_folder.h"
#include "engine/api/runs.h"
#include "engine/core/error.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

struct Place {
    QTemporaryDir dir;
    std::unique_ptr<Engine> engine;

    Place()
    {
        test::writeTinyModel(path("tiny.gguf"), "Tiny Talker");
        std::ofstream rows(path("rows.jsonl"));
        for (int i = 0; i < 20; ++i)
            rows << R"({"prompt": "say )" << i << R"(", "completion": ")" << i * i << "\"}\n";
        rows.close();
        start();
    }
    void start() { engine = std::make_unique<Engine>(EngineOptions{.dataDir = path("data"), .nThreads = 1}); }
    fs::path path(const char* name) const { return dir.filePath(name).toStdString(); }

    nlohmann::json config(int maxSteps) const
    {
        return {{"name", "My Run"},
                {"model", path("tiny.gguf").string()},
                {"data", {{{"path", path("rows.jsonl").string()}}}},
                {"evaluation", {{"fraction", 0.2}, {"everySteps", 2}}},
                {"adapter", {{"rank", 4}}},
                {"optimizer", {{"learningRate", 0.01}, {"warmupSteps", 2}}},
                {"batch", {{"contextLength", 64}, {"sequences", 4}}},
                {"epochs", 1000},
                {"checkpoint", {{"everySteps", 5}}},
                {"maxSteps", maxSteps}};
    }
    FineTuneResult train(int maxSteps, int64_t stopAfter = 0) const { return train(config(maxSteps), stopAfter); }
    FineTuneResult train(const nlohmann::json& c, int64_t stopAfter = 0) const
    {
        std::stop_source stop;
        return fineTune(*engine, c.dump(), "test", stop.get_token(), stopping(stop, stopAfter));
    }
    FineTuneResult resume(const std::string& id, int64_t stopAfter = 0) const
    {
        std::stop_source stop;
        return resumeFineTune(*engine, id, stop.get_token(), stopping(stop, stopAfter));
    }
    static FineTuneEvents stopping(std::stop_source& stop, int64_t after)
    {
        FineTuneEvents events;
        events.onStep = [&stop, after](const FineTuneStep& step) {
            if (step.step == after)
                stop.request_stop();
        };
        return events;
    }
};

} // namespace

class TestRuns : public QObject {
    Q_OBJECT

private slots:
    void aRunIsListedWithWhatItMade()
    {
        const Place place;
        QVERIFY(listRuns(*place.engine).empty());
        std::string started;
        std::vector<FineTuneStep> told;
        FineTuneEvents events;
        events.onStart = [&](const std::string& run) {
            started = run;
            QCOMPARE(findRun(*place.engine, run)->state, RunEntry::State::running);
        };
        events.onStep = [&](const FineTuneStep& step) {
            told.push_back(step);
            const auto entry = findRun(*place.engine, started);
            QCOMPARE(entry->state, RunEntry::State::running);
            QCOMPARE(entry->step, step.step);
        };
        const auto result = fineTune(*place.engine, place.config(12).dump(), "test", {}, events);
        QCOMPARE(started, result.run);
        const auto all = listRuns(*place.engine);
        QCOMPARE(all.size(), 1u);
        const RunEntry& run = all[0];
        QCOMPARE(run.id, std::string("my-run-1"));
        QCOMPARE(run.name, std::string("My Run"));
        QCOMPARE(run.state, RunEntry::State::done);
        QCOMPARE(run.step, 12);
        QCOMPARE(run.steps, 12);
        QCOMPARE(run.finalLoss, result.finalLoss);
        QVERIFY(run.peakBytes > 0 && run.seconds > 0);
        QVERIFY(std::chrono::system_clock::now() - run.startedAt < std::chrono::hours(1));
        QVERIFY(fs::exists(run.adapter) && fs::exists(run.bestAdapter));

        const auto steps = runSteps(*place.engine, run.id);
        QCOMPARE(steps.size(), 12u);
        QCOMPARE(told.size(), 12u);
        double best = INFINITY;
        for (size_t i = 0; i < 12; ++i) {
            QCOMPARE(steps[i].step, int64_t(i) + 1);
            QCOMPARE(steps[i].loss, told[i].loss);
            QCOMPARE(steps[i].evalLoss, told[i].evalLoss);
            QCOMPARE(steps[i].evalLoss.has_value(), i % 2 == 1);
            QCOMPARE(steps[i].isCheckpoint, told[i].isCheckpoint);
            QVERIFY(steps[i].residentBytes > 0);
            best = std::min(best, steps[i].evalLoss.value_or(INFINITY));
        }
        QCOMPARE(*run.bestEvalLoss, best);
        QCOMPARE(*result.bestEvalLoss, best);
        QCOMPARE(steps[size_t(run.bestStep) - 1].evalLoss, run.bestEvalLoss);
        QVERIFY(runConfig(*place.engine, run.id).find("\"everySteps\": 5") != std::string::npos);
        QVERIFY_THROWS_EXCEPTION(StorageFailure, runSteps(*place.engine, "nobody"));
        QVERIFY(!findRun(*place.engine, "nobody") && !findRun(*place.engine, "..") && !findRun(*place.engine, ""));
    }

    void aResumedRunHasTheMetricsOfOneThatWasNeverStopped()
    {
        const Place place;
        const std::string whole = place.train(12).run;
        const std::string halves = place.train(12, 7).run;
        QCOMPARE(findRun(*place.engine, halves)->state, RunEntry::State::stopped);
        const fs::path folder = folderOf(place.engine->dataDir(), halves);
        // As a kill leaves it: steps behind the checkpoint, and half a line.
        std::ofstream(folder / "metrics.jsonl", std::ios::app) << R"({"step":8,"loss":9.0})"
                                                               << "\n{\"step\":9,\"lo";
        QCOMPARE(runSteps(*place.engine, halves).size(), 8u);
        QCOMPARE(place.resume(halves).steps, 12);
        const auto expected = runSteps(*place.engine, whole), steps = runSteps(*place.engine, halves);
        QCOMPARE(steps.size(), expected.size());
        for (size_t i = 0; i < steps.size(); ++i) {
            QCOMPARE(steps[i].step, expected[i].step);
            QCOMPARE(steps[i].loss, expected[i].loss);
            QCOMPARE(steps[i].gradientNorm, expected[i].gradientNorm);
            QCOMPARE(steps[i].evalLoss, expected[i].evalLoss);
        }
        for (const char* name : {"adapter.gguf", "best.gguf"})
            QVERIFY(test::readFile(folder / name) ==
                    test::readFile(folderOf(place.engine->dataDir(), whole) / name));
    }

    void aRunWithoutAProcessIsInterrupted()
    {
        const Place place;
        const std::string id = place.train(12, 7).run;
        const fs::path folder = folderOf(place.engine->dataDir(), id);
        RunStatus status = *readRunStatus(folder);
        status.state = RunEntry::State::running; // as one that was killed
        writeRunStatus(folder, status);
        QCOMPARE(findRun(*place.engine, id)->state, RunEntry::State::interrupted);
        QCOMPARE(findRun(*place.engine, id)->step, 7);
        const auto lock = FileLock::tryLock(folder / "lock");
        QVERIFY(lock.has_value());
        QCOMPARE(findRun(*place.engine, id)->state, RunEntry::State::running);
        QVERIFY_THROWS_EXCEPTION(Unsupported, place.resume(id));
        QVERIFY_THROWS_EXCEPTION(Unsupported, removeRun(*place.engine, id));
        QVERIFY(!FileLock::tryLock(folder / "lock"));
    }

    void namesAndNotesAreKept()
    {
        const Place place;
        const std::string id = place.train(2).run;
        setRunName(*place.engine, id, "第一次");
        setRunNotes(*place.engine, id, "two\nlines");
        const auto entry = findRun(*place.engine, id);
        QCOMPARE(entry->name, std::string("第一次"));
        QCOMPARE(entry->notes, std::string("two\nlines"));
        QVERIFY_THROWS_EXCEPTION(StorageFailure, setRunName(*place.engine, "nobody", "x"));
    }

    void aRemovedRunComesBackUntilAnotherIsRemovedOrTheProgramEnds()
    {
        Place place;
        const std::string id = place.train(2).run;
        removeRun(*place.engine, id);
        QVERIFY(listRuns(*place.engine).empty());
        const Engine other({.dataDir = place.path("data"), .nThreads = 1}); // a second process leaves it alone
        QCOMPARE(restoreRun(*place.engine, id), id);
        QCOMPARE(listRuns(*place.engine).size(), 1u);
        QCOMPARE(runSteps(*place.engine, id).size(), 2u);

        removeRun(*place.engine, id);
        const std::string second = place.train(2).run;
        QVERIFY(second != id); // its name is not taken while it may come back
        removeRun(*place.engine, second);
        QVERIFY_THROWS_EXCEPTION(StorageFailure, restoreRun(*place.engine, id));
        place.engine.reset();
        place.start();
        QVERIFY_THROWS_EXCEPTION(StorageFailure, restoreRun(*place.engine, second));
        QVERIFY(!fs::exists(place.path("data") / fs::path("runs/.trash")));
    }

    void thePlanShowsRowsAndWhatBecomesOfThem()
    {
        const Place place;
        std::ofstream(place.path("rows.jsonl"))
            << R"({"prompt": "who?", "completion": "me"})"
            << "\n"
            << R"({"prompt": "who?", "completion": "me"})"
            << "\n\n"
            << R"({"messages": [{"role": "user", "content": "hm"}]})"
            << "\n"
            << R"({"prompt": ")" << std::string(100, 'x') << R"(", "completion": "y"})";
        const FineTunePlan plan = planFineTune(*place.engine, place.config(3).dump(), "test");
        QCOMPARE(plan.rows, 4);
        QCOMPARE(plan.duplicates, 1);
        QCOMPARE(plan.heldOutTexts, 0); // fewer than five rows
        QCOMPARE(plan.preview.size(), 3u); // a conversation without an answer has no text
        const FineTuneRow& first = plan.preview[0];
        QCOMPARE(first.outcome, FineTuneRow::Outcome::used);
        QCOMPARE(first.row, 1);
        QCOMPARE(first.pieces.size(), 2u);
        QCOMPARE(first.pieces[0].text, std::string("<|start|>user\nwho?<|end|><|start|>assistant\n"));
        QVERIFY(!first.pieces[0].isTrained && first.pieces[1].isTrained);
        QCOMPARE(first.pieces[1].text, std::string("me<|end|>"));
        QCOMPARE(plan.preview[2].outcome, FineTuneRow::Outcome::tooLong);
        QCOMPARE(plan.dropped.size(), 1u);
        QCOMPARE(plan.dropped[0].row, 5); // lines count, also blank ones
        QVERIFY(plan.dropped[0].tokens > 100 && plan.dropped[0].pieces.empty());
        QCOMPARE(plan.peakBytes, plan.weightBytes + plan.trainedBytes + plan.activationBytes + plan.otherBytes);
        QVERIFY(plan.weightBytes > 0 && plan.trainedBytes > 0 && plan.activationBytes > 0 && plan.availableBytes > 0);
    }
};

QTEST_APPLESS_MAIN(TestRuns)
#include "tst_runs.moc"
