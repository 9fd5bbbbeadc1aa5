// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/rope/rope_heads.inl.h"

template void sy::ops::ropeAdjacent<sy::cpu::Avx2>(float*, int64_t, int64_t, const float*, const float*, int) noexcept;
template void sy::ops::ropeHalves<sy::cpu::Avx2>(float*, int64_t, int64_t, const float*, const float*, int) noexcept;
