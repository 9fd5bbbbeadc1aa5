// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

struct GatedDeltaConfig {
    int nKeyHeads;   // value head h reads keys and queries of h % nKeyHeads
    int nValueHeads; // a multiple of nKeyHeads
    int keyDim;      // at most 512
    int valueDim;
    float epsilon; // least length of a query or key before it is normalized
};

/// The gated delta rule, a linear attention with a matrix as memory for each head. Yang et al. 2024, arXiv:2412.06464. Token
/// by token, q and k being normalized to length 1 and q divided by sqrt(keyDim):
///
///     S = e^g S;  S = S + k (beta (v - Sᵀ k))ᵀ;  o = Sᵀ q
///
/// qkv     (rows, 2 * nKeyHeads * keyDim + nValueHeads * valueDim) f32: queries, keys, values; the rows first ... first+n-1
/// are one
///         sequence's
/// decay   (rows, nValueHeads): g
/// beta    (rows, nValueHeads)
/// state   (nValueHeads, keyDim, valueDim): S before the first row
/// next    S after the last row; may be the same memory
/// out     (rows, nValueHeads * valueDim); the same rows are written
///
/// The same bits however a sequence is cut, at every thread count and CPU level. Throws std::invalid_argument when shapes do
/// not fit.
void gatedDelta(const OpContext& context, const GatedDeltaConfig& config, const Tensor& qkv, const Tensor& decay,
                const Tensor& beta, int64_t first, int64_t n, const float* state, float* next, Tensor& out);

} // namespace sy::ops
