// SPDX-License-Identifier: GPL-3.0-or-later
// Fine-tuning runs as the window sees them, on a whole, tiny model.
#include "engine/api/adapters.h"
#include "engine/api/data_columns.h"
#include "engine/api/memory_plan.h"
#include "engine/api/models.h"
#include "engine/api/run_folder.h"
#include "engine/core/error.h"
#include "tests/engine/api/training_place.h"
#include "tests/fixtures.h"

#include <QtTest>

#include <atomic>
#include <cmath>
#include <fstream>
#include <thread>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

using Place = test::TinyTrainingPlace;

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
        std::ofstream(folder / "metrics.jsonl", std::ios::app) << "{\"step\":8,\"loss\":9.0}\n{\"step\":9,\"lo";
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
            QVERIFY(test::readFile(folder / name) == test::readFile(folderOf(place.engine->dataDir(), whole) / name));
    }

    void promptsAreAnsweredAsTheRunGoesOn()
    {
        const Place place;
        std::ofstream(place.path("rows.jsonl")) << R"({"prompt": "code?", "completion": "K7-mole"})";
        auto config = place.config(120);
        config["samples"] = {{"everySteps", 40}, {"maxTokens", 12}, {"prompts", {"code?", "what?"}}};
        config["optimizer"]["learningRate"] = 0.02;
        config["adapter"]["rank"] = 8;
        std::vector<FineTuneSample> told;
        int64_t lastStep = 0;
        FineTuneEvents events;
        events.onStep = [&](const FineTuneStep& step) { lastStep = step.step; };
        events.onSample = [&](const FineTuneSample& sample) {
            QCOMPARE(sample.step, lastStep);
            told.push_back(sample);
        };
        const auto result = fineTune(*place.engine, config.dump(), "test", {}, events);
        const auto samples = runSamples(*place.engine, result.run);
        QCOMPARE(samples.size(), 6u);
        QCOMPARE(told.size(), 6u);
        for (size_t i = 0; i < samples.size(); ++i) {
            QCOMPARE(samples[i].step, int64_t(40 * (i / 2 + 1)));
            QCOMPARE(samples[i].prompt, std::string(i % 2 == 0 ? "code?" : "what?"));
            QCOMPARE(samples[i].text, told[i].text);
        }
        QCOMPARE(samples[4].text, std::string("K7-mole"));

        // Stopped between the two answers of a step: the one that goes on gives both, and nothing twice.
        std::stop_source stop;
        FineTuneEvents stopping;
        stopping.onSample = [&](const FineTuneSample& sample) {
            if (sample.step == 80)
                stop.request_stop();
        };
        const auto stopped = fineTune(*place.engine, config.dump(), "test", stop.get_token(), stopping);
        QCOMPARE(stopped.end, FineTuneResult::End::stopped);
        QCOMPARE(stopped.steps, 80);
        QCOMPARE(runSamples(*place.engine, stopped.run).size(), 3u);
        place.resume(stopped.run);
        const auto again = runSamples(*place.engine, stopped.run);
        QCOMPARE(again.size(), samples.size());
        for (size_t i = 0; i < samples.size(); ++i)
            QCOMPARE(again[i].text, samples[i].text);
    }

    void aChatWithTheSameModelAnswersBesideARun()
    {
        const Place place;
        const auto model = place.engine->models().load(place.path("tiny.gguf"));
        GenerationRequest request;
        request.messages = {{"user", "tell me"}};
        request.maxTokens = 40;
        request.sampling.temperature = 0;
        const auto answer = [&] { return model->generate(request, [](const TokenEvent&) { return true; }).text; };
        const std::string alone = answer();
        const auto adapterAlone = test::readFile(place.train(40).adapter);
        std::atomic<int64_t> nSteps = 0;
        std::vector<std::string> beside;
        FineTuneResult result;
        {
            std::jthread trainer([&] {
                FineTuneEvents events;
                events.onStep = [&](const FineTuneStep& step) { nSteps = step.step; };
                result = fineTune(*place.engine, place.config(40).dump(), "test", {}, events);
            });
            while (nSteps < 40)
                beside.push_back(answer());
        }
        QVERIFY(!beside.empty());
        for (const std::string& text : beside)
            QCOMPARE(text, alone);
        QVERIFY(test::readFile(result.adapter) == adapterAlone);
    }

    void doraIsTrainedStoppedAndUsed()
    {
        const Place place;
        auto config = place.config(8);
        config["adapter"]["method"] = "dora";
        const auto whole = place.train(config), halves = place.train(config, 3);
        QVERIFY(fs::is_directory(whole.adapter)); // as PEFT: GGUF has no place for magnitudes
        QVERIFY(runSteps(*place.engine, whole.run).back().loss < runSteps(*place.engine, whole.run).front().loss);
        place.resume(halves.run);
        const char* tensors = "adapter_model.safetensors";
        QVERIFY(test::readFile(whole.adapter / tensors) == test::readFile(halves.adapter / tensors));
        QCOMPARE(findRun(*place.engine, whole.run)->adapter, whole.adapter);
        const auto model = place.engine->models().load(place.path("tiny.gguf"));
        std::vector<float> plain, adapted;
        const std::vector<int32_t> tokens = {1, 2, 3};
        const auto collect = [](std::vector<float>& into) {
            return [&into](std::span<const float> rows, int64_t) { into.insert(into.end(), rows.begin(), rows.end()); };
        };
        model->logits(tokens, 0, collect(plain));
        model->logits(tokens, 0, collect(adapted), {}, {whole.adapter});
        QVERIFY(plain != adapted);
        config["adapter"]["method"] = "lora";
        config["adapter"]["initial"] = whole.run; // a DoRA goes on as one
        QVERIFY(fs::is_directory(place.train(config).adapter));
    }

    void aCheckpointTakesThePlaceOfTheLast_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addRow("lora") << "lora";
        QTest::addRow("dora") << "dora";
    }
    void aCheckpointTakesThePlaceOfTheLast()
    {
        QFETCH(QString, method);
        const Place place;
        auto config = place.config(9);
        config["adapter"]["method"] = method.toStdString();
        config["adapter"]["alphaPattern"] = {{"*attn_q", 3}}; // GGUF has one alpha: the values of the others carry theirs
        config["evaluation"] = {{"fraction", 0.2}, {"everySteps", 4}};
        config["checkpoint"] = {{"everySteps", 3}, {"keep", 4}};
        Engine& engine = *place.engine;
        std::map<int64_t, std::string> written; // the adapter as the run itself wrote it, by checkpoint
        std::string id;
        int64_t lastCheckpoint = 0;
        const fs::path content = method == "dora" ? "adapter/adapter_model.safetensors" : "adapter.gguf";
        FineTuneEvents events;
        events.onStart = [&](const std::string& run) { id = run; };
        events.onStep = [&](const FineTuneStep& step) {
            if (lastCheckpoint > 0)
                written[lastCheckpoint] = test::readFile(folderOf(engine.dataDir(), id) / content);
            lastCheckpoint = step.isCheckpoint ? step.step : lastCheckpoint;
        };
        const auto result = fineTune(engine, config.dump(), "test", {}, events);
        const fs::path folder = folderOf(engine.dataDir(), id);
        const auto bytesOf = [&](const fs::path& adapter) {
            return test::readFile(fs::is_directory(adapter) ? adapter / "adapter_model.safetensors" : adapter);
        };
        const auto all = runCheckpoints(engine, id);
        QVERIFY(all.size() >= 4);
        QCOMPARE(all[0].step, 9);
        QVERIFY(all[0].isUsed && all[0].loss && all[0].bytes > 0);
        const RunEntry run = *findRun(engine, id);
        QCOMPARE(std::ranges::count_if(all, [&](const RunCheckpoint& c) { return c.isBest && c.step == run.bestStep; }), 1);
        QCOMPARE(*std::ranges::find(all, run.bestStep, &RunCheckpoint::step)->evalLoss, *run.bestEvalLoss);
        for (const int64_t step : {3, 6}) {
            useCheckpoint(engine, id, step);
            QCOMPARE(findRun(engine, id)->usedStep, std::optional(step));
            QCOMPARE(bytesOf(findRun(engine, id)->adapter), written.at(step));
            QCOMPARE(resolveAdapter(engine, id), findRun(engine, id)->adapter);
            for (const RunCheckpoint& c : runCheckpoints(engine, id))
                QCOMPARE(c.isUsed, c.step == step);
        }
        useCheckpoint(engine, id, 9);
        QVERIFY(!findRun(engine, id)->usedStep);
        QCOMPARE(findRun(engine, id)->adapter, result.adapter);
        QVERIFY_THROWS_EXCEPTION(StorageFailure, useCheckpoint(engine, id, 4711));
        {
            const auto lock = FileLock::tryLock(folder / "lock");
            QVERIFY_THROWS_EXCEPTION(Unsupported, useCheckpoint(engine, id, 3));
        }
    }

    void aRunThatGoesOnUsesItsNewest()
    {
        const Place place;
        auto config = place.config(12);
        config["checkpoint"] = {{"everySteps", 3}, {"keep", 4}};
        const std::string id = place.train(config, 7).run;
        useCheckpoint(*place.engine, id, 3);
        place.resume(id);
        QVERIFY(!findRun(*place.engine, id)->usedStep);
        QCOMPARE(findRun(*place.engine, id)->adapter.filename(), fs::path("adapter.gguf"));
    }

    void anImportedAdapterIsNamedRemovedAndBroughtBack()
    {
        Place place;
        const auto made = place.train(2);
        Engine& engine = *place.engine;
        const auto imported = importAdapter(engine, made.adapter);
        const auto found = [&](const std::string& id) {
            const auto all = listAdapters(engine);
            const auto it = std::ranges::find(all, id, &AdapterEntry::id);
            return it == all.end() ? std::optional<AdapterEntry>() : *it;
        };
        QCOMPARE(imported.name, std::string("adapter"));
        renameAdapter(engine, imported, "港口");
        QCOMPARE(found("adapter")->name, std::string("港口"));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, renameAdapter(engine, *found(made.run), "x"));
        removeAdapter(engine, *found("adapter"));
        QVERIFY(!found("adapter") && found(made.run));
        QCOMPARE(restoreAdapter(engine, AdapterEntry{imported.id, imported.file, 0, "港口", {}, true}), std::string("adapter"));
        QCOMPARE(found("adapter")->name, std::string("港口"));

        // A new one of that id has a name of its own, and what comes back makes room for it.
        removeAdapter(engine, *found("adapter"));
        QCOMPARE(importAdapter(engine, made.adapter).name, std::string("adapter"));
        QCOMPARE(restoreAdapter(engine, AdapterEntry{imported.id, imported.file, 0, "港口", {}, true}), std::string("adapter-2"));
        QCOMPARE(found("adapter-2")->name, std::string("港口"));
        QCOMPARE(found("adapter")->name, std::string("adapter"));
        removeAdapter(engine, *found("adapter-2"));
        place.engine.reset();
        place.start(1);
        QCOMPARE(listAdapters(*place.engine).size(), 2u);
        QVERIFY(!fs::exists(place.path("data") / fs::path("adapters/.trash")));
    }

    void aFileTellsItsColumns()
    {
        const Place place;
        std::ofstream(place.path("table.csv")) << "Frage,Antwort,Nr\nwho,me,1\nwhere,\"here, there\",2\n";
        const DataColumns table = readDataColumns(place.path("table.csv"));
        QCOMPARE(table.format, std::string());
        QCOMPARE(table.names, (std::vector<std::string>{"Antwort", "Frage", "Nr"}));
        QCOMPARE(table.rows.size(), 2u);
        QCOMPARE(table.rows[1], (std::vector<std::string>{"here, there", "where", "2"}));
        const DataColumns lines = readDataColumns(place.path("rows.jsonl"));
        QCOMPARE(lines.format, std::string("prompt-completion"));
        QCOMPARE(lines.rows.size(), 5u); // the first ones
        std::ofstream(place.path("odd.jsonl")) << R"({"n": 3, "list": ["a"]})" << "\n" << R"({"n": 4})" << "\n";
        QCOMPARE(readDataColumns(place.path("odd.jsonl")).rows, (std::vector<std::vector<std::string>>{{"[\"a\"]", "3"}, {"", "4"}}));
        std::ofstream(place.path("none.jsonl"));
        QVERIFY(readDataColumns(place.path("none.jsonl")).names.empty());
        QVERIFY_THROWS_EXCEPTION(StorageFailure, readDataColumns(place.path("nowhere.jsonl")));
    }

    void aMeasuredStepForetellsARunAndLeavesNothing()
    {
        const Place place;
        auto config = place.config(60);
        config["evaluation"]["everySteps"] = 20;
        const FineTuneSpeed speed = measureFineTune(*place.engine, config.dump(), "test");
        QVERIFY(speed.tokensPerSecond > 0);
        QVERIFY(!fs::exists(place.path("data/runs")) || fs::is_empty(place.path("data/runs")));
        const auto result = place.train(config);
        // Steps of a model of 40,000 weights are all overhead: only the magnitude is looked at.
        QVERIFY2(speed.seconds > result.seconds / 8 && speed.seconds < result.seconds * 8,
                 qPrintable(QString::number(speed.seconds) + " for " + QString::number(result.seconds)));
        config["maxSteps"] = 6000;
        const FineTuneSpeed longer = measureFineTune(*place.engine, config.dump(), "test");
        QVERIFY(longer.seconds > speed.seconds * 10);
        std::stop_source stop;
        stop.request_stop();
        QVERIFY_THROWS_EXCEPTION(Cancelled, measureFineTune(*place.engine, config.dump(), "test", stop.get_token()));
    }

    void aRunGoesOnFromAnAdapterThatMayBeRemoved()
    {
        const Place place;
        const auto first = place.train(6);
        auto config = place.config(6);
        config["adapter"]["initial"] = first.run;
        const auto whole = place.train(config);
        QVERIFY(runSteps(*place.engine, whole.run)[0].loss < runSteps(*place.engine, first.run)[0].loss);
        const auto halves = place.train(config, 3);
        removeRun(*place.engine, first.run);
        place.resume(halves.run);
        QVERIFY(test::readFile(halves.adapter) == test::readFile(whole.adapter));
        config["adapter"]["initial"] = "nobody";
        QVERIFY_THROWS_EXCEPTION(BadFile, place.train(config));
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
        place.start(1);
        QVERIFY_THROWS_EXCEPTION(StorageFailure, restoreRun(*place.engine, second));
        QVERIFY(!fs::exists(place.path("data") / fs::path("runs/.trash")));
    }

    void whatDoesNotFitTheMemoryIsRefusedWithTheChangeThatHelps()
    {
        const Place place;
        auto config = place.config(3);
        config["activationCheckpointing"] = false;
        config["batch"] = {{"contextLength", 512}, {"sequences", 20}};
        const train::RunConfig parsed = train::parseRunConfig(config.dump(), "test");
        const TrainingMaterial material(*place.engine, parsed, "test", {});
        train::Trainer trainer = material.trainer(parsed, {}, nullptr);
        FineTunePlan plenty;
        planMemory(plenty, material, trainer, parsed,
                   {.totalBytes = 1 << 30, .availableBytes = 1 << 30, .processBytes = 1000});
        QVERIFY(plenty.changes.empty());
        requireMemory(plenty);
        QCOMPARE(plenty.peakBytes, plenty.weightBytes + plenty.trainedBytes + plenty.activationBytes + plenty.otherBytes);

        // A byte less than it takes.
        FineTunePlan plan;
        planMemory(plan, material, trainer, parsed,
                   {.totalBytes = 1 << 30, .availableBytes = plenty.peakBytes - 1001, .processBytes = 1000});
        QCOMPARE(plan.changes.size(), 4u);
        QCOMPARE(plan.changes[0].setting, std::string("activationCheckpointing"));
        QCOMPARE(plan.changes[1].setting, std::string("batch.contextLength"));
        QCOMPARE(plan.changes[2].setting, std::string("optimizer.stateBits"));
        QCOMPARE(plan.changes[3].setting, std::string("adapter.rank"));
        for (const FineTuneChange& change : plan.changes)
            QVERIFY(change.peakBytes <= plan.availableBytes);
        try {
            requireMemory(plan);
            QFAIL("accepted");
        } catch (const Unsupported& error) {
            QCOMPARE(error.reason, std::string("it would fit with activationCheckpointing=true"));
        }
        config["activationCheckpointing"] = true; // what it proposes, it keeps
        FineTunePlan changed;
        planMemory(changed, material, trainer, train::parseRunConfig(config.dump(), "test"),
                   {.totalBytes = 1 << 30, .availableBytes = plenty.peakBytes - 1001, .processBytes = 1000});
        QCOMPARE(changed.peakBytes, plan.changes[0].peakBytes);
        FineTunePlan nothing;
        planMemory(nothing, material, trainer, parsed, {.totalBytes = 1 << 30, .availableBytes = 0, .processBytes = 1000});
        QVERIFY(nothing.changes.empty());
        QVERIFY_THROWS_EXCEPTION(Unsupported, requireMemory(nothing));
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
            << "{\"prompt\": \"" << std::string(100, 'x') << "\", \"completion\": \"y\"}";
        const FineTunePlan plan = planFineTune(*place.engine, place.config(3).dump(), "test");
        QCOMPARE(plan.rows, 4);
        QCOMPARE(plan.duplicates, 1);
        QCOMPARE(plan.heldOutTexts, 0);    // fewer than five rows
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
