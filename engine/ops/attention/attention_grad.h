// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/attention/attention.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sy::ops {

/// Causal attention of packed texts as training wants it: without a cache, each text seeing itself alone, and with what
/// backward needs kept. No memory grows with the square of a text's length (Dao 2023, arXiv:2307.08691).
///
/// Window, sinks and grouped heads of the config count; valuesInKeys is not read.
struct PackedAttention {
    Tensor output;  // (tokens, nHeads * valueDim)
    Tensor logSums; // (tokens, nHeads): the logarithm of each softmax's denominator, its sink included
};

/// Which keys a query sees, where it is not those before it: sparse and compressed attention. The choice is a constant in
/// the gradient. Borrowed.
struct SeenKeys {
    std::span<const std::vector<int32_t>> rows{}; // by query: keys of its text, counted from the text's first, rising; an
                                                  // empty list: as without a choice. No rows: no choice
    std::span<const int64_t> lengths{};           // of the texts' keys, where they are not one for each token; every query
                                                  // has a list then, and there is no window
};

/// q        (tokens, nHeads * headDim) f32, rotated
/// k        (keys, nKvHeads * headDim); as many keys as tokens unless `seen` says otherwise
/// v        (keys, nKvHeads * valueDim)
/// lengths  of the texts, which lie one after another; they add up to tokens
///
/// The same bits at every level and thread count, whatever other texts are packed with a text. Throws std::invalid_argument
/// when shapes do not fit.
PackedAttention packedAttention(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                std::span<const int64_t> lengths, const AttentionConfig& config, const SeenKeys& seen = {});

struct AttentionGrad {
    Tensor q, k, v; // shapes of the inputs
};

/// The inputs' gradients for the gradient dy of `forward`.output. Scores are computed again, block by block. Sinks are taken
/// for constants.
AttentionGrad packedAttentionGrad(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                  std::span<const int64_t> lengths, const AttentionConfig& config,
                                  const PackedAttention& forward, const Tensor& dy, const SeenKeys& seen = {});

} // namespace sy::ops
