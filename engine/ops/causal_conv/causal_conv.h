// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// SiLU of a depthwise convolution over time: y[t, c] = SiLU(sum over j of w[j, c] * x[t - kernel + 1 + j, c]). What lies
/// before the first row is in `history`. The same bits however a sequence is cut, at every CPU level.
///
/// x        (rows, channels) f32, the rows first ... first+n-1 of which are one sequence's
/// weight   (kernel, channels) f32
/// history  (kernel - 1, channels): the inputs before row `first`
/// next     the same after the last row; may not be the same memory as history
/// y        (rows, channels); the same rows are written
///
/// Throws std::invalid_argument when shapes do not fit.
void causalConv(const OpContext& context, const Tensor& x, int64_t first, int64_t n, const Tensor& weight,
                const float* history, float* next, Tensor& y);

} // namespace sy::ops
