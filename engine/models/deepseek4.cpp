// SPDX-License-Identifier: GPL-3.0-or-later
// DeepSeek V4. The residual is several streams of the model's width (hyper-connections); every layer's attention sees a
// short window of its own keys, and in most layers compressed keys of all that lies before: one for 128 tokens, or one for
// 4, of which an indexer picks some. The first layers look their experts up by the token's id, the others choose by a biased
// sqrt(softplus). Blocks that predict further tokens (nextn) and what belongs to images (exp_probs_b_vl) are not read.
//
//     layer   streams ── in ──▶ norm ▶ attention ── out ──▶ streams ── in ──▶ norm ▶ experts ── out ──▶ streams
//                └──────── across (4 x 4) ──────────▲          └──────── across ────────────────▲
//
// What the compressors have of their unfinished blocks is a state of the sequence, so that a sequence goes on from its end
// only: it shares no prefix and is not saved, as with the recurrent layers of qwen35.
#include "engine/core/error.h"
#include "engine/models/architectures.h"
#include "engine/models/causal_model.h"
#include "engine/models/expert_keys.h"
#include "engine/models/hyperparameters.h"
#include "engine/nn/rope_config.h"
#include "engine/nn/stream_block.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/sparse_attention/compressed_attention.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace sy::models {

namespace {

constexpr int64_t kMostHeadDim = 640; // the attention kernels' scratch
constexpr int kSparseRatio = 4;       // overlapping blocks with an indexer
constexpr int kHeavyRatio = 128;

class DeepSeek4 final : public CausalModel {
public:
    DeepSeek4(CausalParts parts, std::vector<nn::StreamBlock> blocks, nn::HyperHead head, std::vector<ops::RopeConfig> ropes)
        : CausalModel(std::move(parts)), m_blocks(std::move(blocks)), m_head(std::move(head)), m_ropes(std::move(ropes))
    {
    }

    std::optional<DecoderView> decoder() const override
    {
        return DecoderView{&tokenTable(), parts().embeddingScale, {}, m_ropes, &parts().head, m_blocks, &m_head};
    }

protected:
    Tensor layers(const ops::OpContext& context, const nn::Batch& batch, Tensor x) const override
    {
        std::vector<nn::StepRope> ropes;
        for (const ops::RopeConfig& rope : m_ropes)
            ropes.push_back(nn::prepareRope(context, rope, batch));
        Tensor streams = ops::toStreams(context, x, m_head.config.nStreams);
        for (size_t i = 0; i < m_blocks.size(); ++i) {
            forward(context, m_blocks[i], int(i), batch, ropes[size_t(m_blocks[i].rope)], streams, i + 1 == m_blocks.size());
            batch.layerDone(int(i), streams);
        }
        return streams ? nn::gatherStreams(context, m_head, streams) : Tensor();
    }

    void eachMatrix(const std::function<void(Tensor&)>& use) override
    {
        for (nn::StreamBlock& block : m_blocks) {
            nn::eachMatrix(block.attention, use);
            nn::eachMatrix(block.feedForward, use);
        }
        CausalModel::eachMatrix(use);
    }

private:
    void forward(const ops::OpContext& context, const nn::StreamBlock& block, int layer, const nn::Batch& batch,
                 const nn::StepRope& rope, Tensor& streams, bool isLast) const
    {
        {
            const nn::Span span(batch.spanObserver, nn::SpanKind::attention, layer);
            ops::HyperMix mix = nn::hyperMix(context, block.attentionStreams, streams);
            const Tensor input =
                ops::rmsNorm(context, ops::gatherStreams(context, streams, mix.in), block.attentionNorm, block.epsilon);
            const Tensor y = nn::attend(context, block.attention, layer, batch, rope, input, isLast);
            if (!y) {
                streams = Tensor();
                return;
            }
            if (isLast && !batch.wantsAll())
                for (Tensor* rows : {&streams, &mix.out, &mix.across})
                    *rows = ops::embedRows(context, *rows, batch.wantedRows);
            ops::mixStreams(context, streams, y, mix);
        }
        const nn::Span span(batch.spanObserver, nn::SpanKind::feedForward, layer);
        const ops::HyperMix mix = nn::hyperMix(context, block.feedForwardStreams, streams);
        const Tensor input =
            ops::rmsNorm(context, ops::gatherStreams(context, streams, mix.in), block.feedForwardNorm, block.epsilon);
        Tensor y = Tensor::zeros(input.shape());
        nn::addFeedForward(context, block.feedForward, layer, isLast ? batch.wantedParts : batch.parts, input, y,
                           batch.spanObserver);
        ops::mixStreams(context, streams, y, mix);
    }

    std::vector<nn::StreamBlock> m_blocks;
    nn::HyperHead m_head;
    std::vector<ops::RopeConfig> m_ropes; // of layers without and with a compressor
};

// attention.compress_ratios: tokens of each layer's blocks, 0 for none.
std::vector<int> compressRatios(const nn::WeightReader& weights, const Hyperparameters& keys, int nLayers)
{
    const std::string name = "attention.compress_ratios";
    const std::vector<int64_t> values = weights.metadata().integers(keys.key(name));
    if (values.size() < size_t(nLayers))
        keys.bad(name, "has " + std::to_string(values.size()) + " entries for " + std::to_string(nLayers) + " layers");
    std::vector<int> ratios;
    for (int i = 0; i < nLayers; ++i) {
        const int64_t ratio = values[size_t(i)];
        if (ratio != 0 && ratio != kSparseRatio && ratio != kHeavyRatio)
            throw Unsupported(keys.key(name) + " " + std::to_string(ratio),
                              "this version compresses 4 or 128 tokens, or none");
        ratios.push_back(int(ratio));
    }
    return ratios;
}

// A number that files give once, or for each layer.
std::vector<float> realsByLayer(const nn::WeightReader& weights, const Hyperparameters& keys, const std::string& name,
                                int nLayers, std::vector<float> fallback)
{
    std::vector<float> values = weights.metadata().reals(keys.key(name));
    if (values.empty())
        return fallback;
    if (values.size() == 1)
        values.resize(size_t(nLayers), values.front());
    if (values.size() < size_t(nLayers))
        keys.bad(name, "has " + std::to_string(values.size()) + " entries for " + std::to_string(nLayers) + " layers");
    if (std::ranges::any_of(values, [](float v) { return !(v >= 0 && v < 1e30f); }))
        keys.bad(name, "holds what is no limit");
    return values;
}

ops::GatedActivation clampedAt(float limit)
{
    return limit > 0 ? ops::GatedActivation{ops::GateForm::clampedSilu, limit} : ops::GatedActivation{};
}

ops::HyperConfig readHyperKeys(const Hyperparameters& keys)
{
    ops::HyperConfig hyper;
    hyper.nStreams = int(keys.integer("hyper_connection.count", 1, ops::kMostStreams));
    hyper.iterations = int(keys.integer("hyper_connection.sinkhorn_iterations", 1, 1000));
    hyper.epsilon = keys.epsilon("hyper_connection.epsilon");
    return hyper;
}

// Files of this architecture may carry factors beside any expert's matrix (NAME.scale), and whoever computed with them so
// far left them out. They are a part of NVFP4 weights, which are nothing without them, and are read for those alone.
void dropForeignScales(nn::MoeFeedForward& moe)
{
    for (ops::ExpertMatrices* matrices : {&moe.experts.gate, &moe.experts.up, &moe.experts.down}) {
        if (matrices->weights[0].dtype() != DType::NVFP4)
            matrices->scales = {};
    }
    if (!moe.shared)
        return;
    for (nn::Linear* linear : {&moe.shared->gate, &moe.shared->up, &moe.shared->down}) {
        if (linear->weight.dtype() != DType::NVFP4)
            linear->scale = 1;
    }
}

nn::CompressedAttentionConfig readAttentionKeys(const Hyperparameters& keys, const ModelConfig& config, float epsilon)
{
    if (config.nKvHeads != 1)
        keys.bad("attention.head_count_kv", "is not 1");
    nn::CompressedAttentionConfig c;
    c.attention = keys.attention(config);
    c.attention.valueDim = c.attention.headDim;
    c.attention.valuesInKeys = true;
    c.attention.window = int(keys.integer("attention.sliding_window", 1, INT32_MAX));
    c.queryRank = keys.integer("attention.q_lora_rank", 1, config.dim * 4);
    c.nGroups = int(keys.integer("attention.output_group_count", 1, config.nHeads));
    if (config.nHeads % c.nGroups != 0)
        keys.bad("attention.output_group_count", "does not divide the number of heads");
    c.outputRank = keys.integer("attention.output_lora_rank", 1, config.dim * 4);
    c.epsilon = epsilon;
    return c;
}

void readIndexerKeys(const Hyperparameters& keys, int nRotated, nn::CompressedAttentionConfig& c)
{
    c.nIndexHeads = int(keys.integer("attention.indexer.head_count", 1, 4096));
    c.indexDim = int(keys.integer("attention.indexer.key_length", nRotated, kMostHeadDim));
    c.topK = keys.integer("attention.indexer.top_k", 1, INT32_MAX);
}

} // namespace

std::unique_ptr<Model> loadDeepSeek4(const formats::TensorSource& source)
{
    nn::WeightReader weights(source);
    const Hyperparameters keys(weights);
    CausalParts parts;
    parts.config = keys.common();
    const ModelConfig& config = parts.config;
    if (config.nExperts < 1 || keys.integer("leading_dense_block_count", 0, config.nLayers, 0) > 0)
        throw Unsupported("a model of the architecture \"" + config.architecture + "\" with dense layers",
                          "this version runs those that have experts in every layer");
    const float epsilon = keys.epsilon("attention.layer_norm_rms_epsilon");
    const std::vector<int> ratios = compressRatios(weights, keys, config.nLayers);
    const auto hasRatio = [&](int ratio) { return std::ranges::find(ratios, ratio) != ratios.end(); };
    const ops::HyperConfig hyper = readHyperKeys(keys);
    const nn::CompressedAttentionConfig attention = readAttentionKeys(keys, config, epsilon);
    const ops::RopeConfig plain =
        nn::loadRope(weights, config.architecture, ops::RopeLayout::adjacent, config.headDim, {0, false});
    ops::RopeConfig compressed = nn::loadRope(weights, config.architecture, ops::RopeLayout::adjacent, config.headDim,
                                              {keys.real("attention.compress_rope_freq_base", 160000.0), true});
    compressed.magnitude = 1; // YaRN changes frequencies only
    nn::CompressedAttentionConfig sparse = attention;
    if (hasRatio(kSparseRatio))
        readIndexerKeys(keys, plain.nRotated(), sparse);

    nn::MoeOptions experts = readExpertKeys(keys, config, {.gating = ops::Gating::sqrtSoftplus, .normalizes = {}});
    const std::vector<float> limits =
        realsByLayer(weights, keys, "swiglu_clamp_exp", config.nLayers, std::vector<float>(size_t(config.nLayers), 0.0f));
    const std::vector<float> sharedLimits = realsByLayer(weights, keys, "swiglu_clamp_shexp", config.nLayers, limits);
    const int64_t nTable = keys.integer("hash_layer_count", 0, config.nLayers, 0);

    parts.tokenEmbedding = weights.table("token_embd.weight", config.dim);
    if (!weights.has("output.weight"))
        weights.bad("tensor output.weight is missing");
    parts.head = nn::loadOutputHead(weights, parts.tokenEmbedding, epsilon);
    nn::HyperHead head = nn::loadHyperHead(weights, config.dim, hyper, epsilon);
    nn::KvLayout& cache = parts.kvLayout;
    cache = {config.nLayers, 1, config.headDim, 0};
    cache.window = attention.attention.window;
    cache.isWindowed.assign(size_t(config.nLayers), true);

    bool isInt8 = true;
    std::vector<nn::StreamBlock> blocks;
    for (int layer = 0; layer < config.nLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        const int ratio = ratios[size_t(layer)];
        nn::CompressedAttentionConfig c = ratio == kSparseRatio ? sparse : attention;
        c.ratio = ratio;
        c.overlaps = ratio == kSparseRatio;
        nn::StreamBlock block;
        block.epsilon = epsilon;
        block.rope = ratio > 0 ? 1 : 0;
        block.attentionStreams = nn::loadHyperConnection(weights, prefix + "hc_attn", config.dim, hyper, epsilon);
        block.attentionNorm = weights.vector(prefix + "attn_norm.weight", config.dim);
        block.attention = nn::loadCompressedAttention(weights, prefix, config.dim, c, ratio > 0 ? compressed : plain);
        if (ratio > 0) {
            block.attention.blocks = int(cache.blocks.size());
            cache.blocks.push_back({ratio, config.headDim, c.indexDim});
            block.attention.compressor->firstState = cache.stateFloats;
            cache.stateFloats += block.attention.compressor->config.stateFloats();
        }
        if (block.attention.indexer) {
            block.attention.indexer->keys.firstState = cache.stateFloats;
            cache.stateFloats += block.attention.indexer->keys.config.stateFloats();
        }
        block.feedForwardStreams = nn::loadHyperConnection(weights, prefix + "hc_ffn", config.dim, hyper, epsilon);
        block.feedForwardNorm = weights.vector(prefix + "ffn_norm.weight", config.dim);
        experts.nTableTokens = layer < nTable ? parts.tokenEmbedding.rows() : 0;
        experts.selectionBias = layer < nTable ? nn::Bias::none : nn::Bias::required;
        experts.activation = clampedAt(limits[size_t(layer)]);
        experts.sharedActivation = clampedAt(sharedLimits[size_t(layer)]);
        block.feedForward = nn::loadMoeFeedForward(weights, prefix, config.dim, experts);
        dropForeignScales(block.feedForward);
        isInt8 = isInt8 && ops::packedBytes(block.feedForward.experts.gate.weights[0]) > 0;
        blocks.push_back(std::move(block));
    }

    // The streams, and normed together; queries, attended, the same by group and in int8; compressors' products; the
    // indexer's queries and what it picks; groups' results.
    const int64_t heads = int64_t(config.nHeads) * config.headDim;
    const int64_t compressors = hasRatio(kSparseRatio) ? 4 * (config.headDim + sparse.indexDim) : 2 * config.headDim;
    const int64_t streams = 2 * hyper.nStreams * config.dim;
    parts.attentionValues = streams + 4 * heads + attention.queryRank * 2 + 2 * config.headDim + compressors +
                            int64_t(sparse.nIndexHeads) * (sparse.indexDim + 1) +
                            std::min(sparse.topK, config.contextLength / kSparseRatio) +
                            attention.nGroups * attention.outputRank * 3 / 2;
    parts.feedForwardValues = streams + feedForwardValues(experts, config.dim, isInt8);
    const int64_t mostBlocks =
        std::max(hasRatio(kSparseRatio) ? std::min(sparse.topK, config.contextLength / kSparseRatio) : 0,
                 hasRatio(kHeavyRatio) ? config.contextLength / kHeavyRatio : 0);
    parts.stepBytes = ops::gatheredBytes(std::min<int64_t>(cache.window, config.contextLength) + mostBlocks,
                                         size_t(config.headDim) * sizeof(float));
    parts.weightBytes = weights.bytes();
    return std::make_unique<DeepSeek4>(std::move(parts), std::move(blocks), std::move(head), std::vector{plain, compressed});
}

} // namespace sy::models
