// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/gemm/gemm_tile.inl.h"

sy::ops::GemmKernels sy::ops::avx512GemmKernels()
{
    using Loop = GemmLoop<cpu::Avx512, 12, 2>; // 24 of 32 registers
    return {12, Loop::kCols, &Loop::tile};
}

sy::ops::GemmKernels sy::ops::avx512NarrowGemmKernels()
{
    using Loop = GemmLoop<cpu::Avx512, 12, 1>;
    return {12, Loop::kCols, &Loop::tile};
}
