// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/delta_net.h"
#include "engine/nn/feed_forward.h"
#include "engine/nn/gqa_attention.h"
#include "engine/nn/mla_attention.h"
#include "engine/nn/moe_feed_forward.h"

#include <functional>
#include <string>
#include <variant>

namespace sy::nn {

/// The pre-norm block that most decoders are made of:
///     x += attention(rmsNorm(x));  x += feedForward(rmsNorm(x))
struct DecoderBlock {
    Tensor attentionNorm; // (dim)
    std::variant<GqaAttention, MlaAttention, DeltaNet> attention;
    Tensor feedForwardNorm; // (dim)
    std::string feedForwardNormName = "ffn_norm"; // its name in the file, blk.N.NAME.weight
    std::variant<GatedFeedForward, MoeFeedForward> feedForward;
    float epsilon = 0;
    int cacheLayer = -1; // in the KV cache, where not every layer keeps keys; -1: the layer's number
    int rope = 0;        // which of the model's RoPEs the attention takes: models with windows have two
};

/// x (rows, dim) f32. The last layer of a model goes on with the wanted rows only, see addAttention().
void forward(const ops::OpContext& context, const DecoderBlock& block, int layer, const Batch& batch, const StepRope& rope,
             Tensor& x, bool isLast);

/// Final norm and output matrix.
struct OutputHead {
    Tensor norm;    // (dim)
    Tensor weight;  // (vocabulary, dim): output.weight, or the token embedding where a file has none
    Tensor bias;    // (vocabulary) or empty
    float epsilon = 0;
    float softCap = 0; // logits stay inside ±softCap; 0: as they are
};
OutputHead loadOutputHead(WeightReader& weights, const Tensor& tokenEmbedding, float epsilon);

/// Calls use() with every matrix of a block that products read.
void eachMatrix(DecoderBlock& block, const std::function<void(Tensor&)>& use);

/// x (rows, dim) to logits (rows, vocabulary).
Tensor logits(const ops::OpContext& context, const OutputHead& head, const Tensor& x);

} // namespace sy::nn
