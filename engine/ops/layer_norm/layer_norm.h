// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, row by row; the variance divides by dim.
/// Ba et al. 2016, arXiv:1607.06450.
///
/// x             (rows, dim) f32
/// weight, bias  (dim) f32
/// returns       the shape of x. A row's bits depend on that row alone and not on the CPU level.
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor layerNorm(const OpContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias, float epsilon);

} // namespace sy::ops
