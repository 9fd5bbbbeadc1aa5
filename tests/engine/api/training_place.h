// SPDX-License-Identifier: GPL-3.0-or-later
// Where the tests of fine-tuning run: an engine of its own, twenty rows to learn.
#pragma once

#include "engine/api/engine.h"
#include "engine/api/fine_tune.h"
#include "engine/api/runs.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

namespace sy::test {

inline std::string bytesOf(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct TrainingPlace {
    QTemporaryDir dir;
    std::unique_ptr<api::Engine> engine;

    explicit TrainingPlace(int nThreads)
    {
        std::ofstream rows(path("rows.jsonl"));
        for (int i = 0; i < 20; ++i)
            rows << "{\"prompt\": \"say " << i << "\", \"completion\": \"" << i * i << "\"}\n";
        rows.close();
        start(nThreads);
    }
    void start(int nThreads)
    {
        engine = std::make_unique<api::Engine>(api::EngineOptions{.dataDir = path("data"), .nThreads = nThreads});
    }
    std::filesystem::path path(const char* name) const { return dir.filePath(name).toStdString(); }

    api::FineTuneResult train(const nlohmann::json& config, int64_t stopAfter = 0) const
    {
        std::stop_source stop;
        return api::fineTune(*engine, config.dump(), "test", stop.get_token(), stopping(stop, stopAfter));
    }
    api::FineTuneResult resume(const std::string& run, int64_t stopAfter = 0) const
    {
        std::stop_source stop;
        return api::resumeFineTune(*engine, run, stop.get_token(), stopping(stop, stopAfter));
    }
    static api::FineTuneEvents stopping(std::stop_source& stop, int64_t after)
    {
        api::FineTuneEvents events;
        events.onStep = [&stop, after](const api::FineTuneStep& step) {
            if (step.step == after)
                stop.request_stop();
        };
        return events;
    }
};

/// With a tiny model, and a run of it.
struct TinyTrainingPlace : TrainingPlace {
    TinyTrainingPlace() : TrainingPlace(1) { writeTinyModel(path("tiny.gguf"), "Tiny Talker"); }

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
    using TrainingPlace::train;
    api::FineTuneResult train(int maxSteps, int64_t stopAfter = 0) const { return train(config(maxSteps), stopAfter); }
};

} // namespace sy::test
