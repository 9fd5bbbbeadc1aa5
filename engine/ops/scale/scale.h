// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// x *= factor, every value. f32.
void scale(const OpContext& context, Tensor& x, float factor);

/// Row t of x (rows, n) *= sigmoid(gates[t]), gates (rows, 1) f32: how Qwen's shared expert is let in.
/// Throws std::invalid_argument when the shapes do not fit.
void scaleRowsBySigmoid(const OpContext& context, Tensor& x, const Tensor& gates);

} // namespace sy::ops
