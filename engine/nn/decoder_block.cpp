// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/decoder_block.h"

#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"

namespace sy::nn {

DecoderBlock loadDecoderBlock(WeightReader& weights, int layer, int64_t dim, int64_t ffnDim, const ops::AttentionConfig& config,
                              const GqaOptions& options)
{
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    DecoderBlock block;
    block.attentionNorm = weights.vector(prefix + "attn_norm.weight", dim);
    block.attention = loadGqaAttention(weights, prefix, dim, config, options);
    block.feedForwardNorm = weights.vector(prefix + "ffn_norm.weight", dim);
    block.feedForward = loadGatedFeedForward(weights, prefix, dim, ffnDim);
    block.epsilon = options.epsilon;
    return block;
}

void forward(const ops::OpContext& context, const DecoderBlock& block, int layer, const Batch& batch, const StepRope& rope,
             Tensor& x, bool isLast)
{
    addAttention(context, block.attention, layer, batch, rope, ops::rmsNorm(context, x, block.attentionNorm, block.epsilon), x,
                 isLast);
    if (x)
        addFeedForward(context, block.feedForward, ops::rmsNorm(context, x, block.feedForwardNorm, block.epsilon), x);
}

OutputHead loadOutputHead(WeightReader& weights, const Tensor& tokenEmbedding, float epsilon)
{
    const int64_t dim = tokenEmbedding.cols(), nVocabulary = tokenEmbedding.rows();
    OutputHead head;
    head.norm = weights.vector("output_norm.weight", dim);
    head.weight = weights.has("output.weight") ? weights.matrix("output.weight", nVocabulary, dim) : tokenEmbedding;
    head.bias = weights.optionalVector("output.bias", nVocabulary);
    head.epsilon = epsilon;
    return head;
}

Tensor logits(const ops::OpContext& context, const OutputHead& head, const Tensor& x)
{
    return ops::matmul(context, ops::MatmulInput(ops::rmsNorm(context, x, head.norm, head.epsilon)), head.weight, head.bias);
}

void eachMatrix(DecoderBlock& block, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&block.attention.q, &block.attention.k, &block.attention.v, &block.attention.output})
        use(linear->weight);
    for (Tensor* weight : {&block.feedForward.gate, &block.feedForward.up, &block.feedForward.down})
        use(*weight);
}

} // namespace sy::nn
