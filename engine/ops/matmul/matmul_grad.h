// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/op_context.h"

#include <functional>

namespace sy::ops {

/// The gradient of matmul()'s input through a frozen weight: dx = factor * dy W, or added to dx.
///
/// dy      (tokens, out) f32
/// weight  (out, in) of any type in quant_table, also packed
/// dx      (tokens, in)
///
/// With fast activations both are taken in int8 in blocks of 32 along `out`, the weight being decoded and turned on the way:
/// an error of at most 1/254 of a block's largest value each, after Xi et al. 2024, arXiv:2403.12422. The same bits at every
/// CPU level and thread count. In float (gemmWeight()) where float32 is asked for, and for an `out` that is no multiple of
/// 32 or an `in` that is none of 16. Throws as gemmWeight(), and what betweenParts() throws.
///
/// betweenParts   called between the parts in which a weight of a vocabulary's size is taken in int8; may be empty
void matmulGrad(const OpContext& context, const Tensor& dy, const Tensor& weight, const MatrixTarget& dx,
                Write write = Write::sets, float factor = 1, const std::function<void()>& betweenParts = {});

} // namespace sy::ops
