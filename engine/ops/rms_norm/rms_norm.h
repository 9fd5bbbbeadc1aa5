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

/// What the gradient dy of y = rmsNorm(x, weight) means for x. With f = 1 / sqrt(mean(x²) + epsilon):
///
///     dx = f * weight * dy - x * f³ / dim * sum(weight * dy * x)
///
/// x, dy    (rows, dim) f32; for heads: reshaped to (rows * nHeads, headDim)
/// returns  the shape of x
Tensor rmsNormGrad(const OpContext& context, const Tensor& x, const Tensor& weight, float epsilon, const Tensor& dy);

/// dWeight (dim) += sum over the rows of dy * x * f, rows in ascending order.
void addRmsNormWeightGrad(const OpContext& context, const Tensor& x, float epsilon, const Tensor& dy, Tensor& dWeight);

} // namespace sy::ops
