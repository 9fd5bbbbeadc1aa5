// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/sparse_indexer.h"
#include "engine/nn/weights.h"
#include "engine/ops/rope/rope.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sy::nn {

/// Sizes of multi-head latent attention.
struct MlaConfig {
    int nHeads = 0;
    int nopeDim = 0;                                   // of a head's queries and keys: the part without position
    int ropeDim = 0;                                   // and the part that RoPE turns; all heads share one such key
    int valueDim = 0;                                  // of a head's values
    int latentDim = 0;                                 // of the compressed keys and values
    float scale = 0;                                   // on the scores
    int keyDim() const { return latentDim + ropeDim; } // of a cache row
};

/// Multi-head latent attention: keys and values of all heads are linear in one short vector per token, and only that vector
/// and one key part with position are cached. DeepSeek-V2, arXiv:2405.04434.
///
/// Computed in absorbed form: the heads' key projections move to the queries and the value projections to the result, so
/// that attention runs on the cached vectors themselves, as one key/value head that all query heads share.
///
///     c, r = latent and rotated key of a token, cached
///     q_h  = [q_nope_h | q_rope_h];  score = scale * (K_h q_nope_h · c + q_rope_h · r);  result_h = V_h sum of softmax * c
struct MlaAttention {
    MlaConfig config;
    Linear q;                    // (nHeads * (nopeDim + ropeDim), dim, or the queries' rank)
    Linear qDown;                // (rank, dim), or empty: q reads the model's own vectors
    Tensor qNorm;                // (rank)
    Linear latent;               // (latentDim, dim)
    Linear key;                  // (ropeDim, dim)
    Tensor latentNorm;           // (latentDim); never on the part with position
    std::vector<Tensor> keyUp;   // nHeads times (latentDim, nopeDim)
    std::vector<Tensor> valueUp; // nHeads times (valueDim, latentDim)
    std::string upName;          // of both together as adapters know them, "blk.0.attn_kv_b": a head's nopeDim rows of keys,
                                 // then its valueDim rows of values
    Linear output;               // (dim, nHeads * valueDim)
    float epsilon = 0;
    ops::RopeConfig queryRope; // heads of nopeDim + ropeDim, of which the last ropeDim turn
    ops::RopeConfig keyRope;
    std::optional<SparseIndexer> indexer; // each token sees the keys that it picks; its keys are cached as values
};

/// PREFIXattn_q or attn_q_a, attn_q_a_norm, attn_q_b; attn_kv_a_mqa, attn_kv_a_norm; attn_k_b and attn_v_b, or both in
/// attn_kv_b as older files have them (the key half is then decoded and turned round: a copy in F16, or in the file's float
/// type); attn_output.
///
/// rope     turns heads of ropeDim
MlaAttention loadMlaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t queryRank,
                              const MlaConfig& config, const ops::RopeConfig& rope, float epsilon);

/// As addAttention() of GqaAttention; the cache has one key head of keyDim(), and values only for an indexer: its keys.
void addAttention(const ops::OpContext& context, const MlaAttention& attention, int layer, const Batch& batch,
                  const StepRope& rope, const Tensor& normed, Tensor& residual, bool wantedRowsOnly);

/// Calls use() with every matrix.
void eachMatrix(MlaAttention& attention, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
