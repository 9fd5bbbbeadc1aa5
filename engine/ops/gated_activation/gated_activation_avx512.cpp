// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/gated_activation/gated_activation_values.inl.h"

template void sy::ops::gatedActivationValues<sy::cpu::Avx512>(const sy::ops::GatedActivation&, const float*, const float*,
                                                              float*, int64_t) noexcept;
template void sy::ops::gatedActivationGradValues<sy::cpu::Avx512>(sy::ops::GateForm, const float*, const float*, const float*,
                                                                  float*, float*, int64_t) noexcept;
