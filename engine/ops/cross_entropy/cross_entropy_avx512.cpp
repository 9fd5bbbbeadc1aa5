// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/cross_entropy/cross_entropy_row.inl.h"

template void sy::ops::softmaxSum<sy::cpu::Avx512>(const float*, int64_t, float*, float*) noexcept;
template void sy::ops::softmaxTimes<sy::cpu::Avx512>(float*, int64_t, float, float) noexcept;
