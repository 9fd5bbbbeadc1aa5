// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/feed_forward.h"

#include "engine/ops/matmul/matmul.h"

namespace sy::nn {

GatedFeedForward loadGatedFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t ffnDim)
{
    return {weights.matrix(prefix + "ffn_gate.weight", ffnDim, dim), weights.matrix(prefix + "ffn_up.weight", ffnDim, dim),
            weights.matrix(prefix + "ffn_down.weight", dim, ffnDim)};
}

void addFeedForward(const ops::OpContext& context, const GatedFeedForward& f, const Tensor& normed, Tensor& residual)
{
    const Tensor hidden = ops::matmulSwiglu(context, ops::MatmulInput(normed), f.gate, f.up);
    ops::matmulAdd(context, ops::MatmulInput(hidden), f.down, {}, residual);
}

} // namespace sy::nn
