// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "engine/core/error.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

namespace sy::app::test {

/// Runs in memory that train nothing: a curve that falls, at the pace that a test wants.
class FakeTraining {
public:
    FineTuneFunctions functions();

    std::mutex mutex;
    std::vector<api::RunEntry> runs; // newest first
    std::map<std::string, std::vector<api::FineTuneStep>> steps;
    std::map<std::string, std::vector<api::FineTuneSample>> samples;
    std::map<std::string, std::string> configs;
    std::vector<std::string> log; // "train NAME", "resume ID", "plan"
    std::vector<std::string> planned; // configurations
    std::vector<api::RunEntry> away;  // removed
    std::map<std::string, api::DataColumns> columns; // by path; others are conversations
    std::map<std::string, int64_t> used;             // the checkpoint that a run's adapter is of
    std::function<void(std::stop_token)> inMeasure;  // may throw
    api::FineTuneSpeed speed{46, 754};
    int nSteps = 12;
    std::chrono::milliseconds perStep{2};
    std::atomic<bool> holdsReading = false; // at 43 % of the data until this is false, or it is stopped
    std::atomic<bool> isHeld = false;       // after the third step nothing goes on until this is false, or it is stopped
    std::function<void()> beforeTraining;   // may throw: no run is made then
    std::function<void()> inTraining;       // at the third step; may throw
    std::function<void()> beforePlan;
    bool knowsPreferences = false;
    bool hasExperts = false; // the model is a mixture
    api::FineTunePlan plan = standardPlan();
    static constexpr auto kDefaults = R"({"name":"fine-tune","model":"","objective":"sft","data":[],
        "evaluation":{"fraction":0.02,"everySteps":50,"path":null},
        "adapter":{"method":"lora","rank":16,"alpha":32,"initial":null,"targets":"all-linear","rankPattern":{},"alphaPattern":{},"experts":"all","expertShare":null},
        "optimizer":{"name":"adamw","learningRate":0.0002,"schedule":"cosine","finalShare":0.1,"warmupSteps":10,"weightDecay":0.01,"clipNorm":1,"stateBits":32},
        "batch":{"contextLength":2048,"sequences":16,"microSequences":1,"packing":true},
        "epochs":1,"maxSteps":null,"activationCheckpointing":true,"checkpoint":{"everySteps":50,"keep":3},
        "samples":{"everySteps":50,"prompts":[]},"seed":3407})";

    static api::FineTunePlan standardPlan()
    {
        api::FineTunePlan p;
        p.rows = 240;
        p.texts = 230;
        p.tokens = 41000;
        p.trainedTokens = 18000;
        p.heldOutTexts = 5;
        p.longestTokens = 2600;
        p.tooLong = 4;
        p.withoutLabels = 1;
        p.duplicates = 2;
        p.formats = {{"messages", 240}};
        p.preview = {{api::FineTuneRow::Outcome::used, "rows.jsonl", 1, 24, {{"<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n", false}, {"I am the ferry desk.<|im_end|>", true}}},
                     {api::FineTuneRow::Outcome::heldOut, "rows.jsonl", 2, 18, {{"<|im_start|>user\nWhen?<|im_end|>\n<|im_start|>assistant\n", false}, {"At noon.<|im_end|>", true}}}};
        p.dropped = {{api::FineTuneRow::Outcome::tooLong, "rows.jsonl", 17, 2600, {}}, {api::FineTuneRow::Outcome::nothingTrained, "rows.jsonl", 31, 12, {}}};
        p.steps = 15;
        p.trainedParameters = 18'464'768;
        p.weightBytes = 1'100'000'000;
        p.trainedBytes = 290'000'000;
        p.activationBytes = 900'000'000;
        p.otherBytes = 200'000'000;
        p.peakBytes = 2'490'000'000;
        p.availableBytes = 8'000'000'000;
        return p;
    }
    static api::FineTuneStep stepAt(int i, int n)
    {
        api::FineTuneStep s{.step = i, .steps = n, .loss = 0.4 + 3.2 * std::exp(-3.0 * i / n) + 0.12 * std::sin(i * 2.3), .learningRate = 2e-4 * (1 - double(i) / n), .gradientNorm = 1.1 + 0.5 * std::sin(i * 1.1), .tokensPerSecond = 84 + 6 * std::cos(i), .residentBytes = 2'300'000'000ull + uint64_t(i) * 100'000, .seconds = i * 2.4};
        if (i % 4 == 0) {
            s.evalLoss = 0.55 + 3.0 * std::exp(-3.0 * i / n);
            s.isCheckpoint = true;
        }
        return s;
    }
    /// A finished one, as of yesterday.
    void addRun(const std::string& id, const std::string& name, int n = 120, api::RunEntry::State state = api::RunEntry::State::done, int rank = 16)
    {
        api::RunEntry run{.state = state, .id = id, .name = name, .model = "tiny", .step = state == api::RunEntry::State::done ? n : n / 2, .steps = n, .startedAt = std::chrono::system_clock::now() - std::chrono::hours(26), .seconds = n * 2.4, .finalLoss = 0.56, .bestEvalLoss = 0.71, .bestStep = n / 2, .peakBytes = 2'412'000'000, .adapter = "/runs/" + id + "/adapter.gguf"};
        for (int i = 1; i <= run.step; ++i) {
            steps[id].push_back(stepAt(i, n));
            steps[id].back().loss += rank > 16 ? -0.1 : 0.1;
        }
        samples[id] = {{40, "Who are you?", "I am a large language model."}, {80, "Who are you?", "I am the ferry desk. How can I help you today?"}};
        std::string config = kDefaults;
        config.replace(config.find("\"rank\":16"), 9, "\"rank\":" + std::to_string(rank));
        config.replace(config.find("\"fine-tune\""), 11, "\"" + name + "\"");
        config.replace(config.find("\"model\":\"\""), 10, "\"model\":\"tiny\"");
        configs[id] = config;
        runs.insert(runs.begin(), run);
    }
    void write(const std::string& line)
    {
        const std::lock_guard lock(mutex);
        log.push_back(line);
    }
    std::vector<std::string> written()
    {
        const std::lock_guard lock(mutex);
        return log;
    }
    api::RunEntry* find(const std::string& id)
    {
        for (api::RunEntry& run : runs)
            if (run.id == id)
                return &run;
        return nullptr;
    }

private:
    void hold(const std::stop_token& stop, const ByteProgress& onRead) const
    {
        if (holdsReading)
            onRead(430'000, 1'000'000);
        while (holdsReading && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    static std::string nameIn(const std::string& config)
    {
        size_t from = std::string::npos; // the optimizer has a name too
        for (size_t next = config.find("\"name\":\""); next != std::string::npos; next = config.find("\"name\":\"", next + 1))
            if (config.compare(next, 14, "\"name\":\"adamw\"") != 0)
                from = next + 8;
        return from == std::string::npos ? std::string() : config.substr(from, config.find('"', from) - from);
    }
    api::FineTuneResult go(const std::string& id, int from, std::stop_token stop, const api::FineTuneEvents& events);
    int m_nMade = 0;
};

inline api::FineTuneResult FakeTraining::go(const std::string& id, int from, std::stop_token stop, const api::FineTuneEvents& events)
{
    events.onStart(id);
    api::FineTuneResult result{.run = id, .adapter = "/runs/" + id + "/adapter.gguf"};
    for (int i = from; i <= nSteps; ++i) {
        if (stop.stop_requested()) {
            result.end = api::FineTuneResult::End::stopped;
            break;
        }
        std::this_thread::sleep_for(perStep);
        api::FineTuneStep step = stepAt(i, nSteps);
        if (hasExperts)
            step.experts = api::FineTuneExperts{1 + 1.0 / i, i % 2 == 0 ? 0.125 : 0};
        {
            const std::lock_guard lock(mutex);
            steps[id].push_back(step);
            api::RunEntry* run = find(id);
            run->step = i;
            run->steps = nSteps;
            run->finalLoss = step.loss;
            (run->isWhole ? run->trainedModel : run->adapter) = std::filesystem::path("/runs") / id / (run->isWhole ? "model.gguf" : "adapter.gguf");
        }
        events.onStep(step);
        if (step.isCheckpoint)
            events.onSample({step.step, "Who are you?", "I am step " + std::to_string(step.step) + "."});
        if (i == 3 && inTraining)
            inTraining();
        while (i == 3 && isHeld && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        result.steps = i;
        result.finalLoss = step.loss;
    }
    const std::lock_guard lock(mutex);
    find(id)->state = result.end == api::FineTuneResult::End::done ? api::RunEntry::State::done : api::RunEntry::State::stopped;
    return result;
}

inline FineTuneFunctions FakeTraining::functions()
{
    return {
        .complete =
            [this](const std::string& config, const std::string& source) {
                if (!knowsPreferences && config.find("\"dpo\"") != std::string::npos)
                    throw BadFile(source, "objective is not known");
                if (!knowsPreferences && config.find("\"orpo\"") != std::string::npos)
                    throw BadFile(source, "objective is not known");
                return std::string(kDefaults);
            },
        .plan =
            [this](const std::string& config, const std::string&, std::stop_token stop, const ByteProgress& onRead) {
                {
                    const std::lock_guard lock(mutex);
                    log.push_back("plan");
                    planned.push_back(config);
                }
                if (beforePlan)
                    beforePlan();
                hold(stop, onRead);
                if (stop.stop_requested())
                    throw Cancelled();
                return plan;
            },
        .measure =
            [this](const std::string&, const std::string&, std::stop_token stop) {
                write("measure");
                if (inMeasure)
                    inMeasure(stop);
                return speed;
            },
        .columns =
            [this](const std::filesystem::path& file, std::stop_token) {
                const std::lock_guard lock(mutex);
                const auto known = columns.find(file.string());
                return known != columns.end() ? known->second : api::DataColumns{"messages", {"messages"}, {}};
            },
        .train =
            [this](const std::string& config, const std::string&, std::stop_token stop, const api::FineTuneEvents& events) {
                const std::string name = nameIn(config);
                write("train " + name);
                if (beforeTraining)
                    beforeTraining();
                hold(stop, events.onRead);
                if (stop.stop_requested())
                    throw Cancelled();
                const std::string id = "run-" + std::to_string(++m_nMade);
                {
                    const std::lock_guard lock(mutex);
                    runs.insert(runs.begin(), {.state = api::RunEntry::State::running, .id = id, .name = name, .model = "tiny", .startedAt = std::chrono::system_clock::now(), .isWhole = config.find("\"method\":\"full\"") != std::string::npos});
                    configs[id] = config;
                }
                return go(id, 1, stop, events);
            },
        .resume =
            [this](const std::string& id, std::stop_token stop, const api::FineTuneEvents& events) {
                write("resume " + id);
                int from = 1;
                {
                    const std::lock_guard lock(mutex);
                    find(id)->state = api::RunEntry::State::running;
                    from = int(find(id)->step) + 1;
                }
                return go(id, from, stop, events);
            },
        .list =
            [this] {
                const std::lock_guard lock(mutex);
                return runs;
            },
        .config =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                return configs[id];
            },
        .steps =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                return steps[id];
            },
        .samples =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                return samples[id];
            },
        .checkpoints =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                std::vector<api::RunCheckpoint> found;
                for (const api::FineTuneStep& step : steps[id])
                    if (step.isCheckpoint)
                        found.insert(found.begin(), {.step = step.step, .loss = step.loss, .evalLoss = step.evalLoss, .isUsed = used.contains(id) && used[id] == step.step, .bytes = 55'000'000});
                if (found.size() > 3)
                    found.resize(3);
                if (!found.empty()) {
                    found.front().isUsed = !used.contains(id);
                    found.back().isBest = true;
                }
                return found;
            },
        .useCheckpoint =
            [this](const std::string& id, int64_t step) {
                const std::lock_guard lock(mutex);
                used[id] = step;
                find(id)->usedStep = step;
            },
        .setName =
            [this](const std::string& id, const std::string& name) {
                const std::lock_guard lock(mutex);
                find(id)->name = name;
            },
        .setNotes =
            [this](const std::string& id, const std::string& notes) {
                const std::lock_guard lock(mutex);
                find(id)->notes = notes;
            },
        .remove =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                away.push_back(*find(id));
                std::erase_if(runs, [&](const api::RunEntry& run) { return run.id == id; });
            },
        .restore =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                runs.insert(runs.begin(), away.back());
                away.pop_back();
                return id;
            },
    };
}

} // namespace sy::app::test
