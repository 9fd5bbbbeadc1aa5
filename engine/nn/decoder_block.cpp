// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/decoder_block.h"

#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/soft_cap/soft_cap.h"

namespace sy::nn {

void forward(const ops::OpContext& context, const DecoderBlock& block, int layer, const Batch& batch, const StepRope& rope,
             Tensor& x, bool isLast)
{
    {
        const Span span(batch.spanObserver, SpanKind::attention, layer);
        const Tensor input = ops::rmsNorm(context, x, block.attentionNorm, block.epsilon);
        const int cacheLayer = block.cacheLayer >= 0 ? block.cacheLayer : layer;
        std::visit([&](const auto& attention) { addAttention(context, attention, cacheLayer, batch, rope, input, x, isLast); },
                   block.attention);
    }
    if (!x)
        return;
    const Span span(batch.spanObserver, SpanKind::feedForward, layer);
    const Tensor input = ops::rmsNorm(context, x, block.feedForwardNorm, block.epsilon);
    const std::vector<Batch::Part>& parts = isLast ? batch.wantedParts : batch.parts;
    if (const auto* dense = std::get_if<GatedFeedForward>(&block.feedForward))
        addFeedForward(context, *dense, input, x, parts);
    else
        addFeedForward(context, std::get<MoeFeedForward>(block.feedForward), layer, parts, input, x, batch.spanObserver);
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
    Tensor scores =
        ops::matmul(context, ops::MatmulInput(ops::rmsNorm(context, x, head.norm, head.epsilon)), head.weight, head.bias);
    if (head.softCap > 0)
        ops::softCap(context, scores, head.softCap);
    return scores;
}

void eachMatrix(DecoderBlock& block, const std::function<void(Tensor&)>& use)
{
    std::visit([&](auto& attention) { eachMatrix(attention, use); }, block.attention);
    std::visit([&](auto& feedForward) { eachMatrix(feedForward, use); }, block.feedForward);
}

} // namespace sy::nn
