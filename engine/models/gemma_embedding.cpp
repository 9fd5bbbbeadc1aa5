// SPDX-License-Identifier: GPL-3.0-or-later
// EmbeddingGemma 300M. Vera et al. 2025, arXiv:2509.20354. Gemma 3's layers without a causal mask; a windowed layer sees
// half a window to each side. Mean pooling, then two matrices without an activation between, where the file has them.
#include "engine/models/architectures.h"
#include "engine/models/encoder_model.h"
#include "engine/models/gemma3.h"
#include "engine/nn/encoder_attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/scale/scale.h"

#include <algorithm>
#include <cmath>

namespace sy::models {

namespace {

struct GemmaEmbeddingWeights {
    DecoderLayers layers;
    Tensor norm; // (dim), on the last layer's output
    float epsilon = 0;
    std::vector<Tensor> dense; // after pooling
};

class GemmaEmbedding final : public EncoderModel {
public:
    GemmaEmbedding(EncoderParts parts, GemmaEmbeddingWeights weights) : EncoderModel(std::move(parts)), m(std::move(weights))
    {
    }

protected:
    Tensor hidden(const ops::OpContext& context, const EncoderBatch& batch) const override
    {
        Tensor x = ops::embedRows(context, tokenEmbedding(), batch.tokens);
        ops::scale(context, x, std::sqrt(float(config().dim)));
        std::vector<ops::RopeAngles> angles;
        for (const ops::RopeConfig& rope : m.layers.ropes)
            angles.push_back(ops::ropeAngles(context, rope, batch.positions));
        for (const nn::DecoderBlock& block : m.layers.blocks) {
            const auto rope = size_t(block.rope);
            nn::addEncoderAttention(context, std::get<nn::GqaAttention>(block.attention), m.layers.ropes[rope], angles[rope],
                                    batch.lengths, ops::rmsNorm(context, x, block.attentionNorm, block.epsilon), x);
            nn::addFeedForward(context, std::get<nn::GatedFeedForward>(block.feedForward),
                               ops::rmsNorm(context, x, block.feedForwardNorm, block.epsilon), x);
        }
        return ops::rmsNorm(context, x, m.norm, m.epsilon);
    }

    Tensor projected(const ops::OpContext& context, Tensor pooled) const override
    {
        for (const Tensor& weight : m.dense)
            pooled = ops::matmul(context, ops::MatmulInput(pooled), weight);
        return pooled;
    }

    void eachMatrix(const std::function<void(Tensor&)>& use) override
    {
        for (nn::DecoderBlock& block : m.layers.blocks)
            nn::eachMatrix(block, use);
        for (Tensor& weight : m.dense)
            use(weight);
    }

private:
    GemmaEmbeddingWeights m;
};

} // namespace

std::unique_ptr<Model> loadGemmaEmbedding(const formats::TensorSource& source)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    EncoderParts parts;
    parts.config = keys.common();
    const int64_t dim = parts.config.dim;
    parts.pooling = keys.pooling().value_or(ops::Pooling::mean);
    parts.tokenEmbedding = weights.table("token_embd.weight", dim);

    GemmaEmbeddingWeights model;
    model.epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");
    model.norm = weights.vector("output_norm.weight", dim);
    model.layers = loadDecoderLayers(weights, keys, parts.config, gemma3Traits());
    if (weights.has("dense_2.weight") && weights.has("dense_3.weight")) {
        const int64_t width = keys.integer("dense_2_feat_out", 1, int64_t(1) << 20);
        model.dense = {weights.matrix("dense_2.weight", width, dim), weights.matrix("dense_3.weight", dim, width)};
    }
    parts.valuesPerToken = 2 * dim + std::max(model.layers.attentionValues, model.layers.feedForwardValues);
    parts.weightBytes = weights.bytes();
    return std::make_unique<GemmaEmbedding>(std::move(parts), std::move(model));
}

} // namespace sy::models
