// SPDX-License-Identifier: GPL-3.0-or-later
// What gemm.cpp hands to the loops of a CPU level, and products so small that one thread does them.
#pragma once

#include "engine/cpu/level.h"
#include "engine/ops/gemm/gemm.h"

#include <cstdint>
#include <vector>

namespace sy::ops {

inline constexpr int64_t kGemmDepth = 256; // of k that is summed before it is added to c; shapes the bits

/// One register tile: c (nRows, nCols) (+)= factor * a b over at most kGemmDepth values.
struct GemmTile {
    int64_t depth;
    const float* a; // (depth, GemmKernels::rows), zeros behind nRows
    const float* b; // (depth, GemmKernels::cols), zeros behind nCols
    float* c;
    int64_t cStride;
    int nRows, nCols;
    float factor;
    bool adds;
};

struct GemmKernels {
    int rows, cols; // of a register tile
    void (*tile)(const GemmTile&) noexcept;
};

GemmKernels scalarGemmKernels();
#if defined(__x86_64__)
GemmKernels avx2GemmKernels();
GemmKernels avx512GemmKernels();
GemmKernels avx512NarrowGemmKernels(); // half as wide
#endif
/// For a right-hand side of nCols columns; the same bits for all.
GemmKernels gemmKernels(cpu::Level level, int64_t nCols = kGemmDepth);

/// Memory that a thread keeps for its operands' packed forms.
struct GemmScratch {
    std::vector<float> a, b;
};

/// gemm() on the calling thread.
void gemmHere(const GemmKernels& kernels, GemmScratch& scratch, const MatrixView& a, const MatrixView& b,
              const MatrixTarget& c, Write write = Write::sets, float factor = 1);

} // namespace sy::ops
