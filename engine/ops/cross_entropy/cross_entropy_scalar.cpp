// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/cross_entropy/cross_entropy_row.inl.h"

template void sy::ops::softmaxSum<sy::cpu::Scalar>(const float*, int64_t, float*, float*) noexcept;
template void sy::ops::softmaxTimes<sy::cpu::Scalar>(float*, int64_t, float, float) noexcept;
