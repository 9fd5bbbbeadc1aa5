// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/causal_conv/causal_conv_rows.inl.h"

template void sy::ops::causalConvRow<sy::cpu::Avx2>(const float* const*, const float*, int, int64_t, float*) noexcept;
template void sy::ops::causalConvGradChannels<sy::cpu::Avx2>(const sy::ops::CausalConvGrad&) noexcept;
