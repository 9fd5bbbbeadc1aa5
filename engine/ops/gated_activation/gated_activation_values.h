// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/gated_activation/gated_activation.h"

#include <cstdint>

namespace sy::ops {

/// y[i] = activation(gate[i], up[i]); y may be either input.
template <class Level>
void gatedActivationValues(const GatedActivation& activation, const float* gate, const float* up, float* y,
                           int64_t n) noexcept;

/// The gradients for the forms without a clamp; outputs may be any input.
template <class Level>
void gatedActivationGradValues(GateForm form, const float* gate, const float* up, const float* dy, float* dGate, float* dUp,
                               int64_t n) noexcept;

using GatedActivationKernel = void (*)(const GatedActivation&, const float*, const float*, float*, int64_t) noexcept;
GatedActivationKernel gatedActivationKernel(cpu::Level level);

} // namespace sy::ops
