// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/hyper_connections/hyper_rows.inl.h"

template void sy::ops::gatherStreamsRow<sy::cpu::Avx2>(const float*, const float*, int, int64_t, float*) noexcept;
template void sy::ops::mixStreamsRow<sy::cpu::Avx2>(float*, const float*, const float*, const float*, int, int64_t) noexcept;
template void sy::ops::streamDotsRow<sy::cpu::Avx2>(const float*, const float*, int, int, int64_t, float*) noexcept;
