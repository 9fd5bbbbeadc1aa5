// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/sparse_attention/index_scores.inl.h"

template float sy::ops::indexScore<sy::cpu::Avx512>(const float*, const float*, const float*, int, int) noexcept;
