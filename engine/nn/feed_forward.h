// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/op_context.h"

#include <functional>
#include <string>
#include <vector>

namespace sy::nn {

/// W_down (f(W_gate x) * W_up x), f being SiLU unless the activation says otherwise. Shazeer 2020, arXiv:2002.05202.
struct GatedFeedForward {
    Linear gate; // (ffn, dim)
    Linear up;   // (ffn, dim)
    Linear down; // (dim, ffn)
    ops::GatedActivation activation;
    Tensor outputNorm; // (dim) RMS norm of the result before it joins the residual, or empty
    float epsilon = 0; // of that norm
};

/// PREFIXffn_gateSUFFIX, ffn_up and ffn_down: an empty suffix, or _shexp for shared experts.
GatedFeedForward loadGatedFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t ffnDim,
                                      const std::string& suffix = {});

/// residual (rows, dim) += feedForward(normed (rows, dim)).
///
/// parts  how the rows belong to sequences, whose adapters count; none: no adapters
void addFeedForward(const ops::OpContext& context, const GatedFeedForward& feedForward, const Tensor& normed, Tensor& residual,
                    const std::vector<Batch::Part>& parts = {});

/// Calls use() with every matrix.
void eachMatrix(GatedFeedForward& feedForward, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
