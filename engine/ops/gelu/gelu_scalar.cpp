// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/gelu/gelu_values.inl.h"

template void sy::ops::geluValues<sy::cpu::Scalar>(sy::ops::GeluForm, const float*, float*, int64_t) noexcept;
