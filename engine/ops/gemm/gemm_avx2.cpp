// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/gemm/gemm_tile.inl.h"

sy::ops::GemmKernels sy::ops::avx2GemmKernels()
{
    using Loop = GemmLoop<cpu::Avx2, 6, 1>; // 12 of 16 registers
    return {6, Loop::kCols, &Loop::tile};
}
