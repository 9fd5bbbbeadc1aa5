// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <span>

namespace sy::ops {

/// y[t, h] = W_h x[t, h]: every head has a matrix of its own (the absorbed key and value projections of MLA; grouped
/// projections).
///
/// x        (tokens, nHeads * xStride) f32: the first `in` values of each head are read
/// weights  nHeads matrices (out, in) of one shape
/// y        (tokens, nHeads * yStride) f32: the first `out` values of each head are written, the others stay
///
/// A token's result has the same bits whatever else is in the batch. Throws std::invalid_argument when shapes do not fit.
void headMatmul(const OpContext& context, const Tensor& x, std::span<const Tensor> weights, Tensor& y);

} // namespace sy::ops
