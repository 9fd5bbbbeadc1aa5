// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/layer_norm/layer_norm_rows.inl.h"

template void sy::ops::layerNormRows<sy::cpu::Avx2>(const float*, const float*, const float*, float, float*, int64_t,
                                                  int64_t) noexcept;
