// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/router/router_probabilities.inl.h"

template void sy::ops::softmaxRow<sy::cpu::Avx2>(float*, int64_t) noexcept;
template void sy::ops::sigmoidRow<sy::cpu::Avx2>(float*, int64_t) noexcept;
