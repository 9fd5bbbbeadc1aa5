// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/fine_tune.h"

#include "engine/api/loaded_model.h"
#include "engine/api/memory_plan.h"
#include "engine/api/models.h"
#include "engine/api/run_folder.h"
#include "engine/api/training_material.h"
#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/models/adapter_binding.h"
#include "engine/train/new_adapter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMostConfigBytes = 16 << 20;
constexpr const char* kInitial = "initial"; // a copy: what a run began with may be removed

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
        : m_material(material), m_config(config), m_folder(std::move(folder)), m_events(events),
          m_trainer(trainerOf(material, config, m_folder)), m_metrics(m_folder / "metrics.jsonl"),
          m_samples(m_folder / "samples.jsonl")
    {
        m_trainer.shareProcessor(material.stepLock());
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        m_status.startedAt = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    }

    FineTuneResult run(bool resumes, std::stop_token stop)
    {
        m_material.readWeights(m_trainer, m_config, stop);
        if (resumes)
            resume();
        m_status.state = RunEntry::State::running;
        m_status.steps = m_trainer.nSteps();
        writeStatus();
        if (m_events.onStart)
            m_events.onStart(m_folder.filename().string());
        m_stop = stop;
        if (resumes)
            finishSamples();
        const train::RunEnd end = m_trainer.run(stop, {[this](const auto& report) { onStep(report); },
                                                       [this](const auto& report) { onCheckpoint(report); },
                                                       [this](const auto& report) { onEvaluated(report); }});
        const fs::path trained = writeTrained(Kind::latest);
        m_status.state = end == train::RunEnd::done      ? RunEntry::State::done
                         : end == train::RunEnd::stopped ? RunEntry::State::stopped
                                                         : RunEntry::State::diverged;
        writeStatus();
        FineTuneResult result;
        result.end = FineTuneResult::End(int(end));
        result.run = m_folder.filename().string();
        (m_config.isWhole() ? result.trainedModel : result.adapter) = trained;
        result.steps = m_status.step;
        result.finalLoss = m_status.finalLoss;
        result.bestEvalLoss = m_status.bestEvalLoss;
        result.seconds = m_status.seconds;
        result.peakBytes = peakBytesOfProcess();
        return result;
    }

private:
    // What it goes on from was put beside the configuration when the run began.
    static train::Trainer trainerOf(TrainingMaterial& material, const train::RunConfig& config, const fs::path& folder)
    {
        if (!startsFromAdapter(config))
            return material.trainer(config, folder, nullptr);
        const nn::Adapter initial = material.readAdapter(adapterIn(folder, kInitial));
        return material.trainer(config, folder, &initial);
    }

    void resume()
    {
        m_trainer.resume();
        dropUsedAdapter(m_folder); // what goes on is the newest
        m_metrics.keepUpTo(m_trainer.state().step);
        m_samples.keepUpTo(m_trainer.state().step);
        if (const auto before = readRunStatus(m_folder)) {
            m_status.startedAt = before->startedAt;
            m_status.secondsBefore = before->secondsBefore + before->seconds;
            m_status.peakBytes = before->peakBytes;
        }
    }

    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

    FineTuneStep stepOf(const train::StepReport& r) const
    {
        return {r.step,
                r.nSteps,
                r.loss,
                r.learningRate,
                r.gradientNorm,
                r.tokensPerSecond,
                r.isSkipped,
                r.evalLoss,
                memoryState().processBytes,
                seconds(),
                r.isCheckpoint,
                r.experts ? std::optional(FineTuneExperts{r.experts->heaviest, r.experts->idleShare}) : std::nullopt};
    }

    void onStep(const train::StepReport& report)
    {
        if (report.isBest)
            writeTrained(Kind::best);
        const FineTuneStep step = stepOf(report);
        m_metrics.add(toJson(step));
        if (m_events.onStep)
            m_events.onStep(step);
        sample(report.step);
    }

    bool isSampled(int64_t step) const
    {
        return step > 0 && !m_config.samples.prompts.empty() &&
               (step % m_config.samples.everySteps == 0 || step == m_trainer.nSteps());
    }

    // Throws Cancelled: the step before stays done, and its answers are given again by the call that goes on.
    void sample(int64_t step)
    {
        if (!isSampled(step))
            return;
        nn::Adapter adapter = train::snapshot(m_trainer.trained());
        models::bindAdapter(m_material.context(), m_material.model(), adapter, "the run");
        for (const std::string& prompt : m_config.samples.prompts) {
            const FineTuneSample answer{step, prompt,
                                        m_material.answer(adapter, prompt, m_config.samples.maxTokens, m_stop)};
            m_samples.add(toJson(answer));
            if (m_events.onSample)
                m_events.onSample(answer);
        }
    }

    // The answers of the step that the run goes on from, unless they are all there.
    void finishSamples()
    {
        const int64_t step = m_trainer.state().step;
        const auto lines = JsonLines::read(m_folder / "samples.jsonl");
        const auto nThere = std::ranges::count_if(lines, [&](const auto& line) { return line.value("step", -1) == step; });
        if (size_t(nThere) >= m_config.samples.prompts.size())
            return;
        m_samples.keepUpTo(step - 1);
        try {
            sample(step);
        } catch (const Cancelled&) { // told by the trainer at once
        }
    }

    // The last line of the metrics gets what it could not have yet when the run was stopped.
    void onEvaluated(const train::StepReport& report)
    {
        if (report.isBest)
            writeTrained(Kind::best);
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
        writeTrained(Kind::latest);
        writeStatus();
    }

    enum class Kind { latest, best };
    fs::path writeTrained(Kind kind)
    {
        if (!m_config.isWhole())
            return writeAdapterIn(m_folder, kind == Kind::best ? "best" : "adapter", m_material.model(),
                                  train::snapshot(m_trainer.trained()), m_config.model);
        const fs::path path = m_folder / (kind == Kind::best ? kBestModel : kTrainedModel);
        m_material.writeModel(path, m_config.name);
        return path;
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
    const train::RunConfig& m_config;
    fs::path m_folder;
    const FineTuneEvents& m_events;
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    train::Trainer m_trainer;
    JsonLines m_metrics, m_samples;
    std::stop_token m_stop;
    RunStatus m_status;
};

} // namespace

std::string completeFineTuneConfig(const std::string& config, const std::string& source)
{
    train::RunConfig parsed = train::parseRunConfig(config, source);
    const auto makeAbsolute = [](std::string& path) { path = fs::absolute(path).lexically_normal().string(); };
    for (train::DataFile& file : parsed.data)
        makeAbsolute(file.path);
    std::error_code ignored;
    if (fs::exists(parsed.model, ignored)) // else the id or name of one
        makeAbsolute(parsed.model);
    if (!parsed.evaluation.path.empty())
        makeAbsolute(parsed.evaluation.path);
    return train::toJson(parsed).dump(2) + "\n";
}

FineTuneResult fineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                        const FineTuneEvents& events)
{
    const std::string complete = completeFineTuneConfig(config, source);
    const train::RunConfig parsed = train::parseRunConfig(complete, source);
    TrainingMaterial material(engine, parsed, source, stop, events.onRead);
    material.chooseExperts(engine, parsed, stop);
    const std::optional<nn::Adapter> initial = material.readInitial(engine, parsed, source);
    requireMemory(material, parsed, initial ? &*initial : nullptr, engine.models().memory()); // said before there is a folder
    const fs::path folder = newRunFolder(engine.dataDir(), parsed.name);
    const FileLock lock = lockRun(folder);
    if (initial)
        writeAdapterIn(folder, kInitial, material.model(), *initial, parsed.model);
    if (material.experts())
        writeExperts(folder, *material.experts());
    writeTextFile(folder / "config.json", complete);
    material.pack(stop);
    return Call(material, parsed, folder, events).run(false, stop);
}

FineTuneResult resumeFineTune(Engine& engine, const std::string& run, std::stop_token stop, const FineTuneEvents& events)
{
    const fs::path folder = folderOf(engine.dataDir(), run);
    const FileLock lock = lockRun(folder);
    const std::string source = (folder / "config.json").string();
    const train::RunConfig parsed = train::parseRunConfig(formats::readTextFile(source, kMostConfigBytes), source);
    TrainingMaterial material(engine, parsed, source, stop, events.onRead);
    if (parsed.adapter.experts != train::RunConfig::Adapter::Experts::all)
        material.setExperts(readExperts(folder));
    const auto initial =
        startsFromAdapter(parsed) ? std::optional(material.readAdapter(adapterIn(folder, kInitial))) : std::nullopt;
    requireMemory(material, parsed, initial ? &*initial : nullptr, engine.models().memory());
    material.pack(stop);
    return Call(material, parsed, folder, events).run(true, stop);
}

} // namespace sy::api
