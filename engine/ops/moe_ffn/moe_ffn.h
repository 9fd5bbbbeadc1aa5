// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/op_context.h"
#include "engine/ops/router/router.h"

#include <string>
#include <vector>

namespace sy::ops {

/// One of an expert's three matrices, for all experts: views that lie one after another when the file has them in one
/// tensor.
struct ExpertMatrices {
    std::vector<Tensor> weights; // nExperts matrices (out, in)
    Tensor biases;               // (nExperts, out) f32, or empty
    Tensor scales;               // (nExperts) f32, or empty: factors on the products, as NVFP4 files have them
    std::string name;            // of all together as adapters know them, "blk.0.ffn_gate_exps"
};

struct ExpertWeights {
    ExpertMatrices gate; // (ffn, dim) each
    ExpertMatrices up;   // (ffn, dim)
    ExpertMatrices down; // (dim, ffn)
    GatedActivation activation;
    int nExperts() const { return int(gate.weights.size()); }
};

/// residual[t] += sum over the experts e of token t of weight_e * (W_down_e activation(W_gate_e x_t, W_up_e x_t)).
///
/// Tokens are grouped by expert, so each expert's weights are read once whatever the number of its tokens. A token's sum
/// runs over its experts in rising order: it has the same bits whatever else is in the batch, and at every thread count and
/// CPU level.
///
/// x         (tokens, dim) f32
/// routing   of the same tokens
/// residual  (tokens, dim) f32
///
/// Throws std::invalid_argument when shapes do not fit or an expert does not exist.
void addExperts(const OpContext& context, const MatmulInput& x, const Routing& routing, const ExpertWeights& experts,
                Tensor& residual);

} // namespace sy::ops
