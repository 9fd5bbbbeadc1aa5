// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/gemm/gemm_tile.inl.h"

sy::ops::GemmKernels sy::ops::scalarGemmKernels()
{
    using Loop = GemmLoop<cpu::Scalar, 4, 1>;
    return {4, Loop::kCols, &Loop::tile};
}
