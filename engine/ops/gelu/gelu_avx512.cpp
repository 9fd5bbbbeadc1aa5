// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/gelu/gelu_values.inl.h"

template void sy::ops::geluValues<sy::cpu::Avx512>(sy::ops::GeluForm, const float*, float*, int64_t) noexcept;
