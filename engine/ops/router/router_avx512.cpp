// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/router/router_probabilities.inl.h"

template void sy::ops::softmaxRow<sy::cpu::Avx512>(float*, int64_t) noexcept;
template void sy::ops::sigmoidRow<sy::cpu::Avx512>(float*, int64_t) noexcept;
