// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine_state.h"
#include "engine/api/library.h"
#include "engine/api/run_folder.h"
#include "engine/api/runs.h"
#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/formats/model_file.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/model_table.h"
#include "engine/models/peft_adapter.h"
#include "engine/train/checkpoint_file.h"
#include "engine/train/new_adapter.h"
#include "engine/train/trainer.h"

#include <algorithm>
#include <cmath>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMostConfigBytes = 16 << 20;

std::vector<fs::path> checkpointsOf(const fs::path& folder)
{
    return train::checkpointsIn(folder / "checkpoints");
}

} // namespace

std::vector<RunCheckpoint> runCheckpoints(Engine& engine, const std::string& id)
{
    const fs::path folder = folderOf(engine.dataDir(), id);
    const std::vector<FineTuneStep> steps = runSteps(engine, id);
    const auto status = readRunStatus(folder);
    const auto used = usedAdapterIn(folder);
    std::vector<RunCheckpoint> found;
    for (const fs::path& path : checkpointsOf(folder)) {
        RunCheckpoint c;
        c.step = train::checkpointStep(path);
        std::error_code ignored;
        c.bytes = fs::file_size(path, ignored);
        const auto step = std::ranges::find(steps, c.step, &FineTuneStep::step);
        if (step != steps.end()) {
            if (std::isfinite(step->loss))
                c.loss = step->loss;
            c.evalLoss = step->evalLoss;
        }
        c.isBest = status && status->bestEvalLoss && status->bestStep == c.step;
        c.isUsed = used && used->first == c.step;
        found.insert(found.begin(), c);
    }
    if (!used && !found.empty() && !adapterIn(folder, "adapter").empty())
        found.front().isUsed = true;
    return found;
}

void useCheckpoint(Engine& engine, const std::string& id, int64_t step)
{
    const fs::path folder = folderOf(engine.dataDir(), id);
    const auto lock = FileLock::tryLock(folder / "lock");
    if (!lock)
        throw Unsupported("changing the adapter of the run " + id, "it is being trained");
    const std::vector<fs::path> all = checkpointsOf(folder);
    const auto chosen = std::ranges::find(all, step, train::checkpointStep);
    if (chosen == all.end())
        throw StorageFailure((folder / "checkpoints" / train::checkpointName(step)).string(), "reading the checkpoint",
                             "it is not there any more");
    if (chosen + 1 == all.end()) {
        dropUsedAdapter(folder);
        return;
    }
    // The adapter is made as the run made its own, not from adapter.gguf: GGUF has one alpha for all matrices, and what does
    // not fit it lies in the values.
    const std::string source = (folder / "config.json").string();
    const train::RunConfig config = train::parseRunConfig(formats::readTextFile(source, kMostConfigBytes), source);
    if (config.isWhole())
        throw Unsupported("using another checkpoint of the run " + id,
                          "it trained the model itself, of which its folder has the last and the best");
    const auto model = models::loadModel(formats::openModelFile(engine.library().resolve(config.model), {}));
    const auto& processor = engine.state().processor;
    std::optional<nn::Adapter> initial;
    if (!config.adapter.initial.empty()) {
        const fs::path path = adapterIn(folder, "initial");
        initial = fs::is_directory(path) ? models::readPeftAdapter(path, *model) : models::readGgufAdapter(path, *model);
    }
    train::TrainedSet set;
    std::optional<train::ExpertChoice> experts;
    if (config.adapter.experts != train::RunConfig::Adapter::Experts::all)
        experts = readExperts(folder);
    {
        const generate::StepLock::Turn turn(processor->stepLock);
        set = train::firstUpdates({processor->pool}, *model, config, initial ? &*initial : nullptr,
                                  experts ? &*experts : nullptr);
    }
    train::readCheckpointValues(*chosen, set);
    // Under another name first: a full disk leaves the choice as it was.
    const fs::path made = writeAdapterIn(folder, "choosing", *model, train::snapshot(set), config.model);
    dropUsedAdapter(folder);
    std::error_code failed;
    fs::rename(made, folder / ("used-" + std::to_string(step) + made.extension().string()), failed);
    if (failed)
        throw StorageFailure(made.string(), "writing the file", failed.message());
}

} // namespace sy::api
