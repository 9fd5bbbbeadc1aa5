// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/gated_delta/gated_delta.h"

#include <functional>
#include <string>

namespace sy::nn {

/// Gated DeltaNet: a recurrent layer whose memory does not grow with the text. Yang et al. 2024, arXiv:2412.06464; as
/// Qwen 3.5 has it:
///
///     q, k, v = SiLU(causal convolution of W_qkv h)
///     o       = gated delta rule with beta = sigmoid(W_beta h), g = softplus(W_alpha h + dt) * A
///     y       = W_out (norm(o) * SiLU(W_gate h))
struct DeltaNet {
    ops::GatedDeltaConfig config;
    Linear qkv;         // (2 * nKeyHeads * keyDim + nValueHeads * valueDim, dim)
    Linear gate;        // (nValueHeads * valueDim, dim)
    Linear beta;        // (nValueHeads, dim)
    Linear alpha;       // (nValueHeads, dim)
    Linear output;      // (dim, nValueHeads * valueDim)
    Tensor convolution; // (kernel, channels of qkv)
    Tensor timeBias;    // (nValueHeads): dt
    Tensor decay;       // (nValueHeads): A, negative
    Tensor norm;        // (valueDim)
    float epsilon = 0;
    size_t firstState = 0;      // of this layer in a sequence's state, in floats
    size_t stateFloats() const; // the convolution's last inputs, then the heads' memories
};

/// A convolution's weight as the loop over channels wants it, (kernel, channels), of the file's (channels, kernel).
Tensor byTime(const Tensor& byChannel);

/// PREFIXattn_qkv, attn_gate, ssm_conv1d, ssm_beta, ssm_alpha, ssm_dt.bias, ssm_a, ssm_norm, ssm_out.
DeltaNet loadDeltaNet(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::GatedDeltaConfig& config,
                      int kernel);

/// residual += deltaNet(normed); reads and writes the sequences' states. As addAttention() otherwise.
void addAttention(const ops::OpContext& context, const DeltaNet& deltaNet, int layer, const Batch& batch,
                  const StepRope& rope, const Tensor& normed, Tensor& residual, bool wantedRowsOnly);

/// Calls use() with every matrix.
void eachMatrix(DeltaNet& deltaNet, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
