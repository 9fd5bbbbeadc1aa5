// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/rms_norm/rms_norm_rows.inl.h"

template void sy::ops::rmsNormRows<sy::cpu::Avx2>(const float*, const float*, float, float*, int64_t, int64_t) noexcept;
template void sy::ops::rmsNormGradRows<sy::cpu::Avx2>(const float*, const float*, float, const float*, float*, int64_t,
                                                      int64_t) noexcept;
