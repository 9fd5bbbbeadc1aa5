// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// What one matrix gives of attention with gates: behind each head's queries its gate. Qwen 3.5.
struct HeadGates {
    Tensor queries; // (rows, nHeads * headDim)
    Tensor gates;   // the same
};

/// both (rows, nHeads * 2 * headDim) f32. Throws std::invalid_argument when the heads do not fit.
HeadGates splitGates(const OpContext& context, const Tensor& both, int nHeads);

/// The way back, which is also the gradient's.
Tensor joinGates(const OpContext& context, const HeadGates& parts, int nHeads);

} // namespace sy::ops
