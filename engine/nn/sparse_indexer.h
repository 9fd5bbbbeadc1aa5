// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/rope/rope.h"
#include "engine/ops/sparse_attention/sparse_attention.h"

#include <functional>
#include <span>
#include <string>

namespace sy::nn {

/// Picks the keys that each token of a sparse attention layer sees. DeepSeek-V3.2, arXiv:2512.02556. Queries and keys begin
/// with the part that RoPE turns, and in halves, whatever layout the attention beside it has. The reference multiplies both
/// with a Hadamard matrix, which changes no product and is left out.
///
/// It chooses and gives no value, so it has no gradient: training takes its choice for a constant, and the indexer stays as
/// it is, as in the paper's sparse stage, where the language model's loss does not reach it either.
struct SparseIndexer {
    Linear q;       // (nHeads * dim, rank of the queries)
    Linear k;       // (dim, model's dim): one key for all heads
    Tensor keyNorm; // (dim), layer norm
    Tensor keyNormBias;
    Linear weights; // (nHeads, model's dim)
    int nHeads = 0;
    int dim = 0;
    int64_t topK = 0;
    float epsilon = 0;
    ops::RopeConfig rope;
};

struct SparseIndexerConfig {
    int nHeads = 0;
    int dim = 0;
    int64_t topK = 0;
    float epsilon = 0;
};

/// PREFIXindexer.attn_q_b, indexer.attn_k, indexer.k_norm, indexer.proj.
///
/// rope  of the attention beside it: its frequencies are used
SparseIndexer loadSparseIndexer(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t queryRank,
                                const SparseIndexerConfig& config, const ops::RopeConfig& rope);

/// The keys to cache for normed (rows, model's dim): (rows, dim). angles: of the attention beside it, of these rows.
Tensor indexKeys(const ops::OpContext& context, const SparseIndexer& indexer, const Tensor& normed,
                 const ops::RopeAngles& angles);

/// The keys that each row of the parts sees, the index keys being the cached values.
///
/// normed   (rows, model's dim)
/// queries  (rows, rank): what the attention's queries are made of
ops::SelectedKeys selectKeys(const ops::OpContext& context, const SparseIndexer& indexer, int layer,
                             const std::vector<Batch::Part>& parts, const Tensor& normed, const Tensor& queries,
                             const ops::RopeAngles& angles);

/// The same of whole texts that lie one after another, without a cache: keys (rows, dim) are indexKeys() of all rows.
ops::SelectedKeys selectKeys(const ops::OpContext& context, const SparseIndexer& indexer, const Tensor& keys,
                             std::span<const int64_t> lengths, const Tensor& normed, const Tensor& queries,
                             const ops::RopeAngles& angles);

/// Calls use() with every matrix.
void eachMatrix(SparseIndexer& indexer, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
