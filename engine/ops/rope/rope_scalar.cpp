// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/rope/rope_heads.inl.h"

template void sy::ops::ropeAdjacent<sy::cpu::Scalar>(float*, int64_t, int64_t, const float*, const float*, int) noexcept;
template void sy::ops::ropeHalves<sy::cpu::Scalar>(float*, int64_t, int64_t, const float*, const float*, int) noexcept;
