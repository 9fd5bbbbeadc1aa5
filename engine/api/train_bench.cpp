// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/bench.h"
#include "engine/api/loaded_model.h"
#include "engine/api/training_material.h"

#include <utility>

namespace sy::api {

TrainBenchResult benchTraining(Engine& engine, const std::filesystem::path& model, const TrainBenchOptions& options,
                               std::stop_token stop)
{
    constexpr int64_t kEveryVocabulary = 250; // has as many tokens
    train::RunConfig config;
    config.model = model.string();
    config.adapter.rank = options.rank;
    config.adapter.alpha = double(2 * options.rank);
    config.batch.contextLength = options.contextLength;
    config.batch.sequences = 1;
    config.activationCheckpointing = options.hasCheckpoints;
    const auto nTokens = size_t(options.contextLength);
    const train::TrainingText text{someTokens(options.contextLength, kEveryVocabulary), std::vector<uint8_t>(nTokens, 1)};
    TrainingMaterial material(engine, config, text, stop);
    material.pack(stop);
    train::Trainer trainer = material.trainer(config, {}, nullptr);
    trainer.shareProcessor(material.stepLock());
    std::vector<double> perSecond;
    for (int i = 0; i < options.nRepeat; ++i) {
        const train::StepCost cost = trainer.measure(options.contextLength, stop);
        perSecond.push_back(1 / (cost.secondsPerToken + cost.secondsPerUpdate / double(nTokens)));
    }
    return {spreadOf(std::move(perSecond)), peakBytesOfProcess()};
}

} // namespace sy::api
