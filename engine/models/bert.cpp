// SPDX-License-Identifier: GPL-3.0-or-later
// BERT encoders: BGE, MiniLM, E5, GTE and, converted, XLM-RoBERTa's. Devlin et al. 2018, arXiv:1810.04805. Post-norm:
//
//     x = norm(token + position + type 0)
//     x = norm(x + attention(x));  x = norm(x + down(gelu(up(x))))          for each layer
//
// Sequences lie one after another without padding, so a text's vector cannot depend on the texts beside it.
#include "engine/core/error.h"
#include "engine/models/architectures.h"
#include "engine/models/hyperparameters.h"
#include "engine/ops/add/add.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gelu/gelu.h"
#include "engine/ops/layer_norm/layer_norm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sy::models {

namespace {

struct Norm {
    Tensor weight;
    Tensor bias;
};

struct EncoderLayer {
    nn::Linear q, k, v, output;
    Norm attentionNorm;
    nn::Linear up, down;
    Norm outputNorm;
};

struct BertParts {
    ModelConfig config;
    ops::AttentionConfig attention;
    ops::Pooling pooling;
    ops::GeluForm gelu;
    float epsilon;
    Tensor tokenEmbedding;    // (vocabulary, dim)
    Tensor positionEmbedding; // (context length, dim)
    Tensor typeEmbedding;     // (dim): row 0, the only one in use; or empty
    Norm embeddingNorm;
    std::vector<EncoderLayer> layers;
};

class Bert final : public Model {
public:
    Bert(BertParts parts, size_t bytes) : m(std::move(parts)) { weightBytes = bytes; }

    const ModelConfig& config() const override { return m.config; }
    nn::KvLayout kvLayout() const override { return {m.config.nLayers, m.config.nKvHeads, m.config.headDim, m.config.headDim}; }

    Tensor step(const ops::OpContext&, std::span<const SequenceStep>) override
    {
        throw std::invalid_argument("step: an encoder has no next token");
    }

    Tensor embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) override;
    size_t computeBytes(int64_t nTokens, int64_t nLogitRows) const override;

protected:
    void eachMatrix(const std::function<void(Tensor&)>& use) override
    {
        for (EncoderLayer& layer : m.layers)
            for (nn::Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.output, &layer.up, &layer.down})
                use(linear->weight);
    }

private:
    Tensor normed(const ops::OpContext& context, const Tensor& x, const Norm& norm) const
    {
        return ops::layerNorm(context, x, norm.weight, norm.bias, m.epsilon);
    }
    Tensor forward(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) const;

    BertParts m;
};

// Tokens that go through the layers together: plenty for the matrices' tiles, little memory. Between 128 and 1024 the starter
// embedder's speed does not change by more than the measurement's noise.
constexpr int64_t kGroupTokens = 512;

Tensor Bert::forward(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) const
{
    std::vector<int32_t> tokens, positions;
    std::vector<int64_t> lengths;
    for (const std::vector<int32_t>& sequence : sequences) {
        lengths.push_back(int64_t(sequence.size()));
        tokens.insert(tokens.end(), sequence.begin(), sequence.end());
        for (size_t i = 0; i < sequence.size(); ++i)
            positions.push_back(int32_t(i));
    }
    Tensor x = ops::embedRows(context, m.tokenEmbedding, tokens);
    ops::addInto(context, x, ops::embedRows(context, m.positionEmbedding, positions));
    if (m.typeEmbedding)
        ops::addBias(context, x, m.typeEmbedding);
    x = normed(context, x, m.embeddingNorm);

    for (const EncoderLayer& layer : m.layers) {
        const std::array weights = {layer.q.weight, layer.k.weight, layer.v.weight};
        const std::array biases = {layer.q.bias, layer.k.bias, layer.v.bias};
        const std::vector<Tensor> qkv = ops::matmulGroup(context, ops::MatmulInput(x), weights, biases);
        const Tensor attended = ops::encoderAttention(context, qkv[0], qkv[1], qkv[2], lengths, m.attention);
        ops::matmulAdd(context, ops::MatmulInput(attended), layer.output.weight, layer.output.bias, x);
        x = normed(context, x, layer.attentionNorm);

        const Tensor up = ops::matmul(context, ops::MatmulInput(x), layer.up.weight, layer.up.bias);
        const ops::MatmulInput hidden(ops::gelu(context, up, m.gelu));
        ops::matmulAdd(context, hidden, layer.down.weight, layer.down.bias, x);
        x = normed(context, x, layer.outputNorm);
    }
    return ops::pool(context, x, lengths, m.pooling);
}

Tensor Bert::embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences)
{
    for (const std::vector<int32_t>& tokens : sequences) {
        if (tokens.empty() || int64_t(tokens.size()) > m.config.contextLength)
            throw std::invalid_argument("embed: " + std::to_string(tokens.size()) + " tokens, context length " +
                                        std::to_string(m.config.contextLength));
        for (const int32_t token : tokens) {
            if (token < 0 || token >= m.config.nVocabulary)
                throw std::invalid_argument("token " + std::to_string(token) + " of a vocabulary of " +
                                            std::to_string(m.config.nVocabulary));
        }
    }
    Tensor result = Tensor::empty({int64_t(sequences.size()), m.config.dim});
    for (size_t first = 0, end = 0; first < sequences.size(); first = end) {
        int64_t nTokens = 0;
        while (end < sequences.size() && (end == first || nTokens + int64_t(sequences[end].size()) <= kGroupTokens))
            nTokens += int64_t(sequences[end++].size());
        const Tensor pooled = forward(context, sequences.subspan(first, end - first));
        std::copy_n(pooled.f32(), pooled.count(), result.f32() + int64_t(first) * m.config.dim);
    }
    return result;
}

size_t Bert::computeBytes(int64_t nTokens, int64_t) const
{
    // Input and output of a sublayer, q, k, v and the attended values, the feed-forward's hidden layer before and after GELU, and
    // int8 forms; longer input goes through in groups.
    const int64_t n = std::min(nTokens, std::max(kGroupTokens, m.config.contextLength));
    return size_t(n * (7 * m.config.dim + 5 * m.config.ffnDim / 2)) * sizeof(float) * 5 / 4;
}

// GGUF files name no activation, and every BERT that is in use was trained with the exact form. A source that does know says it
// in the words of its config.json.
ops::GeluForm geluForm(const formats::Metadata& metadata)
{
    const std::string_view name = metadata.string("bert.hidden_activation").value_or("gelu");
    if (name == "gelu")
        return ops::GeluForm::exact;
    if (name == "gelu_new" || name == "gelu_pytorch_tanh")
        return ops::GeluForm::tanh;
    throw Unsupported("the activation \"" + std::string(name) + "\" in a BERT model", "this version knows the two forms of GELU");
}

Norm loadNorm(nn::WeightReader& weights, const std::string& name, int64_t dim)
{
    return {weights.vector(name + ".weight", dim), weights.vector(name + ".bias", dim)};
}

} // namespace

std::unique_ptr<Model> loadBert(const formats::TensorSource& source)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    BertParts parts;
    parts.config = keys.common();
    ModelConfig& config = parts.config;
    config.isEmbedding = true;
    parts.attention = keys.attention(config);
    parts.pooling = keys.pooling().value_or(ops::Pooling::mean);
    parts.gelu = geluForm(source.metadata());
    parts.epsilon = keys.epsilon("attention.layer_norm_epsilon");

    const int64_t dim = config.dim;
    parts.tokenEmbedding = weights.table("token_embd.weight", dim);
    config.nVocabulary = parts.tokenEmbedding.rows();
    parts.positionEmbedding = weights.matrix("position_embd.weight", config.contextLength, dim);
    if (weights.has("token_types.weight")) {
        const Tensor types = weights.table("token_types.weight", dim);
        parts.typeEmbedding = Tensor::empty({dim});
        quant::unpackRow(types.dtype(), types.raw(), parts.typeEmbedding.f32(), dim);
    }
    parts.embeddingNorm = loadNorm(weights, "token_embd_norm", dim);

    const int64_t width = int64_t(config.nHeads) * config.headDim, kvWidth = int64_t(config.nKvHeads) * config.headDim;
    if (parts.attention.valueDim != config.headDim)
        weights.bad("bert.attention.value_length differs from the head size");
    for (int i = 0; i < config.nLayers; ++i) {
        const std::string prefix = "blk." + std::to_string(i) + ".";
        std::vector<nn::Linear> qkv =
            nn::loadProjections(weights, {{prefix + "attn_q", width}, {prefix + "attn_k", kvWidth}, {prefix + "attn_v", kvWidth}},
                                prefix + "attn_qkv", dim, nn::Bias::required);
        EncoderLayer layer;
        layer.q = std::move(qkv[0]);
        layer.k = std::move(qkv[1]);
        layer.v = std::move(qkv[2]);
        layer.output = nn::loadLinear(weights, prefix + "attn_output", dim, width, nn::Bias::required);
        layer.attentionNorm = loadNorm(weights, prefix + "attn_output_norm", dim);
        layer.up = nn::loadLinear(weights, prefix + "ffn_up", config.ffnDim, dim, nn::Bias::required);
        layer.down = nn::loadLinear(weights, prefix + "ffn_down", dim, config.ffnDim, nn::Bias::required);
        layer.outputNorm = loadNorm(weights, prefix + "layer_output_norm", dim);
        parts.layers.push_back(std::move(layer));
    }
    return std::make_unique<Bert>(std::move(parts), weights.bytes());
}

} // namespace sy::models
