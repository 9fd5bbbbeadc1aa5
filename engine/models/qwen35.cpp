// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen 3.5 and 3.6, dense (qwen35) and with experts (qwen35moe). Three of four layers are Gated DeltaNets, whose memory does
// not grow with the text; the others are attention with a gate behind it and RoPE on part of a head. RoPE has several axes
// for images; text moves along all of them alike, which is the ordinary RoPE. post_attention_norm is the norm in front of
// the feed-forward; the routed experts' weights are normalized; a shared expert has a gate.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"
#include "engine/nn/delta_net.h"

#include <algorithm>

namespace sy::models {

namespace {

constexpr int64_t kMostHeads = 4096;

// attention.recurrent_layers, one value for each layer; or full_attention_interval n: every nth layer is attention.
std::vector<bool> recurrentLayers(const nn::WeightReader& weights, const Hyperparameters& keys, int nLayers)
{
    std::vector<bool> isRecurrent;
    if (weights.metadata().isArray(keys.key("attention.recurrent_layers"))) {
        for (const int64_t value : weights.metadata().integers(keys.key("attention.recurrent_layers")))
            isRecurrent.push_back(value != 0);
        if (isRecurrent.size() < size_t(nLayers))
            keys.bad("attention.recurrent_layers",
                     "has " + std::to_string(isRecurrent.size()) + " entries for " + std::to_string(nLayers) + " layers");
        isRecurrent.resize(size_t(nLayers));
        return isRecurrent;
    }
    const int64_t interval = keys.integer("full_attention_interval", 1, 4096, 4);
    for (int i = 0; i < nLayers; ++i)
        isRecurrent.push_back((i + 1) % interval != 0);
    return isRecurrent;
}

ops::GatedDeltaConfig deltaConfig(const Hyperparameters& keys, float epsilon)
{
    ops::GatedDeltaConfig c{};
    c.nKeyHeads = int(keys.integer("ssm.group_count", 1, kMostHeads));
    c.nValueHeads = int(keys.integer("ssm.time_step_rank", 1, kMostHeads));
    c.keyDim = int(keys.integer("ssm.state_size", 1, 512));
    const int64_t width = keys.integer("ssm.inner_size", c.nValueHeads, int64_t(1) << 20);
    if (c.nValueHeads % c.nKeyHeads != 0)
        keys.bad("ssm.group_count", "does not divide ssm.time_step_rank");
    if (width % c.nValueHeads != 0)
        keys.bad("ssm.inner_size", "is no multiple of ssm.time_step_rank");
    c.valueDim = int(width / c.nValueHeads);
    c.epsilon = epsilon;
    return c;
}

} // namespace

std::unique_ptr<Model> loadQwen35(const formats::TensorSource& source)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    CausalParts parts;
    parts.config = keys.common();
    const ModelConfig& config = parts.config;
    const float epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");
    const ops::AttentionConfig attention = keys.attention(config);
    const ops::RopeConfig rope = nn::loadRope(weights, config.architecture, ops::RopeLayout::halves, config.headDim);
    const std::vector<bool> isRecurrent = recurrentLayers(weights, keys, config.nLayers);
    const bool hasRecurrent = std::ranges::find(isRecurrent, true) != isRecurrent.end();
    const ops::GatedDeltaConfig delta = hasRecurrent ? deltaConfig(keys, epsilon) : ops::GatedDeltaConfig{};
    const int kernel = hasRecurrent ? int(keys.integer("ssm.conv_kernel", 1, 16)) : 1;
    std::optional<nn::MoeOptions> experts;
    if (config.nExperts > 0)
        experts = readExpertKeys(keys, config, {.normalizes = true, .hasSharedGate = true});

    parts.tokenEmbedding = weights.table("token_embd.weight", config.dim);
    parts.head = nn::loadOutputHead(weights, parts.tokenEmbedding, epsilon);
    int nAttention = 0;
    std::vector<nn::DecoderBlock> blocks;
    for (int layer = 0; layer < config.nLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        nn::DecoderBlock block;
        block.epsilon = epsilon;
        block.attentionNorm = weights.vector(prefix + "attn_norm.weight", config.dim);
        if (isRecurrent[size_t(layer)]) {
            nn::DeltaNet net = nn::loadDeltaNet(weights, prefix, config.dim, delta, kernel);
            net.firstState = parts.kvLayout.stateFloats;
            parts.kvLayout.stateFloats += net.stateFloats();
            block.attention = std::move(net);
        } else {
            nn::GqaOptions options;
            options.qkvBias = nn::Bias::optional;
            options.outputBias = nn::Bias::optional;
            options.qkNorm = nn::QkNorm::perHead;
            options.hasGate = true;
            options.epsilon = epsilon;
            block.attention = nn::loadGqaAttention(weights, prefix, config.dim, attention, options);
            block.cacheLayer = nAttention++;
        }
        block.feedForwardNormName = "post_attention_norm";
        block.feedForwardNorm = weights.vector(prefix + block.feedForwardNormName + ".weight", config.dim);
        if (experts)
            block.feedForward = nn::loadMoeFeedForward(weights, prefix, config.dim, *experts);
        else
            block.feedForward = nn::loadGatedFeedForward(weights, prefix, config.dim, config.ffnDim);
        blocks.push_back(std::move(block));
    }
    if (nAttention == 0)
        keys.bad("attention.recurrent_layers", "leaves no layer with attention");
    parts.kvLayout.nLayers = nAttention;
    parts.kvLayout.nKvHeads = config.nKvHeads;
    parts.kvLayout.keyDim = attention.headDim;
    parts.kvLayout.valueDim = attention.valueDim;

    // Attention: queries with gates, apart, attended and gated, keys, values. Recurrent: q, k, v before and after the
    // convolution, attended before and after the gate.
    const int64_t heads = int64_t(config.nHeads) * config.headDim, kvHeads = int64_t(config.nKvHeads) * config.headDim;
    const int64_t keyWidth = int64_t(delta.nKeyHeads) * delta.keyDim,
                  valueWidth = int64_t(delta.nValueHeads) * delta.valueDim;
    parts.attentionValues = std::max(6 * heads + 4 * kvHeads, 4 * keyWidth + 6 * valueWidth) + config.dim / 2;
    parts.feedForwardValues =
        experts ? feedForwardValues(*experts, config.dim, true) : config.ffnDim * 3 / 2 + config.dim / 2;
    parts.weightBytes = weights.bytes();
    return makeDecoder(std::move(parts), std::move(blocks), {rope});
}

} // namespace sy::models
