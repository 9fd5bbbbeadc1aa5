// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// a + b, both of one shape, f32. Throws std::invalid_argument when the shapes differ.
Tensor add(const OpContext& context, const Tensor& a, const Tensor& b);

/// x += y, both of one shape, f32. Throws std::invalid_argument when the shapes differ.
void addInto(const OpContext& context, Tensor& x, const Tensor& y);

/// x (rows, dim) += bias (dim) on every row, f32. Throws std::invalid_argument when the sizes differ.
void addBias(const OpContext& context, Tensor& x, const Tensor& bias);

/// dBias (dim) += the columns of dy (rows, dim) summed up, rows in ascending order: the gradient of a bias.
void addBiasGrad(const OpContext& context, const Tensor& dy, Tensor& dBias);

} // namespace sy::ops
