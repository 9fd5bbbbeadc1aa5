// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <span>

namespace sy::ops {

/// Keys and values of one sequence in one layer, in pages of `pageTokens` tokens. Each page holds (nKvHeads, pageTokens, dim)
/// of `dtype` (F32, F16 or Q8_0), so one head's keys lie one after another. Kwon et al. 2023, arXiv:2309.06180.
struct KvPages {
    std::span<const std::byte* const> keys;
    std::span<const std::byte* const> values;
    DType dtype;
    int pageTokens;
};

/// Bytes of one head's key or value of one token in a page. Q8_0 takes whole blocks of 32 (quant/q8_0.cpp), the last one filled up.
/// Throws std::invalid_argument for a type that pages do not hold.
size_t kvRowBytes(DType dtype, int dim);

/// One sequence's part of a ragged batch: rows firstRow … firstRow+nRows-1 of q are its positions firstPosition …; keys
/// 0 … firstPosition+nRows-1 are already in its pages, those of this step included.
struct AttentionSequence {
    int64_t firstRow;
    int64_t nRows;
    int64_t firstPosition;
    KvPages kv;
};

struct AttentionConfig {
    int nHeads;
    int nKvHeads;   // divides nHeads; head h reads keys of h / (nHeads / nKvHeads)
    int headDim;    // of queries and keys
    int valueDim;   // of values and of the output
    float scale;    // usually 1/sqrt(headDim)
    int window = 0; // keys at a distance of `window` or more are not seen; 0: all
    const float* sinks = nullptr; // nHeads logits that join each head's softmax and bring no value (gpt-oss), or none
    bool valuesInKeys = false;    // a value is the beginning of its key: MLA's latent; KvPages::values is not read
};

/// Causal attention of a ragged batch over paged keys, tiled with an online softmax (Dao et al. 2022, arXiv:2205.14135).
/// The result for a row does not depend on the rest of the batch nor on how a prompt was cut into steps.
///
/// q        (tokens, nHeads * headDim) f32, RoPE applied
/// returns  (tokens, nHeads * valueDim) f32
Tensor attention(const OpContext& context, const Tensor& q, std::span<const AttentionSequence> sequences,
                 const AttentionConfig& config);

/// Attention in both directions among the rows of each sequence, without a cache (encoders). q, k, v (tokens, nHeads * headDim)
/// f32; `lengths` adds up to tokens. Heads of k and v as in the config; window 0 or symmetric: |i - j| <= window / 2.
Tensor encoderAttention(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                        std::span<const int64_t> lengths, const AttentionConfig& config);

} // namespace sy::ops
