// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/hyper_connections/hyper_rows.inl.h"

template void sy::ops::gatherStreamsRow<sy::cpu::Scalar>(const float*, const float*, int, int64_t, float*) noexcept;
template void sy::ops::mixStreamsRow<sy::cpu::Scalar>(float*, const float*, const float*, const float*, int,
                                                      int64_t) noexcept;
template void sy::ops::streamDotsRow<sy::cpu::Scalar>(const float*, const float*, int, int, int64_t, float*) noexcept;
