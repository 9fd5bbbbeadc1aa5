// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/standard_decoder.h"

#include "engine/core/error.h"

namespace sy::models {

namespace {

class StandardDecoder final : public CausalModel {
public:
    StandardDecoder(CausalParts parts, std::vector<nn::DecoderBlock> blocks, ops::RopeConfig rope)
        : CausalModel(std::move(parts)), m_blocks(std::move(blocks)), m_rope(std::move(rope))
    {
    }

protected:
    Tensor layers(const ops::OpContext& context, const nn::Batch& batch, Tensor x) const override
    {
        const nn::StepRope rope = nn::prepareRope(context, m_rope, batch);
        for (size_t i = 0; i < m_blocks.size(); ++i)
            nn::forward(context, m_blocks[i], int(i), batch, rope, x, i + 1 == m_blocks.size());
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
    ops::RopeConfig m_rope;
};

} // namespace

std::unique_ptr<Model> loadStandardDecoder(const formats::TensorSource& source, const DecoderTraits& traits)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    CausalParts parts;
    parts.config = keys.common();
    const ModelConfig& config = parts.config;
    if (config.nExperts > 0)
        throw Unsupported("a mixture-of-experts model of the architecture \"" + config.architecture + "\"",
                          "this version runs its dense models");
    const ops::AttentionConfig attention = keys.attention(config);
    parts.kvLayout = {config.nLayers, config.nKvHeads, attention.headDim, attention.valueDim};
    parts.pooling = keys.pooling();

    const float epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");
    ops::RopeConfig rope = nn::loadRope(weights, config.architecture, traits.ropeLayout, config.headDim);
    parts.tokenEmbedding = weights.table("token_embd.weight", config.dim);
    parts.head = nn::loadOutputHead(weights, parts.tokenEmbedding, epsilon);
    std::vector<nn::DecoderBlock> blocks;
    for (int layer = 0; layer < config.nLayers; ++layer)
        blocks.push_back(nn::loadDecoderBlock(weights, layer, config.dim, config.ffnDim, attention,
                                              {traits.qkvBias, traits.outputBias, traits.hasHeadNorms, epsilon}));
    parts.weightBytes = weights.bytes();
    return std::make_unique<StandardDecoder>(std::move(parts), std::move(blocks), std::move(rope));
}

} // namespace sy::models
