// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/block_compressor.h"
#include "engine/nn/weights.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/sparse_attention/sparse_attention.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sy::nn {

/// Picks the compressed keys that a token sees, with compressed keys of its own. As SparseIndexer otherwise; queries and
/// keys end with the part that RoPE turns.
struct BlockIndexer {
    Linear q;       // (nHeads * width of the keys, rank of the queries)
    Linear weights; // (nHeads, dim)
    int nHeads = 0;
    int64_t topK = 0;
    ops::RopeConfig rope;
    BlockCompressor keys;
};

/// DeepSeek-V4's attention: one head of keys, which are values too, for all query heads. A token sees those of its window
/// and, where the layer has a compressor, compressed ones of all that lies before; both in one softmax with the head's sink.
/// Since values are turned like keys, each head's result is turned back by the query's position.
///
///     q  = RoPE(headwise norm(W_qb norm(W_qa h)));  kv = RoPE(norm(W_kv h))
///     y  = W_b [W_a,g (RoPE⁻¹(attended heads of group g)) for each group g]
struct CompressedAttention {
    ops::AttentionConfig config; // one key head, values in keys, the window; sinks points into `sinks`
    Linear qDown;                // (rank, dim)
    Tensor qNorm;                // (rank)
    Linear q;                    // (nHeads * headDim, rank)
    Tensor ones;                 // (headDim): queries are normed without a weight
    Linear kv;                   // (headDim, dim)
    Tensor kvNorm;               // (headDim)
    Tensor sinks;                // (nHeads)
    std::vector<Tensor> groups;  // nGroups matrices (outputRank, nHeads / nGroups * headDim)
    float groupScale = 1;        // on their products
    Linear output;               // (dim, nGroups * outputRank)
    float epsilon = 0;
    ops::RopeConfig rope;                      // heads of headDim, of which the last values turn
    std::optional<BlockCompressor> compressor; // none: the window is all
    std::optional<BlockIndexer> indexer;       // none: all compressed keys are seen
    int blocks = -1;                           // of KvLayout::blocks: compressed keys, the indexer's as values
};

struct CompressedAttentionConfig {
    ops::AttentionConfig attention; // sinks are the file's
    int64_t queryRank = 0;
    int nGroups = 0; // divides nHeads
    int64_t outputRank = 0;
    float epsilon = 0;
    int ratio = 0; // tokens of a block; 0: no compressor
    bool overlaps = false;
    int nIndexHeads = 0; // 0: no indexer
    int indexDim = 0;
    int64_t topK = 0;
};

/// PREFIXattn_q_a, attn_q_a_norm, attn_q_b, attn_kv, attn_kv_a_norm, attn_sinks, attn_output_a, attn_output_b;
/// attn_compressor; indexer.attn_q_b, indexer.proj, indexer_compressor.
///
/// rope  turns heads of headDim
CompressedAttention loadCompressedAttention(WeightReader& weights, const std::string& prefix, int64_t dim,
                                            const CompressedAttentionConfig& config, const ops::RopeConfig& rope);

/// Stores keys of all rows, and of the blocks that they finish, in the caches first.
///
/// normed   (rows, dim) f32
/// returns  (rows, dim); with wantedRowsOnly of the wanted rows, which may be none: then it is empty
Tensor attend(const ops::OpContext& context, const CompressedAttention& attention, int layer, const Batch& batch,
              const StepRope& rope, const Tensor& normed, bool wantedRowsOnly);

/// The compressed keys that each row of packed texts sees, by the number of their block; an empty list: all finished ones.
/// The indexer's choice, which has no gradient: training takes it for a constant, and the indexer stays as it is.
///
/// normed   (rows, dim)
/// queries  (rows, rank): what the attention's queries are made of
ops::SelectedKeys selectBlocks(const ops::OpContext& context, const CompressedAttention& attention,
                               std::span<const int64_t> lengths, const Tensor& normed, const Tensor& queries,
                               const ops::RopeAngles& angles);

/// Calls use() with every matrix.
void eachMatrix(CompressedAttention& attention, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
