// SPDX-License-Identifier: GPL-3.0-or-later
// One row of a block of scores: one query, up to a block of keys, of which first ... last - 1 are seen.
#pragma once

#include "engine/cpu/level.h"

#include <cstdint>

namespace sy::ops {

struct AttentionGradKernels {
    /// One step of the online softmax: scores become weights exp(score - largest), zero where nothing is seen; `largest` and
    /// `sum` go on. Returns what earlier weights and the values they brought must be multiplied with.
    float (*softmaxStep)(float* scores, int first, int last, int n, float* largest, float* sum) noexcept;
    /// scores become weights exp(score - logSum).
    void (*weigh)(float* scores, int first, int last, int n, float logSum) noexcept;
    /// dWeights become the gradients of the unscaled scores: weight * (dWeight - delta) * scale.
    void (*scoreGrad)(const float* weights, float* dWeights, float delta, float scale, int n) noexcept;
    /// x *= factor
    void (*scale)(float* x, float factor, int64_t n) noexcept;
};

AttentionGradKernels scalarAttentionGradKernels();
#if defined(__x86_64__)
AttentionGradKernels avx2AttentionGradKernels();
AttentionGradKernels avx512AttentionGradKernels();
#endif

} // namespace sy::ops
