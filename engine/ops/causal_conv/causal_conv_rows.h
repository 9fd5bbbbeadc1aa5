// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// One row: inputs[j] is the row that weight row j meets.
template <class Level>
void causalConvRow(const float* const* inputs, const float* weight, int kernel, int64_t nChannels, float* y) noexcept;

/// Some channels of one text, for the gradient. Rows of x, dy, dx, weight and dWeight are `stride` apart; pointers are to
/// the first channel of the job.
struct CausalConvGrad {
    const float* x; // of the text's first token
    const float* dy;
    float* dx;
    const float* weight; // (kernel, channels)
    float* dWeight;      // is added to; or null
    int64_t stride;
    int64_t nTokens;
    int kernel;
    int nChannels;
};

template <class Level>
void causalConvGradChannels(const CausalConvGrad& job) noexcept;

} // namespace sy::ops
