// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/fine_tune.h"

#include "engine/api/loaded_model.h"
#include "engine/api/run_folder.h"
#include "engine/api/training_material.h"
#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/models/gguf_adapter.h"
#include "engine/train/new_adapter.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMostConfigBytes = 16 << 20;

FileLock lockRun(const fs::path& folder)
{
    auto lock = FileLock::tryLock(folder / "lock");
    if (!lock)
        throw Unsupported("training the run " + folder.filename().string(), "it is being trained already");
    return std::move(*lock);
}

// One call that trains a run, and what it leaves in the run's folder.
class Call {
public:
    Call(TrainingMaterial& material, const train::RunConfig& config, fs::path folder, const FineTuneEvents& events)
        : m_material(material), m_folder(std::move(folder)), m_events(events),
          m_trainer(material.trainer(config, m_folder)), m_metrics(m_folder / "metrics.jsonl")
    {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        m_status.startedAt = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    }

    FineTuneResult run(bool resumes, std::stop_token stop)
    {
        if (resumes)
            resume();
        m_status.state = RunEntry::State::running;
        m_status.steps = m_trainer.nSteps();
        writeStatus();
        if (m_events.onStart)
            m_events.onStart(m_folder.filename().string());
        m_material.pack();
        const train::RunEnd end = m_trainer.run(stop, {[this](const auto& report) { onStep(report); },
                                                       [this](const auto& report) { onCheckpoint(report); },
                                                       [this](const auto& report) { onEvaluated(report); }});
        writeAdapter("adapter.gguf");
        m_status.state = end == train::RunEnd::done      ? RunEntry::State::done
                         : end == train::RunEnd::stopped ? RunEntry::State::stopped
                                                         : RunEntry::State::diverged;
        writeStatus();
        FineTuneResult result;
        result.end = FineTuneResult::End(int(end));
        result.run = m_folder.filename().string();
        result.adapter = m_folder / "adapter.gguf";
        result.steps = m_status.step;
        result.finalLoss = m_status.finalLoss;
        result.bestEvalLoss = m_status.bestEvalLoss;
        result.seconds = m_status.seconds;
        result.peakBytes = peakBytesOfProcess();
        return result;
    }

private:
    void resume()
    {
        m_trainer.resume();
        m_metrics.keepUpTo(m_trainer.state().step);
        if (const auto before = readRunStatus(m_folder)) {
            m_status.startedAt = before->startedAt;
            m_status.secondsBefore = before->secondsBefore + before->seconds;
            m_status.peakBytes = before->peakBytes;
        }
    }

    double seconds() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
    }

    FineTuneStep stepOf(const train::StepReport& r) const
    {
        return {r.step,     r.nSteps,      r.loss,    r.learningRate, r.gradientNorm, r.tokensPerSecond,
                r.isSkipped, r.evalLoss, memoryState().processBytes, seconds(), r.isCheckpoint};
    }

    void onStep(const train::StepReport& report)
    {
        if (report.isBest)
            writeAdapter("best.gguf");
        const FineTuneStep step = stepOf(report);
        m_metrics.add(toJson(step));
        if (m_events.onStep)
            m_events.onStep(step);
    }

    // The last line of the metrics gets what it could not have yet when the run was stopped.
    void onEvaluated(const train::StepReport& report)
    {
        if (report.isBest)
            writeAdapter("best.gguf");
        const auto line = JsonLines::readLast(m_folder / "metrics.jsonl");
        if (!line)
            return;
        nlohmann::ordered_json whole = *line;
        whole["evalLoss"] = *report.evalLoss;
        m_metrics.keepUpTo(report.step - 1);
        m_metrics.add(whole);
    }

    void onCheckpoint(const train::StepReport&)
    {
        writeAdapter("adapter.gguf");
        writeStatus();
    }

    void writeAdapter(const char* name)
    {
        models::writeGgufAdapter(m_folder / name, m_material.model(), train::snapshot(m_trainer.trained()));
    }

    void writeStatus()
    {
        const train::RunState& state = m_trainer.state();
        m_status.step = state.step;
        m_status.seconds = seconds();
        m_status.bestEvalLoss = state.bestEvalLoss;
        m_status.bestStep = state.bestStep;
        m_status.peakBytes = std::max(m_status.peakBytes, peakBytesOfProcess());
        const auto last =
            std::find_if(state.losses.rbegin(), state.losses.rend(), [](float loss) { return std::isfinite(loss); });
        m_status.finalLoss = last == state.losses.rend() ? 0 : double(*last);
        writeRunStatus(m_folder, m_status);
    }

    TrainingMaterial& m_material;
    fs::path m_folder;
    const FineTuneEvents& m_events;
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    train::Trainer m_trainer;
    JsonLines m_metrics;
    RunStatus m_status;
};

} // namespace

std::string completeFineTuneConfig(const std::string& config, const std::string& source)
{
    train::RunConfig parsed = train::parseRunConfig(config, source);
    const auto makeAbsolute = [](std::string& path) { path = fs::absolute(path).lexically_normal().string(); };
    for (train::DataFile& file : parsed.data)
        makeAbsolute(file.path);
    if (!parsed.evaluation.path.empty())
        makeAbsolute(parsed.evaluation.path);
    return train::toJson(parsed).dump(2) + "\n";
}

FineTuneResult fineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                        const FineTuneEvents& events)
{
    const std::string complete = completeFineTuneConfig(config, source);
    const train::RunConfig parsed = train::parseRunConfig(complete, source);
    TrainingMaterial material(engine, parsed, source, stop);
    material.trainer(parsed, {}); // what cannot be trained is said before there is a folder
    const fs::path folder = newRunFolder(engine.dataDir(), parsed.name);
    const FileLock lock = lockRun(folder);
    writeTextFile(folder / "config.json", complete);
    return Call(material, parsed, folder, events).run(false, stop);
}

FineTuneResult resumeFineTune(Engine& engine, const std::string& run, std::stop_token stop, const FineTuneEvents& events)
{
    const fs::path folder = folderOf(engine.dataDir(), run);
    const FileLock lock = lockRun(folder);
    const std::string source = (folder / "config.json").string();
    const train::RunConfig parsed = train::parseRunConfig(formats::readTextFile(source, kMostConfigBytes), source);
    TrainingMaterial material(engine, parsed, source, stop);
    return Call(material, parsed, folder, events).run(true, stop);
}

} // namespace sy::api
