// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy {
class Tensor;
}

namespace sy::ops {

struct GatedDeltaConfig;

inline constexpr int kDeltaColumns = 64; // of a head's memory that one job takes: columns do not depend on each other
inline constexpr int kMostDeltaKey = 512;

/// What goes into some columns of one head over some tokens of one sequence.
struct DeltaTokens {
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
};

struct DeltaColumns : DeltaTokens {
    float* state; // (keyDim, nColumns), stateStride from row to row
    int64_t stateStride;
    float* out; // of the first token and column
    int64_t outStride;
};

/// Tokens row ... row + n - 1 and a job's columns of a head from `column` on. factors: e^g of the first token's heads.
DeltaTokens deltaTokens(const GatedDeltaConfig& config, const Tensor& qkv, const Tensor& beta, int64_t row, int64_t n,
                        const float* factors, int64_t head, int64_t column);

template <class Level>
void deltaColumns(const DeltaColumns& job) noexcept;

} // namespace sy::ops
