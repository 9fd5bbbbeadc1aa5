// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/gated_delta/gated_delta_columns.h"

namespace sy::ops {

/// Some columns of one head over some tokens, walked backwards.
struct DeltaGradTokens : DeltaTokens {
    const float* states; // (nTokens, keyDim, nColumns): the memory before each token
    const float* dOut;   // of the first token
    int64_t outStride;
    float* dState; // (keyDim, nColumns): of the memory behind the last token; of that before the first one afterwards
    float* dq;     // of normalized queries, qkvStride apart; are added to
    float* dk;
    float* dv;     // are set
    float* dDecay; // of g, gateStride apart; are added to
    float* dBeta;
    float* scratch; // 3 * nColumns
};

template <class Level>
void deltaGradTokens(const DeltaGradTokens& job) noexcept;

} // namespace sy::ops
