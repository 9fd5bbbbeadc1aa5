// SPDX-License-Identifier: GPL-3.0-or-later
// DeepSeek V2 (arXiv:2405.04434), V2-Lite, V3 (arXiv:2412.19437), R1 and their relatives (Moonlight, Kimi-K2,
// GLM-4.7-Flash): multi-head latent attention, a few dense layers, then experts with a shared one. V2's router takes a
// softmax, V3's a sigmoid with a bias that balances the load and never touches the weights. Lite models have no low-rank
// step in front of the queries.
//
// V3.2 (deepseek32) adds an indexer to every layer, which picks the keys that a token sees once there are more than top_k.
//
// Newer files describe the attention as it runs in absorbed form (one key head of the latent's and the rotated part's size)
// and give the heads' own sizes in keys that end in _mla; older ones give the heads' sizes alone and have one tensor
// attn_kv_b.
#include "engine/core/error.h"
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"
#include "engine/ops/matmul/weight_arena.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace sy::models {

namespace {

constexpr int64_t kMostHeadDim = 640; // the attention kernels' scratch

nn::MlaConfig readMlaKeys(const nn::WeightReader& weights, const Hyperparameters& keys, const ModelConfig& config)
{
    nn::MlaConfig mla;
    mla.nHeads = config.nHeads;
    mla.latentDim = int(keys.integer("attention.kv_lora_rank", 1, kMostHeadDim));
    int64_t keyDim = keys.integer("attention.key_length_mla", 0, kMostHeadDim, 0);
    int64_t valueDim = keys.integer("attention.value_length_mla", 0, kMostHeadDim, 0);
    if (keyDim == 0 || valueDim == 0) {
        keyDim = keys.integer("attention.key_length", 1, kMostHeadDim);
        valueDim = keys.integer("attention.value_length", 1, kMostHeadDim);
    }
    mla.ropeDim = int(keys.integer("rope.dimension_count", 2, keyDim - 1));
    mla.nopeDim = int(keyDim) - mla.ropeDim;
    mla.valueDim = int(valueDim);
    if (mla.keyDim() > kMostHeadDim)
        keys.bad("attention.kv_lora_rank", "is too large");
    mla.scale = float(nn::yarnScoreFactor(weights.metadata(), config.architecture) / std::sqrt(double(keyDim)));
    return mla;
}

nn::SparseIndexerConfig readIndexerKeys(const Hyperparameters& keys)
{
    nn::SparseIndexerConfig indexer;
    indexer.nHeads = int(keys.integer("attention.indexer.head_count", 1, 4096));
    indexer.dim = int(keys.integer("attention.indexer.key_length", 1, kMostHeadDim));
    indexer.topK = keys.integer("attention.indexer.top_k", 1, INT32_MAX);
    indexer.epsilon = float(keys.real("attention.layer_norm_epsilon", 1e-6));
    return indexer;
}

} // namespace

std::unique_ptr<Model> loadDeepSeek2(const formats::TensorSource& source)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    CausalParts parts;
    parts.config = keys.common();
    ModelConfig& config = parts.config;
    if (keys.real("attention.temperature_scale", 0.0) != 0)
        throw Unsupported("queries scaled by their position (" + keys.key("attention.temperature_scale") + ")",
                          "this version knows DeepSeek's own models and those that compute alike");
    const nn::MlaConfig mla = readMlaKeys(weights, keys, config);
    config.nKvHeads = 1;
    config.headDim = mla.keyDim();
    parts.kvLayout = {config.nLayers, 1, mla.keyDim(), 0};

    const float epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");
    const ops::RopeConfig rope = nn::loadRope(weights, config.architecture, ops::RopeLayout::adjacent, mla.ropeDim);
    parts.tokenEmbedding = weights.table("token_embd.weight", config.dim);
    parts.head = nn::loadOutputHead(weights, parts.tokenEmbedding, epsilon);

    // Files do not name their lite models: what the first layer has decides.
    const bool isLite = weights.has("blk.0.attn_q.weight");
    const int64_t queryRank = isLite ? 0 : keys.integer("attention.q_lora_rank", 1, config.dim * 4);
    std::optional<nn::SparseIndexerConfig> indexer;
    if (config.architecture == "deepseek32") {
        indexer = readIndexerKeys(keys);
        parts.kvLayout.valueDim = indexer->dim; // its keys
    }
    const int64_t nDense =
        config.nExperts > 0 ? keys.integer("leading_dense_block_count", 0, config.nLayers, 0) : config.nLayers;
    // Files of GLM-4.7-Flash do not say that its router takes a sigmoid; its vocabulary tells it from the others.
    const bool isGlm = parts.tokenEmbedding.rows() == 154880;
    std::optional<nn::MoeOptions> experts;
    if (config.nExperts > 0)
        experts = readExpertKeys(keys, config,
                                 {.gating = isGlm ? ops::Gating::sigmoid : ops::Gating::softmax,
                                  .normalizes = {},
                                  .selectionBias = nn::Bias::optional});

    bool isInt8 = true;
    std::vector<nn::DecoderBlock> blocks;
    for (int layer = 0; layer < config.nLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        nn::DecoderBlock block;
        block.epsilon = epsilon;
        block.attentionNorm = weights.vector(prefix + "attn_norm.weight", config.dim);
        nn::MlaAttention attention = nn::loadMlaAttention(weights, prefix, config.dim, queryRank, mla, rope, epsilon);
        if (indexer)
            attention.indexer = nn::loadSparseIndexer(weights, prefix, config.dim, queryRank, *indexer, rope);
        block.attention = std::move(attention);
        block.feedForwardNorm = weights.vector(prefix + "ffn_norm.weight", config.dim);
        if (layer < nDense) {
            block.feedForward = nn::loadGatedFeedForward(weights, prefix, config.dim, config.ffnDim);
        } else {
            block.feedForward = nn::loadMoeFeedForward(weights, prefix, config.dim, *experts);
            isInt8 = isInt8 && ops::packedBytes(std::get<nn::MoeFeedForward>(block.feedForward).experts.gate.weights[0]) > 0;
        }
        blocks.push_back(std::move(block));
    }

    // Queries before and after absorption, and by head; attended latents, and by head; values; int8 forms of what is by
    // head.
    parts.attentionValues =
        int64_t(config.nHeads) * (3 * mla.nopeDim + mla.ropeDim + mla.keyDim() + 3 * mla.latentDim + 2 * mla.valueDim) +
        2 * mla.keyDim() + queryRank + (indexer ? indexer->nHeads * (indexer->dim + 1) + 2 * indexer->dim : 0);
    parts.feedForwardValues = std::max(nDense > 0 ? config.ffnDim + std::max(config.dim, config.ffnDim) / 2 : 0,
                                       experts ? feedForwardValues(*experts, config.dim, isInt8) : 0);
    parts.weightBytes = weights.bytes();
    return makeDecoder(std::move(parts), std::move(blocks), {rope});
}

} // namespace sy::models
