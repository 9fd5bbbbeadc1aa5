// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/router/router_probabilities.inl.h"

template void sy::ops::softmaxRow<sy::cpu::Scalar>(float*, int64_t) noexcept;
template void sy::ops::sigmoidRow<sy::cpu::Scalar>(float*, int64_t) noexcept;
