// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/memory_need.h"

#include "engine/ops/cross_entropy/cross_entropy.h"

#include <algorithm>

namespace sy::train {

namespace {

constexpr int64_t kFloat = sizeof(float);

int64_t widthOf(const nn::Linear& linear)
{
    return linear.weight ? linear.weight.rows() : 0;
}

// Numbers that a layer keeps of each token, beside its input.
int64_t keptOf(const nn::DecoderBlock& block, int64_t dim, int64_t nExpertsUsed)
{
    int64_t n = 3 * dim; // two norms, the sum between attention and feed-forward
    if (const auto* gqa = std::get_if<nn::GqaAttention>(&block.attention)) {
        n += widthOf(gqa->q) + widthOf(gqa->k) + widthOf(gqa->v) + 2 * gqa->output.weight.cols();
    } else if (const auto* mla = std::get_if<nn::MlaAttention>(&block.attention)) {
        const nn::MlaConfig& c = mla->config;
        n += widthOf(mla->qDown) * 2 + widthOf(mla->q) + widthOf(mla->latent) * 2 + widthOf(mla->key);
        n += int64_t(c.nHeads) * (c.nopeDim + c.ropeDim + 2 * c.valueDim);
    }
    if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward)) {
        n += 3 * widthOf(dense->gate) + dim;
    } else if (const auto* moe = std::get_if<nn::MoeFeedForward>(&block.feedForward)) {
        n += nExpertsUsed * 2 * moe->experts.gate.weights.front().rows() + dim;
        if (moe->shared)
            n += 3 * widthOf(moe->shared->gate) + dim;
    }
    return n;
}

} // namespace

MemoryNeed memoryNeed(const models::Model& model, const TrainedSet& set, const BatchSize& batch, bool hasCheckpoints)
{
    MemoryNeed need;
    need.weightBytes = model.weightBytes;
    int64_t nTrained = 0;
    for (const auto& [name, m] : set.updates)
        nTrained += m.a.value.count() + m.b.value.count() + m.magnitude.value.count();
    for (const auto& [name, parameter] : set.tensors)
        nTrained += parameter.value.count();
    need.trainedBytes = uint64_t(nTrained * 4 * kFloat);
    const auto decoder = model.decoder();
    if (!decoder)
        return need;
    const int64_t dim = model.config().dim;
    int64_t all = 0, largest = 0;
    for (const nn::DecoderBlock& block : decoder->blocks) {
        const int64_t kept = keptOf(block, dim, model.config().nExpertsUsed);
        all += kept;
        largest = std::max(largest, kept);
    }
    const int64_t perToken = hasCheckpoints ? int64_t(decoder->blocks.size()) * dim + 2 * largest : all + largest;
    need.activationBytes = uint64_t(batch.nTokens * perToken * kFloat);
    const int64_t vocabulary = decoder->head->weight.rows();
    const int64_t chunk = ops::lossChunkRows(batch.nLabels, dim, vocabulary);
    need.otherBytes = uint64_t((std::min(chunk, batch.nLabels) * vocabulary + 3 * batch.nLabels * dim) * kFloat);
    return need;
}

} // namespace sy::train
