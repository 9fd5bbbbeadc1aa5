// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/weights.h"
#include "engine/ops/rope/rope.h"

#include <string>

namespace sy::nn {

/// RoPE as a file describes it: ARCHITECTURE.rope.dimension_count, freq_base and scaling, and the divisors in
/// rope_freqs.weight. Throws BadFile for values that make no sense and Unsupported for a scaling method that is not implemented.
ops::RopeConfig loadRope(WeightReader& weights, const std::string& architecture, ops::RopeLayout layout, int headDim);

} // namespace sy::nn
