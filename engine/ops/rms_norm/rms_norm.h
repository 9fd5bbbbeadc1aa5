// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// y = x / sqrt(mean(x²) + epsilon) * weight, row by row. Zhang and Sennrich 2019, arXiv:1910.07467.
///
/// x        (rows, dim) f32
/// weight   (dim) f32
/// returns  the shape of x. A row's bits depend on that row alone and not on the CPU level.
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor rmsNorm(const OpContext& context, const Tensor& x, const Tensor& weight, float epsilon);

/// The same in place on each head of x (tokens, nHeads * headDim); weight (headDim) is shared by the heads, as the QK norm of
/// Qwen 3 has it.
void rmsNormHeads(const OpContext& context, Tensor& x, const Tensor& weight, float epsilon);

} // namespace sy::ops
