// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/swiglu/swiglu_values.inl.h"

template void sy::ops::swigluValues<sy::cpu::Avx2>(const float*, const float*, float*, int64_t) noexcept;
