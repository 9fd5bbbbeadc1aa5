// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

namespace sy::api {

class Engine;

struct TrainBenchOptions {
    int64_t contextLength = 512; // tokens of the one text of a step
    int64_t rank = 16;           // of an adapter on all linear layers
    int nRepeat = 3;
    bool hasCheckpoints = true; // activation checkpointing
};
struct TrainBenchResult {
    BenchResult::Spread trainTokensPerSecond{}; // of whole steps, the optimizer's part included
    uint64_t peakBytes = 0;
};

/// Steps of a fine-tune as `finetune` takes them, of a model that is loaded for it alone. Throws as fineTune() does.
TrainBenchResult benchTraining(Engine& engine, const std::filesystem::path& model, const TrainBenchOptions& options,
                               std::stop_token stop = {});

// For the benchmarks here.

/// Of at least one value.
BenchResult::Spread spreadOf(std::vector<double> values);

/// Any tokens do: a dense model's time does not depend on them.
std::vector<int32_t> someTokens(int64_t n, int64_t nVocabulary);

} // namespace sy::api
