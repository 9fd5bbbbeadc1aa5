// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// Two functions share the name; they differ by up to 5e-4. Hendrycks and Gimpel 2016, arXiv:1606.08415.
enum class GeluForm {
    exact, // x * Phi(x), Phi being the distribution function of the normal distribution: BERT
    tanh,  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))): Gemma
};

/// Element by element; f32 of any shape. Absolute error below 2e-7 * max(1, |x|); the same bits at every CPU level.
Tensor gelu(const OpContext& context, const Tensor& x, GeluForm form);

/// dx for the gradient dy of gelu(x, form).
Tensor geluGrad(const OpContext& context, const Tensor& x, GeluForm form, const Tensor& dy);

} // namespace sy::ops
