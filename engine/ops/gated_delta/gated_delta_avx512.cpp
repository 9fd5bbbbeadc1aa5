// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/gated_delta/gated_delta_columns.inl.h"
#include "engine/ops/gated_delta/gated_delta_grad_tokens.inl.h"

template void sy::ops::deltaColumns<sy::cpu::Avx512>(const sy::ops::DeltaColumns&) noexcept;
template void sy::ops::deltaGradTokens<sy::cpu::Avx512>(const sy::ops::DeltaGradTokens&) noexcept;
