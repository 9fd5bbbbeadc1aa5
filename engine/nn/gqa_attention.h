// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/attention/attention.h"

#include <string>

namespace sy::nn {

/// Causal self-attention with grouped queries over a KV cache. Ainslie et al. 2023, arXiv:2305.13245.
struct GqaAttention {
    ops::AttentionConfig config;
    Linear q;       // (nHeads * headDim, dim)
    Linear k;       // (nKvHeads * headDim, dim)
    Linear v;       // (nKvHeads * valueDim, dim)
    Linear output;  // (dim, nHeads * valueDim)
    Tensor qNorm;   // (headDim), RMS norm of each head before RoPE; empty: none
    Tensor kNorm;
    float epsilon = 0; // of these norms
};

struct GqaOptions {
    Bias qkvBias = Bias::none;
    Bias outputBias = Bias::none;
    bool hasHeadNorms = false;
    float epsilon = 0;
};

/// PREFIXattn_q, attn_k, attn_v (or the three in attn_qkv), attn_output; attn_q_norm and attn_k_norm.
GqaAttention loadGqaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::AttentionConfig& config,
                              const GqaOptions& options);

/// residual += attention(normed). Stores keys and values of all rows in the caches first.
///
/// normed    (rows, dim) f32
/// residual  (rows, dim) f32. With wantedRowsOnly it goes in with all rows and comes out with the wanted ones, which may be none:
///           then it is empty.
void addAttention(const ops::OpContext& context, const GqaAttention& attention, int layer, const Batch& batch,
                  const StepRope& rope, const Tensor& normed, Tensor& residual, bool wantedRowsOnly);

} // namespace sy::nn
