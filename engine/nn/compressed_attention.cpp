// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/compressed_attention.h"

#include "engine/nn/adapted_linear.h"
#include "engine/nn/cached_attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/head_matmul/head_matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/scale/scale.h"
#include "engine/ops/sparse_attention/compressed_attention.h"
#include "engine/ops/sparse_attention/packed_keys.h"

#include <algorithm>
#include <cmath>

namespace sy::nn {

namespace {

// Compressed keys of the batch's rows, into the caches.
void storeBlocks(const ops::OpContext& context, const CompressedAttention& a, const Batch& batch,
                 const ops::MatmulInput& input)
{
    const BlockCompressor& keys = *a.compressor;
    const BlockCompressor* index = a.indexer ? &a.indexer->keys : nullptr;
    const std::vector<Tensor> products =
        index ? applyAll(context, input, {&keys.values, &keys.scores, &index->values, &index->scores}, batch.parts)
              : applyAll(context, input, {&keys.values, &keys.scores}, batch.parts);
    for (const Batch::Part& part : batch.parts) {
        const Tensor rows = finishedBlocks(context, keys, products[0], products[1], part);
        const Tensor indexRows = index ? finishedBlocks(context, *index, products[2], products[3], part) : Tensor();
        const int64_t first = part.firstPosition / keys.config.ratio;
        for (int64_t i = 0; i < rows.rows(); ++i)
            part.cache->storeBlock(a.blocks, first + i, rows.f32() + i * rows.cols(),
                                   index ? indexRows.f32() + i * indexRows.cols() : nullptr);
    }
}

ops::SelectedKeys select(const ops::OpContext& context, const CompressedAttention& a,
                         std::span<const ops::AttentionSequence> sequences, const Tensor& normed, const Tensor& queries,
                         const ops::RopeAngles& angles)
{
    const BlockIndexer& indexer = *a.indexer;
    const int ratio = a.compressor->config.ratio;
    const auto isShort = [&](const ops::AttentionSequence& s) {
        return (s.firstPosition + s.nRows) / ratio <= indexer.topK;
    };
    if (std::ranges::all_of(sequences, isShort))
        return ops::SelectedKeys(size_t(normed.rows()));
    Tensor q = apply(context, ops::MatmulInput(queries), indexer.q);
    ops::rope(context, q, indexer.rope, angles);
    Tensor weights = apply(context, ops::MatmulInput(normed), indexer.weights);
    ops::scale(context, weights, 1.0f / std::sqrt(float(indexer.keys.config.width) * float(indexer.nHeads)));
    return ops::selectKeys(context, q, weights, sequences, indexer.topK, ratio);
}

ops::SelectedKeys selectCached(const ops::OpContext& context, const CompressedAttention& a,
                               const std::vector<Batch::Part>& parts, const Tensor& normed, const Tensor& queries,
                               const ops::RopeAngles& angles)
{
    if (!a.indexer)
        return ops::SelectedKeys(size_t(normed.rows()));
    std::vector<ops::AttentionSequence> sequences;
    for (const Batch::Part& part : parts)
        sequences.push_back({part.firstRow, part.nRows, part.firstPosition, part.cache->blockPages(a.blocks)});
    return select(context, a, sequences, normed, queries, angles);
}

Tensor attendRows(const ops::OpContext& context, const CompressedAttention& a, int layer,
                  const std::vector<Batch::Part>& parts, const Tensor& normed, const ops::RopeAngles& angles)
{
    const Tensor low = ops::rmsNorm(context, apply(context, ops::MatmulInput(normed), a.qDown, parts), a.qNorm, a.epsilon);
    Tensor q = apply(context, ops::MatmulInput(low), a.q, parts);
    ops::rmsNormHeads(context, q, a.ones, a.epsilon);
    ops::rope(context, q, a.rope, angles);
    if (!a.compressor)
        return attendCached(context, a.config, layer, parts, q);
    std::vector<ops::CompressedSequence> sequences;
    for (const Batch::Part& part : parts)
        sequences.push_back(
            {part.firstRow, part.nRows, part.firstPosition, part.cache->pages(layer), part.cache->blockPages(a.blocks)});
    return ops::compressedAttention(context, q, sequences, a.config, a.compressor->config.ratio,
                                    selectCached(context, a, parts, normed, low, angles));
}

} // namespace

CompressedAttention loadCompressedAttention(WeightReader& weights, const std::string& prefix, int64_t dim,
                                            const CompressedAttentionConfig& c, const ops::RopeConfig& rope)
{
    const int64_t headDim = c.attention.headDim, width = c.attention.nHeads * headDim;
    CompressedAttention a;
    a.config = c.attention;
    a.epsilon = c.epsilon;
    a.qDown = loadLinear(weights, prefix + "attn_q_a", c.queryRank, dim, Bias::none);
    a.qNorm = weights.vector(prefix + "attn_q_a_norm.weight", c.queryRank);
    a.q = loadLinear(weights, prefix + "attn_q_b", width, c.queryRank, Bias::none);
    a.ones = Tensor::empty({headDim});
    std::fill_n(a.ones.f32(), headDim, 1.0f);
    a.kv = loadLinear(weights, prefix + "attn_kv", headDim, dim, Bias::none);
    a.kvNorm = weights.vector(prefix + "attn_kv_a_norm.weight", headDim);
    a.sinks = weights.vector(prefix + "attn_sinks.weight", c.attention.nHeads);
    a.config.sinks = a.sinks.f32();
    // Files have the groups' matrices in one of two or of three dimensions.
    const Linear groups =
        loadLinear(weights, prefix + "attn_output_a", c.nGroups * c.outputRank, width / c.nGroups, Bias::none);
    for (int g = 0; g < c.nGroups; ++g)
        a.groups.push_back(groups.weight.rowRange(g * c.outputRank, c.outputRank));
    a.groupScale = groups.scale;
    a.output = loadLinear(weights, prefix + "attn_output_b", dim, c.nGroups * c.outputRank, Bias::none);
    a.rope = rope;
    a.rope.headDim = int(headDim);
    a.rope.firstDim = int(headDim) - rope.nRotated();
    if (c.ratio > 0)
        a.compressor = loadBlockCompressor(weights, prefix + "attn_compressor", dim, {int(headDim), c.ratio, c.overlaps},
                                           rope, c.epsilon);
    if (c.nIndexHeads > 0) {
        BlockIndexer indexer;
        indexer.nHeads = c.nIndexHeads;
        indexer.topK = c.topK;
        indexer.q =
            loadLinear(weights, prefix + "indexer.attn_q_b", int64_t(c.nIndexHeads) * c.indexDim, c.queryRank, Bias::none);
        indexer.weights = loadLinear(weights, prefix + "indexer.proj", c.nIndexHeads, dim, Bias::none);
        indexer.rope = rope;
        indexer.rope.headDim = c.indexDim;
        indexer.rope.firstDim = c.indexDim - rope.nRotated();
        indexer.keys = loadBlockCompressor(weights, prefix + "indexer_compressor", dim, {c.indexDim, c.ratio, c.overlaps},
                                           rope, c.epsilon);
        a.indexer = std::move(indexer);
    }
    return a;
}

Tensor attend(const ops::OpContext& context, const CompressedAttention& a, int layer, const Batch& batch,
              const StepRope& rope, const Tensor& normed, bool wantedRowsOnly)
{
    const ops::MatmulInput input(normed);
    Tensor keys = ops::rmsNorm(context, apply(context, input, a.kv, batch.parts), a.kvNorm, a.epsilon);
    ops::rope(context, keys, a.rope, rope.all);
    storeKeysAndValues(context, layer, batch, keys, Tensor());
    if (a.compressor)
        storeBlocks(context, a, batch, input);

    const bool selects = wantedRowsOnly && !batch.wantsAll();
    if (selects && batch.wantedRows.empty())
        return {};
    const ops::RopeAngles& angles = selects ? rope.wanted : rope.all;
    Tensor attended =
        selects ? attendRows(context, a, layer, batch.wantedParts, ops::embedRows(context, normed, batch.wantedRows), angles)
                : attendRows(context, a, layer, batch.parts, normed, angles);
    ops::rope(context, attended, a.rope, ops::gradientAngles(context, angles)); // the rotation backwards
    Tensor low = Tensor::empty({attended.rows(), int64_t(a.groups.size()) * a.groups[0].rows()});
    ops::headMatmul(context, attended, a.groups, low);
    if (a.groupScale != 1)
        ops::scale(context, low, a.groupScale);
    return apply(context, ops::MatmulInput(low), a.output, selects ? batch.wantedParts : batch.parts);
}

ops::SelectedKeys selectBlocks(const ops::OpContext& context, const CompressedAttention& a, std::span<const int64_t> lengths,
                               const Tensor& normed, const Tensor& queries, const ops::RopeAngles& angles)
{
    if (!a.indexer)
        return ops::SelectedKeys(size_t(normed.rows()));
    const Tensor keys = packedKeys(context, a.indexer->keys, normed, lengths);
    return select(context, a, ops::PackedKeys(keys, lengths, a.compressor->config.ratio).sequences(), normed, queries,
                  angles);
}

void eachMatrix(CompressedAttention& a, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&a.qDown, &a.q, &a.kv, &a.output})
        use(linear->weight);
    for (Tensor& weight : a.groups)
        use(weight);
    if (a.compressor)
        eachMatrix(*a.compressor, use);
    if (a.indexer) {
        use(a.indexer->q.weight);
        use(a.indexer->weights.weight);
        eachMatrix(a.indexer->keys, use);
    }
}

} // namespace sy::nn
