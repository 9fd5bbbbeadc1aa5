// SPDX-License-Identifier: GPL-3.0-or-later
// What the ops of recorded_*.cpp keep, counted. A layer's forward pass fills memory with what its way back wants; the way
// back takes one op's part away after the other while that op's own gradients come and go, so that the highest point is
// where the feed-forward is differentiated, or for large vocabularies where the loss is:
//
//     with checkpoints      one row of each layer's input   + one layer + its feed-forward's gradients
//     without               all layers                                  + a feed-forward's gradients
//
// Freed buffers are kept for the next op of their size (Tensor); what of them does not fit is a part of its own.
#include "engine/train/memory_need.h"

#include "engine/cpu/level.h"
#include "engine/ops/cross_entropy/cross_entropy.h"
#include "engine/ops/gated_delta/gated_delta_grad.h"

#include <algorithm>

namespace sy::train {

namespace {

constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kMostKeptBytes = int64_t(192) << 20; // of freed buffers: HostPool in core/tensor.cpp

// Numbers of each token.
struct LayerNeed {
    int64_t kept = 0;    // for the way back, the result included and the input not
    int64_t highest = 0; // that exist beside them at the highest point of the way back
    int64_t beside = 0;  // numbers that one op takes there, whatever the tokens share of them
};

int64_t widthOf(const nn::Linear& linear)
{
    return linear.weight ? linear.weight.rows() : 0;
}

int64_t ranksOf(const TrainedSet& set, std::initializer_list<const std::string*> names)
{
    int64_t sum = 0;
    for (const std::string* name : names) {
        const auto found = set.updates.find(*name);
        if (found != set.updates.end())
            sum += found->second.rank();
    }
    return sum;
}

void addDense(const nn::GatedFeedForward& f, const TrainedSet& set, int64_t dim, LayerNeed& need)
{
    const int64_t ffn = widthOf(f.gate);
    need.kept += 2 * ffn + dim + ranksOf(set, {&f.gate.name, &f.up.name, &f.down.name});
    need.highest = std::max(need.highest, 3 * ffn); // the hidden layer's gradient, gate's and up's
}

void addExperts(const nn::MoeFeedForward& moe, const TrainedSet& set, int64_t dim, int64_t nUsed, LayerNeed& need)
{
    const int64_t ffn = moe.experts.gate.weights.front().rows();
    const int64_t ranks = ranksOf(set, {&moe.experts.gate.name, &moe.experts.up.name, &moe.experts.down.name});
    need.kept += nUsed * (2 * ffn + ranks + 4) + 2 * dim;
    // Gradients of a choice's rows: activation, gate, up and hidden; rows of the input and of both its gradients, the
    // result's weighted and not.
    need.highest = std::max(need.highest, nUsed * (4 * ffn + 5 * dim));
    if (moe.shared)
        addDense(*moe.shared, set, 2 * dim, need);
}

void addDeltaNet(const nn::DeltaNet& d, const TrainedSet& set, int64_t nTokens, LayerNeed& need)
{
    const int64_t qkv = widthOf(d.qkv), values = widthOf(d.gate), nHeads = d.config.nValueHeads;
    // q, k, v before and after the convolution; what is attended, normed and gated, and the gate.
    need.kept += 2 * qkv + 4 * values + 4 * nHeads +
                 ranksOf(set, {&d.qkv.name, &d.gate.name, &d.beta.name, &d.alpha.name, &d.output.name});
    need.highest = 2 * qkv + 2 * values;
    // Each thread has its heads' memories, of a text as long as the batch at worst.
    need.beside = std::min(cpu::physicalCores(), d.config.nKeyHeads) * ops::deltaGradFloats(d.config, nTokens);
}

LayerNeed needOf(const nn::DecoderBlock& block, const TrainedSet& set, int64_t dim, int64_t nExpertsUsed, int64_t nTokens)
{
    LayerNeed need;
    need.kept = 4 * dim; // two norms' results, the attention's, the sum with it
    if (const auto* gqa = std::get_if<nn::GqaAttention>(&block.attention)) {
        const int64_t qkv = widthOf(gqa->q) + widthOf(gqa->k) + widthOf(gqa->v);
        need.kept += qkv + gqa->output.weight.cols() + gqa->config.nHeads +
                     ranksOf(set, {&gqa->q.name, &gqa->k.name, &gqa->v.name, &gqa->output.name});
        if (gqa->qNorm)
            need.kept += widthOf(gqa->q) + widthOf(gqa->k);
        need.highest = qkv;
    } else if (const auto* mla = std::get_if<nn::MlaAttention>(&block.attention)) {
        const nn::MlaConfig& c = mla->config;
        const int64_t keys = int64_t(c.nHeads) * (c.nopeDim + c.ropeDim), values = int64_t(c.nHeads) * c.valueDim;
        need.kept += 2 * widthOf(mla->qDown) + widthOf(mla->q) + 2 * widthOf(mla->latent) + widthOf(mla->key) + keys +
                     2 * values + c.nHeads;
        need.highest = widthOf(mla->q) + keys + values;
        if (mla->indexer && nTokens > mla->indexer->topK) {
            need.kept += mla->indexer->topK; // numbers of keys
            // Nothing else has a buffer of its queries' size: it waits for the next layer where it may.
            const int64_t queries = widthOf(mla->indexer->q);
            if (nTokens * queries * kFloat <= kMostKeptBytes)
                need.beside = nTokens * queries;
            else
                need.highest = std::max(need.highest, queries);
        }
    } else {
        addDeltaNet(std::get<nn::DeltaNet>(block.attention), set, nTokens, need);
    }
    if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward))
        addDense(*dense, set, 2 * dim, need);
    else
        addExperts(std::get<nn::MoeFeedForward>(block.feedForward), set, dim, nExpertsUsed, need);
    return need;
}

LayerNeed needOf(const nn::StreamBlock& block, const TrainedSet& set, int64_t dim, int64_t nExpertsUsed, int64_t nTokens)
{
    const nn::CompressedAttention& a = block.attention;
    const int64_t nStreams = block.attentionStreams.config.nStreams, streams = nStreams * dim;
    const int64_t heads = widthOf(a.q), low = a.output.weight.cols();
    LayerNeed need;
    // Twice: streams behind the sublayer, what it reads before and behind its norm, its result, the mix and its products.
    need.kept = 2 * (streams + 3 * dim + 2 * nStreams * (2 + nStreams));
    // Queries before and behind their norm, and attended; the same of their low-rank form and of the keys.
    need.kept += 3 * heads + 2 * widthOf(a.qDown) + 3 * widthOf(a.kv) + low + a.config.nHeads +
                 ranksOf(set, {&a.qDown.name, &a.q.name, &a.kv.name, &a.output.name});
    if (a.compressor) {
        const int64_t ratio = a.compressor->config.ratio, nBlocks = nTokens / ratio;
        need.kept += 2 * a.compressor->config.inputWidth() + 4 * widthOf(a.kv) / ratio +
                     ranksOf(set, {&a.compressor->values.name, &a.compressor->scores.name});
        need.kept += std::min<int64_t>(a.config.window, nTokens) + // numbers of the keys that a row sees
                     (a.indexer && nBlocks > a.indexer->topK ? a.indexer->topK : nBlocks / 2);
    }
    addExperts(block.feedForward, set, dim, nExpertsUsed, need);
    // The streams' own gradient waits beside the sublayers', and meets two more of its size where their norm is taken back.
    need.highest = streams + std::max({need.highest, 2 * streams, 3 * heads});
    if (a.indexer && nTokens / a.compressor->config.ratio > a.indexer->topK)
        need.highest = std::max(need.highest, widthOf(a.indexer->q));
    return need;
}

} // namespace

int64_t sizeClass(int64_t nTokens)
{
    int64_t step = 1; // as HostPool rounds
    while (step * 8 < nTokens)
        step *= 2;
    return (nTokens + step - 1) / step * step;
}

MemoryNeed memoryNeed(const models::Model& model, const TrainedSet& set, const BatchSize& batch, bool hasCheckpoints,
                      int64_t stateBits)
{
    MemoryNeed need;
    need.weightBytes = model.weightBytes;
    int64_t nUpdates = 0, nWhole = 0, nWritten = 0; // written: with the zeros of experts that are not trained
    for (const auto& [name, m] : set.updates) {
        const int64_t n = m.a.value.count() + m.b.value.count() + m.magnitude.value.count();
        nUpdates += n;
        nWritten += m.places.empty() ? n : n / m.b.value.shape()[0] * int64_t(m.places.size());
    }
    for (const auto& [name, parameter] : set.tensors)
        nWhole += parameter.value.count();
    const int64_t nTrained = nUpdates + nWhole;
    // Value (a whole tensor's is the weight), gradient, two numbers of the optimizer.
    need.trainedBytes = uint64_t(nUpdates * kFloat + nTrained * (kFloat + 2 * stateBits / 8));
    const auto decoder = model.decoder();
    if (!decoder)
        return need;
    if (nWhole == 0 && decoder->head->weight.raw() != decoder->tokenEmbedding->raw()) // read row by row from the file
        need.weightBytes -= std::min<uint64_t>(need.weightBytes, decoder->tokenEmbedding->bytes());

    const int64_t dim = model.config().dim;
    int64_t all = dim, layer = 0, beside = 0; // the embedded tokens
    const int64_t streams = decoder->streamHead ? decoder->streamHead->config.nStreams : 1;
    const auto addLayer = [&](const auto& block) {
        const LayerNeed l = needOf(block, set, dim, model.config().nExpertsUsed, batch.nTokens);
        all += hasCheckpoints ? streams * dim : l.kept;
        layer = std::max(layer, l.highest + (hasCheckpoints ? l.kept : 0));
        beside = std::max(beside, l.beside);
    };
    std::ranges::for_each(decoder->blocks, addLayer);
    std::ranges::for_each(decoder->streamBlocks, addLayer);
    const int64_t vocabulary = decoder->head->weight.rows();
    const int64_t chunk = std::min(ops::lossChunkRows(batch.nLabels, dim, vocabulary), batch.nLabels);
    const int64_t keptBytes = batch.nTokens * all * kFloat, layerBytes = batch.nTokens * layer * kFloat;
    const int64_t lossBytes = (chunk * vocabulary + 3 * batch.nLabels * dim) * kFloat;
    need.activationBytes = uint64_t(keptBytes + layerBytes);
    int64_t otherTokens = batch.nTokens / 8; // what of the largest batch's own buffers waits at the highest point
    for (const int64_t n : batch.otherTokens)
        otherTokens += n;
    // They share the room with the largest batch's, and each keeps its part of it.
    const double others = double(otherTokens * (all + layer) * kFloat);
    const double share = std::min(1.0, double(kMostKeptBytes) / (double(keptBytes + layerBytes) + others));
    const int64_t freedBytes = std::min(kMostKeptBytes, int64_t(others * share) + lossBytes);
    // Writing an adapter takes two copies of the values while no activation lives; a whole tensor is written as it lies.
    const int64_t copies = 2 * nWritten * kFloat - keptBytes - layerBytes;
    need.otherBytes = uint64_t(std::max<int64_t>({0, lossBytes - layerBytes, copies}) + freedBytes + beside * kFloat);
    return need;
}

} // namespace sy::train
