// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/swiglu/swiglu_values.inl.h"

template void sy::ops::swigluValues<sy::cpu::Scalar>(const float*, const float*, float*, int64_t) noexcept;
