// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/attention/attention.h"

#include <functional>
#include <string>

namespace sy::nn {

/// Causal self-attention with grouped queries over a KV cache. Ainslie et al. 2023, arXiv:2305.13245.
struct GqaAttention {
    ops::AttentionConfig config;
    Linear q;       // (nHeads * headDim, dim); with a gate (nHeads * 2 * headDim, dim): a head's queries, then its gate
    Linear k;       // (nKvHeads * headDim, dim)
    Linear v;       // (nKvHeads * valueDim, dim)
    Linear output;  // (dim, nHeads * valueDim)
    Tensor qNorm;   // RMS norm before RoPE: (headDim) of each head, or (nHeads * headDim) of all together; empty: none
    Tensor kNorm;   // the same for keys
    Tensor sinks;      // (nHeads) logits without a value, or empty; config.sinks points into it
    Tensor outputNorm; // (dim) RMS norm of the result before it joins the residual, or empty
    float epsilon = 0; // of these norms
    bool hasGate = false; // attended values are multiplied with sigmoid(gate): Qwen 3.5
};

enum class QkNorm {
    none,
    perHead, // Qwen 3, Gemma 3
    whole,   // over all heads at once: OLMoE
};

struct GqaOptions {
    Bias qkvBias = Bias::none;
    Bias outputBias = Bias::none;
    QkNorm qkNorm = QkNorm::none;
    bool hasSinks = false;
    bool hasGate = false;
    float epsilon = 0;
};

/// PREFIXattn_q, attn_k, attn_v (or the three in attn_qkv), attn_output; attn_q_norm and attn_k_norm; attn_sinks.
GqaAttention loadGqaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::AttentionConfig& config,
                              const GqaOptions& options);

/// residual += attention(normed). Stores keys and values of all rows in the caches first.
///
/// normed    (rows, dim) f32
/// residual  (rows, dim) f32. With wantedRowsOnly it goes in with all rows and comes out with the wanted ones, which may be none:
///           then it is empty.
void addAttention(const ops::OpContext& context, const GqaAttention& attention, int layer, const Batch& batch,
                  const StepRope& rope, const Tensor& normed, Tensor& residual, bool wantedRowsOnly);

/// Calls use() with every matrix.
void eachMatrix(GqaAttention& attention, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
