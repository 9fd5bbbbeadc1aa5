// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/post_norm_encoder.h"

#include "engine/models/hyperparameters.h"
#include "engine/nn/rope_config.h"
#include "engine/ops/add/add.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/layer_norm/layer_norm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/quant/quant_table.h"

#include <array>

namespace sy::models {

namespace {

struct Norm {
    Tensor weight;
    Tensor bias;
};

struct EncoderLayer {
    nn::Linear q, k, v, output;
    Norm attentionNorm;
    Tensor gate; // or empty
    nn::Linear up, down;
    Norm outputNorm;
};

struct EncoderWeights {
    ops::AttentionConfig attention;
    ops::GeluForm gelu;
    float epsilon;
    std::optional<ops::RopeConfig> rope;
    Tensor positionEmbedding; // (context length, dim), or empty
    Tensor typeEmbedding;     // (dim): row 0, the only one in use; or empty
    Norm embeddingNorm;
    std::vector<EncoderLayer> layers;
};

class PostNormEncoder final : public EncoderModel {
public:
    PostNormEncoder(EncoderParts parts, EncoderWeights weights) : EncoderModel(std::move(parts)), m(std::move(weights)) {}

protected:
    Tensor hidden(const ops::OpContext& context, const EncoderBatch& batch) const override;

    void eachMatrix(const std::function<void(Tensor&)>& use) override
    {
        for (EncoderLayer& layer : m.layers) {
            for (nn::Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.output, &layer.up, &layer.down})
                use(linear->weight);
            if (layer.gate)
                use(layer.gate);
        }
    }

private:
    Tensor normed(const ops::OpContext& context, const Tensor& x, const Norm& norm) const
    {
        return ops::layerNorm(context, x, norm.weight, norm.bias, m.epsilon);
    }

    EncoderWeights m;
};

Tensor PostNormEncoder::hidden(const ops::OpContext& context, const EncoderBatch& batch) const
{
    Tensor x = ops::embedRows(context, tokenEmbedding(), batch.tokens);
    ops::RopeAngles angles;
    if (m.rope)
        angles = ops::ropeAngles(context, *m.rope, batch.positions);
    if (m.positionEmbedding)
        ops::addInto(context, x, ops::embedRows(context, m.positionEmbedding, batch.positions));
    if (m.typeEmbedding)
        ops::addBias(context, x, m.typeEmbedding);
    x = normed(context, x, m.embeddingNorm);

    for (const EncoderLayer& layer : m.layers) {
        const std::array weights = {layer.q.weight, layer.k.weight, layer.v.weight};
        const std::array biases = {layer.q.bias, layer.k.bias, layer.v.bias};
        std::vector<Tensor> qkv = ops::matmulGroup(context, ops::MatmulInput(x), weights, biases);
        if (m.rope) {
            ops::rope(context, qkv[0], *m.rope, angles);
            ops::rope(context, qkv[1], *m.rope, angles);
        }
        const Tensor attended = ops::encoderAttention(context, qkv[0], qkv[1], qkv[2], batch.lengths, m.attention);
        ops::matmulAdd(context, ops::MatmulInput(attended), layer.output.weight, layer.output.bias, x);
        x = normed(context, x, layer.attentionNorm);

        const ops::MatmulInput input(x);
        const Tensor hiddenLayer =
            layer.gate ? ops::matmulSwiglu(context, input, layer.gate, layer.up.weight)
                       : ops::gelu(context, ops::matmul(context, input, layer.up.weight, layer.up.bias), m.gelu);
        ops::matmulAdd(context, ops::MatmulInput(hiddenLayer), layer.down.weight, layer.down.bias, x);
        x = normed(context, x, layer.outputNorm);
    }
    return x;
}

Norm loadNorm(nn::WeightReader& weights, const std::string& name, int64_t dim)
{
    return {weights.vector(name + ".weight", dim), weights.vector(name + ".bias", dim)};
}

} // namespace

std::unique_ptr<Model> loadPostNormEncoder(const formats::TensorSource& source, const PostNormTraits& traits)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    EncoderParts parts;
    parts.config = keys.common();
    const ModelConfig& config = parts.config;
    parts.pooling = keys.pooling().value_or(ops::Pooling::mean);
    EncoderWeights encoder;
    encoder.attention = keys.attention(config);
    encoder.gelu = traits.gelu;
    encoder.epsilon = keys.epsilon("attention.layer_norm_epsilon");
    if (encoder.attention.valueDim != config.headDim)
        keys.bad("attention.value_length", "differs from the head size");

    const int64_t dim = config.dim;
    parts.tokenEmbedding = weights.table("token_embd.weight", dim);
    if (traits.rope)
        encoder.rope = nn::loadRope(weights, config.architecture, *traits.rope, config.headDim);
    else
        encoder.positionEmbedding = weights.matrix("position_embd.weight", config.contextLength, dim);
    if (weights.has("token_types.weight")) {
        const Tensor types = weights.table("token_types.weight", dim);
        encoder.typeEmbedding = Tensor::empty({dim});
        quant::unpackRow(types.dtype(), types.raw(), encoder.typeEmbedding.f32(), dim);
    }
    encoder.embeddingNorm = loadNorm(weights, "token_embd_norm", dim);

    const int64_t width = int64_t(config.nHeads) * config.headDim, kvWidth = int64_t(config.nKvHeads) * config.headDim;
    for (int i = 0; i < config.nLayers; ++i) {
        const std::string prefix = "blk." + std::to_string(i) + ".";
        std::vector<nn::Linear> qkv = nn::loadProjections(
            weights, {{prefix + "attn_q", width}, {prefix + "attn_k", kvWidth}, {prefix + "attn_v", kvWidth}},
            prefix + "attn_qkv", dim, traits.bias);
        EncoderLayer layer;
        layer.q = std::move(qkv[0]);
        layer.k = std::move(qkv[1]);
        layer.v = std::move(qkv[2]);
        layer.output = nn::loadLinear(weights, prefix + "attn_output", dim, width, traits.bias);
        layer.attentionNorm = loadNorm(weights, prefix + "attn_output_norm", dim);
        if (traits.isGated)
            layer.gate = weights.matrix(prefix + "ffn_gate.weight", config.ffnDim, dim);
        layer.up =
            nn::loadLinear(weights, prefix + "ffn_up", config.ffnDim, dim, traits.isGated ? nn::Bias::none : traits.bias);
        layer.down = nn::loadLinear(weights, prefix + "ffn_down", dim, config.ffnDim, traits.bias);
        layer.outputNorm = loadNorm(weights, prefix + "layer_output_norm", dim);
        encoder.layers.push_back(std::move(layer));
    }
    // Input and output of a sublayer, q, k, v and the attended values, the feed-forward's hidden layer before and after
    // GELU, and int8 forms.
    parts.valuesPerToken = 7 * dim + 5 * config.ffnDim / 2;
    parts.weightBytes = weights.bytes();
    return std::make_unique<PostNormEncoder>(std::move(parts), std::move(encoder));
}

} // namespace sy::models
