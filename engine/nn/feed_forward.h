// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/weights.h"
#include "engine/ops/op_context.h"

#include <string>

namespace sy::nn {

/// W_down (SiLU(W_gate x) * W_up x). Shazeer 2020, arXiv:2002.05202.
struct GatedFeedForward {
    Tensor gate; // (ffn, dim)
    Tensor up;   // (ffn, dim)
    Tensor down; // (dim, ffn)
};

/// PREFIXffn_gate, ffn_up and ffn_down.
GatedFeedForward loadGatedFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t ffnDim);

/// residual (rows, dim) += feedForward(normed (rows, dim)).
void addFeedForward(const ops::OpContext& context, const GatedFeedForward& feedForward, const Tensor& normed, Tensor& residual);

} // namespace sy::nn
