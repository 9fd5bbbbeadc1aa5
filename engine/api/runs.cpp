// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/runs.h"

#include "engine/api/engine_state.h"
#include "engine/api/run_folder.h"
#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

using State = RunEntry::State;
using nlohmann::json;

constexpr uint64_t kMostBytes = 16 << 20; // of a configuration

std::string textOf(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double numberOf(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

int64_t wholeOf(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

bool isSet(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && *found == true;
}

json readObject(const fs::path& path)
{
    try {
        json object = formats::readJson(path, kMostBytes);
        return object.is_object() ? object : json();
    } catch (const Error&) {
        return {};
    }
}

FineTuneStep stepOf(const json& line)
{
    FineTuneStep s;
    s.step = wholeOf(line, "step");
    s.steps = wholeOf(line, "steps");
    s.loss = numberOf(line, "loss"); // a loss that was no number is null
    s.learningRate = numberOf(line, "learningRate");
    s.gradientNorm = numberOf(line, "gradientNorm");
    s.tokensPerSecond = numberOf(line, "tokensPerSecond");
    s.seconds = numberOf(line, "seconds");
    s.residentBytes = uint64_t(wholeOf(line, "residentBytes"));
    if (line.contains("evalLoss"))
        s.evalLoss = numberOf(line, "evalLoss");
    s.isSkipped = isSet(line, "skipped");
    s.isCheckpoint = isSet(line, "checkpoint");
    if (line.contains("heaviestExpert"))
        s.experts = FineTuneExperts{numberOf(line, "heaviestExpert"), numberOf(line, "idleExperts")};
    return s;
}

fs::path fileIn(const fs::path& folder, const char* name)
{
    std::error_code ignored;
    return fs::exists(folder / name, ignored) ? folder / name : fs::path();
}

std::optional<RunEntry> entryOf(const fs::path& folder)
{
    const json config = readObject(folder / "config.json");
    if (config.is_null())
        return {};
    RunEntry entry;
    entry.id = folder.filename().string();
    entry.model = textOf(config, "model");
    const json about = readObject(folder / "about.json");
    entry.name = about.is_object() && about.contains("name") ? textOf(about, "name") : textOf(config, "name");
    if (about.is_object())
        entry.notes = textOf(about, "notes");
    entry.adapter = adapterIn(folder, "adapter");
    const auto adapter = config.find("adapter");
    entry.isWhole = adapter != config.end() && adapter->is_object() && textOf(*adapter, "method") == "full";
    entry.trainedModel = fileIn(folder, kTrainedModel);
    if (const auto used = usedAdapterIn(folder)) {
        entry.usedStep = used->first;
        entry.adapter = used->second;
    }
    const bool isTrained = FileLock::isHeld(folder / "lock");
    if (const auto status = readRunStatus(folder)) {
        entry.state = status->state;
        entry.startedAt = std::chrono::system_clock::time_point(std::chrono::seconds(status->startedAt));
        entry.step = status->step;
        entry.steps = status->steps;
        entry.seconds = status->secondsBefore + status->seconds;
        entry.finalLoss = status->finalLoss;
        entry.bestEvalLoss = status->bestEvalLoss;
        entry.bestStep = status->bestStep;
        entry.peakBytes = status->peakBytes;
        if (entry.bestEvalLoss) {
            entry.bestAdapter = adapterIn(folder, "best");
            entry.bestModel = fileIn(folder, kBestModel);
        }
        const auto last = JsonLines::readLast(folder / "metrics.jsonl");
        if (entry.state == State::running && last) {
            const FineTuneStep step = stepOf(*last);
            entry.step = step.step;
            entry.steps = step.steps;
            entry.seconds = status->secondsBefore + step.seconds;
            if (std::isfinite(step.loss))
                entry.finalLoss = step.loss;
            entry.peakBytes = std::max(entry.peakBytes, step.residentBytes);
        }
        if (entry.state == State::running && !isTrained)
            entry.state = State::interrupted;
    }
    if (isTrained)
        entry.state = State::running;
    return entry;
}

void setAbout(Engine& engine, const std::string& id, const char* key, const std::string& value)
{
    const fs::path folder = folderOf(engine.dataDir(), id);
    json about = readObject(folder / "about.json");
    about[key] = value;
    writeTextFile(folder / "about.json", about.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

} // namespace

std::vector<RunEntry> listRuns(Engine& engine)
{
    std::vector<RunEntry> entries;
    std::error_code failed;
    for (fs::directory_iterator it(runsFolder(engine.dataDir()), failed), end; !failed && it != end; it.increment(failed)) {
        if (it->path().filename().string().starts_with('.'))
            continue;
        if (auto entry = entryOf(it->path()))
            entries.push_back(std::move(*entry));
    }
    std::ranges::sort(entries, [](const RunEntry& a, const RunEntry& b) {
        return a.startedAt != b.startedAt ? a.startedAt > b.startedAt : a.id < b.id;
    });
    return entries;
}

std::optional<RunEntry> findRun(Engine& engine, const std::string& id)
{
    try {
        return entryOf(folderOf(engine.dataDir(), id));
    } catch (const StorageFailure&) {
        return {};
    }
}

std::string runConfig(Engine& engine, const std::string& id)
{
    return formats::readTextFile(folderOf(engine.dataDir(), id) / "config.json", kMostBytes);
}

std::vector<FineTuneStep> runSteps(Engine& engine, const std::string& id)
{
    std::vector<FineTuneStep> steps;
    for (const json& line : JsonLines::read(folderOf(engine.dataDir(), id) / "metrics.jsonl"))
        steps.push_back(stepOf(line));
    return steps;
}

std::vector<FineTuneSample> runSamples(Engine& engine, const std::string& id)
{
    std::vector<FineTuneSample> samples;
    for (const json& line : JsonLines::read(folderOf(engine.dataDir(), id) / "samples.jsonl"))
        samples.push_back({wholeOf(line, "step"), textOf(line, "prompt"), textOf(line, "text")});
    return samples;
}

void setRunName(Engine& engine, const std::string& id, const std::string& name)
{
    setAbout(engine, id, "name", name);
}

void setRunNotes(Engine& engine, const std::string& id, const std::string& notes)
{
    setAbout(engine, id, "notes", notes);
}

void removeRun(Engine& engine, const std::string& id)
{
    const fs::path folder = folderOf(engine.dataDir(), id);
    const auto lock = FileLock::tryLock(folder / "lock");
    if (!lock)
        throw Unsupported("removing the run " + id, "it is being trained");
    engine.state().runTrash->put(folder.filename().string());
}

std::string restoreRun(Engine& engine, const std::string& id)
{
    return engine.state().runTrash->restore(id);
}

} // namespace sy::api
