// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/gated_activation/gated_activation_values.inl.h"

template void sy::ops::gatedActivationValues<sy::cpu::Scalar>(const sy::ops::GatedActivation&, const float*, const float*,
                                                              float*, int64_t) noexcept;
template void sy::ops::gatedActivationGradValues<sy::cpu::Scalar>(sy::ops::GateForm, const float*, const float*, const float*,
                                                                  float*, float*, int64_t) noexcept;
