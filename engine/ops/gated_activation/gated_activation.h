// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// What the hidden layer of a gated feed-forward is made of. Shazeer 2020, arXiv:2002.05202.
enum class GateForm : uint8_t {
    silu,         // SiLU(g) * u
    geluTanh,     // GELU(g) * u, GELU in its tanh form: Gemma
    sigmoid,      // sigmoid(g) * u: a gate behind attention, Qwen 3.5
    clampedSilu,  // SiLU(min(g, limit)) * clamp(u, -limit, limit): DeepSeek V4
    clampedSwish, // g * sigmoid(1.702 g) * (u + 1) of the same clamped g and u: gpt-oss, limit 7
};

struct GatedActivation {
    GateForm form = GateForm::silu;
    float limit = 0; // of the clamped forms
};

/// y = activation(gate, up), element by element; both of one shape, f32. The same bits at every CPU level.
/// Throws std::invalid_argument when the shapes differ.
Tensor gatedActivation(const OpContext& context, const GatedActivation& activation, const Tensor& gate, const Tensor& up);

/// Gradients of gate and up for the gradient dy of y; beyond a clamp's limit the gradient is zero.
struct GatedActivationGrad {
    Tensor gate;
    Tensor up;
};
GatedActivationGrad gatedActivationGrad(const OpContext& context, const GatedActivation& activation, const Tensor& gate,
                                        const Tensor& up, const Tensor& dy);

} // namespace sy::ops
