// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/standard_decoder.h"

#include "engine/core/error.h"
#include "engine/ops/matmul/weight_arena.h"

#include <algorithm>
#include <cmath>

namespace sy::models {

namespace {

class Decoder final : public CausalModel {
public:
    Decoder(CausalParts parts, std::vector<nn::DecoderBlock> blocks, std::vector<ops::RopeConfig> ropes)
        : CausalModel(std::move(parts)), m_blocks(std::move(blocks)), m_ropes(std::move(ropes))
    {
    }

    std::optional<DecoderView> decoder() const override
    {
        return DecoderView{&tokenTable(), parts().embeddingScale, m_blocks, m_ropes, &parts().head};
    }

protected:
    Tensor layers(const ops::OpContext& context, const nn::Batch& batch, Tensor x) const override
    {
        std::vector<nn::StepRope> ropes;
        for (const ops::RopeConfig& rope : m_ropes)
            ropes.push_back(nn::prepareRope(context, rope, batch));
        for (size_t i = 0; i < m_blocks.size(); ++i) {
            nn::forward(context, m_blocks[i], int(i), batch, ropes[size_t(m_blocks[i].rope)], x, i + 1 == m_blocks.size());
            batch.layerDone(int(i), x);
        }
        return x;
    }

    void eachMatrix(const std::function<void(Tensor&)>& use) override
    {
        for (nn::DecoderBlock& block : m_blocks)
            nn::eachMatrix(block, use);
        CausalModel::eachMatrix(use);
    }

private:
    std::vector<nn::DecoderBlock> m_blocks;
    std::vector<ops::RopeConfig> m_ropes;
};

} // namespace

std::unique_ptr<Model> makeDecoder(CausalParts parts, std::vector<nn::DecoderBlock> blocks, std::vector<ops::RopeConfig> ropes)
{
    return std::make_unique<Decoder>(std::move(parts), std::move(blocks), std::move(ropes));
}

DecoderLayers loadDecoderLayers(nn::WeightReader& weights, const Hyperparameters& keys, const ModelConfig& config,
                                const DecoderTraits& traits)
{
    const bool isSparse = config.nExperts > 0;
    if (isSparse && !traits.experts)
        throw Unsupported("a mixture-of-experts model of the architecture \"" + config.architecture + "\"",
                          "this version runs its dense models");
    ops::AttentionConfig attention = keys.attention(config);
    if (traits.scalesLargestByWidth && config.nLayers == 62 && keys.real("attention.scale", 0.0) == 0)
        attention.scale = float(1.0 / std::sqrt(double(config.dim) / config.nHeads));
    const float epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");

    DecoderLayers layers;
    layers.ropes.push_back(nn::loadRope(weights, config.architecture, traits.ropeLayout, config.headDim));
    std::vector<bool> isWindowed(size_t(config.nLayers), false);
    const auto window = int(traits.windowPeriod > 0 ? keys.integer("attention.sliding_window", 0, INT32_MAX, 0) : 0);
    if (window > 0)
        isWindowed = keys.windowedLayers(config.nLayers, traits.windowPeriod);
    if (traits.windowRopeBase > 0)
        layers.ropes.push_back(nn::loadRope(weights, config.architecture, traits.ropeLayout, config.headDim,
                                            {keys.real("rope.freq_base_swa", traits.windowRopeBase), false}));

    std::optional<nn::MoeOptions> experts;
    const int64_t nDense = isSparse ? keys.integer("leading_dense_block_count", 0, config.nLayers, 0) : config.nLayers;
    if (isSparse)
        experts = readExpertKeys(keys, config, *traits.experts);
    bool isInt8 = true;
    for (int layer = 0; layer < config.nLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        nn::DecoderBlock block;
        block.epsilon = epsilon;
        block.attentionNorm = weights.vector(prefix + "attn_norm.weight", config.dim);
        ops::AttentionConfig layerAttention = attention;
        if (isWindowed[size_t(layer)]) {
            layerAttention.window = window;
            block.rope = int(layers.ropes.size()) - 1;
        }
        nn::GqaAttention gqa =
            nn::loadGqaAttention(weights, prefix, config.dim, layerAttention,
                                 {traits.qkvBias, traits.outputBias, traits.qkNorm, traits.hasSinks, false, epsilon});
        if (traits.hasOutputNorms)
            gqa.outputNorm = weights.vector(prefix + "post_attention_norm.weight", config.dim);
        block.attention = std::move(gqa);
        block.feedForwardNormName = traits.feedForwardNorm;
        block.feedForwardNorm = weights.vector(prefix + traits.feedForwardNorm + ".weight", config.dim);
        if (layer >= nDense) {
            block.feedForward = nn::loadMoeFeedForward(weights, prefix, config.dim, *experts);
            isInt8 = isInt8 && ops::packedBytes(std::get<nn::MoeFeedForward>(block.feedForward).experts.gate.weights[0]) > 0;
        } else {
            nn::GatedFeedForward dense = nn::loadGatedFeedForward(weights, prefix, config.dim, config.ffnDim);
            dense.activation = traits.activation;
            if (traits.hasOutputNorms) {
                dense.outputNorm = weights.vector(prefix + "post_ffw_norm.weight", config.dim);
                dense.epsilon = epsilon;
            }
            block.feedForward = std::move(dense);
        }
        layers.blocks.push_back(std::move(block));
    }

    // Queries, attended, keys, values, cosines, sines; the widest input once more in int8 with scales and sums.
    const int64_t heads = int64_t(config.nHeads) * config.headDim, kvHeads = int64_t(config.nKvHeads) * config.headDim;
    layers.attentionValues = 2 * heads + 4 * kvHeads + std::max(config.dim, heads) / 2;
    layers.feedForwardValues = std::max(nDense > 0 ? config.ffnDim + std::max(config.dim, config.ffnDim) / 2 : 0,
                                        experts ? feedForwardValues(*experts, config.dim, isInt8) : 0);
    return layers;
}

std::unique_ptr<Model> loadStandardDecoder(const formats::TensorSource& source, const DecoderTraits& traits)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    CausalParts parts;
    parts.config = keys.common();
    const ModelConfig& config = parts.config;
    const ops::AttentionConfig attention = keys.attention(config);
    parts.kvLayout = {config.nLayers, config.nKvHeads, attention.headDim, attention.valueDim};
    parts.pooling = keys.pooling();
    if (traits.scalesEmbedding)
        parts.embeddingScale = float(std::sqrt(double(config.dim)));
    parts.tokenEmbedding = weights.table("token_embd.weight", config.dim);
    parts.head = nn::loadOutputHead(weights, parts.tokenEmbedding, keys.epsilon("attention.layer_norm_rms_epsilon"));
    if (traits.hasSoftCap)
        parts.head.softCap = float(std::max(0.0, keys.real("final_logit_softcapping", 0.0)));
    DecoderLayers layers = loadDecoderLayers(weights, keys, config, traits);
    for (const nn::DecoderBlock& block : layers.blocks) {
        const int window = std::get<nn::GqaAttention>(block.attention).config.window;
        parts.kvLayout.window = std::max(parts.kvLayout.window, window);
        parts.kvLayout.isWindowed.push_back(window > 0);
    }
    if (parts.kvLayout.window == 0)
        parts.kvLayout.isWindowed.clear();
    parts.attentionValues = layers.attentionValues;
    parts.feedForwardValues = layers.feedForwardValues;
    parts.weightBytes = weights.bytes();
    return makeDecoder(std::move(parts), std::move(layers.blocks), std::move(layers.ropes));
}

} // namespace sy::models
