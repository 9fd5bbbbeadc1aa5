// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/weights.h"
#include "engine/ops/rope/rope.h"

#include <string>

namespace sy::nn {

struct RopeOptions {
    double base = 0;      // 0: the file's
    bool isScaled = true; // false: a window's layers in a model whose other layers have an extended context
};

/// RoPE as a file describes it: ARCHITECTURE.rope.dimension_count, freq_base and scaling (none, linear, yarn, longrope), and the
/// divisors in rope_freqs.weight (Llama 3's scaling) or rope_factors_long and rope_factors_short. Throws BadFile for values that
/// make no sense and Unsupported for a scaling method that is not implemented.
///
/// YaRN multiplies cosines and sines by 1 + 0.1 ln(factor), except where the file has rope.scaling.yarn_log_multiplier: such models
/// (DeepSeek) scale their scores instead, by yarnScoreFactor().
ops::RopeConfig loadRope(WeightReader& weights, const std::string& architecture, ops::RopeLayout layout, int headDim,
                         const RopeOptions& options = {});

/// What DeepSeek's attention multiplies its scale with: (1 + yarn_log_multiplier * ln(factor))², 0.1 where the file has no
/// multiplier; 1 without YaRN.
double yarnScoreFactor(const formats::Metadata& metadata, const std::string& architecture);

} // namespace sy::nn
