// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/sparse_attention/index_scores.inl.h"

template float sy::ops::indexScore<sy::cpu::Scalar>(const float*, const float*, const float*, int, int) noexcept;
