// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <span>

namespace sy::ops {

/// causalConv() of packed texts, each beginning with nothing before it.
///
/// x        (tokens, channels) f32
/// weight   (kernel, channels)
/// lengths  of the texts, which lie one after another; they add up to tokens
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor packedCausalConv(const OpContext& context, const Tensor& x, std::span<const int64_t> lengths, const Tensor& weight);

/// The gradient of x for the gradient dy of the result. With s the convolution before its SiLU:
///
///     ds = dy SiLU'(s);  dx[t, c] = sum over j of w[j, c] * ds[t + kernel - 1 - j, c]
///     dw[j, c] += sum over t of ds[t, c] * x[t - kernel + 1 + j, c]
///
/// dWeight  (kernel, channels) is added to, where given
///
/// Sums over tokens have one order: the same bits at every CPU level and thread count.
Tensor packedCausalConvGrad(const OpContext& context, const Tensor& x, std::span<const int64_t> lengths,
                            const Tensor& weight, const Tensor& dy, Tensor* dWeight);

} // namespace sy::ops
