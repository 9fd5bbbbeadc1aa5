// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

inline constexpr int kDeltaColumns = 64; // of a head's memory that one job takes: columns do not depend on each other
inline constexpr int kMostDeltaKey = 512;

/// Some columns of one head over the tokens of one sequence.
struct DeltaColumns {
    const float* q; // of the first token; the next is qkvStride further
    const float* k;
    const float* v; // of the first column
    int64_t qkvStride;
    const float* decay; // e^g of the first token; the next is gateStride further
    const float* beta;
    int64_t gateStride;
    int64_t nTokens;
    int keyDim;
    int nColumns; // at most kDeltaColumns
    float epsilon;
    float* state; // (keyDim, nColumns), stateStride from row to row
    int64_t stateStride;
    float* out; // of the first token and column
    int64_t outStride;
};

template <class Level>
void deltaColumns(const DeltaColumns& job) noexcept;

} // namespace sy::ops
