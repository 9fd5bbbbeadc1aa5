// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/sparse_indexer.h"

#include "engine/ops/layer_norm/layer_norm.h"
#include "engine/ops/scale/scale.h"
#include "engine/ops/sparse_attention/packed_keys.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sy::nn {

namespace {

// The same angles for pairs that lie half a rotation apart: each stands once, sines without a sign.
ops::RopeAngles inHalves(const ops::RopeAngles& adjacent)
{
    const int64_t nRows = adjacent.cosines.rows(), nPairs = adjacent.cosines.cols() / 2;
    ops::RopeAngles angles{Tensor::empty({nRows, nPairs}), Tensor::empty({nRows, nPairs})};
    for (int64_t i = 0; i < nRows * nPairs; ++i) {
        angles.cosines.f32()[i] = adjacent.cosines.f32()[2 * i];
        angles.sines.f32()[i] = adjacent.sines.f32()[2 * i + 1];
    }
    return angles;
}

ops::SelectedKeys select(const ops::OpContext& context, const SparseIndexer& indexer,
                         std::span<const ops::AttentionSequence> sequences, const Tensor& normed, const Tensor& queries,
                         const ops::RopeAngles& angles)
{
    const auto isShort = [&](const ops::AttentionSequence& s) { return s.firstPosition + s.nRows <= indexer.topK; };
    if (std::ranges::all_of(sequences, isShort))
        return ops::SelectedKeys(size_t(normed.rows()));
    Tensor q = apply(context, ops::MatmulInput(queries), indexer.q);
    ops::rope(context, q, indexer.rope, inHalves(angles));
    Tensor weights = apply(context, ops::MatmulInput(normed), indexer.weights);
    ops::scale(context, weights, 1.0f / std::sqrt(float(indexer.dim) * float(indexer.nHeads)));
    return ops::selectKeys(context, q, weights, sequences, indexer.topK);
}

} // namespace

SparseIndexer loadSparseIndexer(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t queryRank,
                                const SparseIndexerConfig& config, const ops::RopeConfig& rope)
{
    SparseIndexer indexer;
    indexer.nHeads = config.nHeads;
    indexer.dim = config.dim;
    indexer.topK = config.topK;
    indexer.epsilon = config.epsilon;
    indexer.q = loadLinear(weights, prefix + "indexer.attn_q_b", int64_t(config.nHeads) * config.dim, queryRank, Bias::none);
    indexer.k = loadLinear(weights, prefix + "indexer.attn_k", config.dim, dim, Bias::none);
    indexer.keyNorm = weights.vector(prefix + "indexer.k_norm.weight", config.dim);
    indexer.keyNormBias = weights.vector(prefix + "indexer.k_norm.bias", config.dim);
    indexer.weights = loadLinear(weights, prefix + "indexer.proj", config.nHeads, dim, Bias::none);
    indexer.rope = rope;
    indexer.rope.layout = ops::RopeLayout::halves;
    indexer.rope.headDim = config.dim;
    indexer.rope.firstDim = 0;
    return indexer;
}

Tensor indexKeys(const ops::OpContext& context, const SparseIndexer& indexer, const Tensor& normed,
                 const ops::RopeAngles& angles)
{
    const Tensor k = apply(context, ops::MatmulInput(normed), indexer.k);
    Tensor keys = ops::layerNorm(context, k, indexer.keyNorm, indexer.keyNormBias, indexer.epsilon);
    ops::rope(context, keys, indexer.rope, inHalves(angles));
    return keys;
}

ops::SelectedKeys selectKeys(const ops::OpContext& context, const SparseIndexer& indexer, int layer,
                             const std::vector<Batch::Part>& parts, const Tensor& normed, const Tensor& queries,
                             const ops::RopeAngles& angles)
{
    std::vector<ops::AttentionSequence> sequences;
    for (const Batch::Part& part : parts)
        sequences.push_back({part.firstRow, part.nRows, part.firstPosition, part.cache->pages(layer)});
    return select(context, indexer, sequences, normed, queries, angles);
}

ops::SelectedKeys selectKeys(const ops::OpContext& context, const SparseIndexer& indexer, const Tensor& keys,
                             std::span<const int64_t> lengths, const Tensor& normed, const Tensor& queries,
                             const ops::RopeAngles& angles)
{
    return select(context, indexer, ops::PackedKeys(keys, lengths).sequences(), normed, queries, angles);
}

void eachMatrix(SparseIndexer& indexer, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&indexer.q, &indexer.k, &indexer.weights})
        use(linear->weight);
}

} // namespace sy::nn
