// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/gemm/gemm_tile.h"

namespace sy::ops {

/// kRows rows times kVecs * 16 columns of sums that stay in registers.
template <class Level, int kRows, int kVecs>
struct GemmLoop {
    using V = cpu::Vec<Level>;
    static constexpr int kCols = kVecs * cpu::kLanes;

    static void tile(const GemmTile& job) noexcept
    {
        V sums[kRows][kVecs];
        for (int i = 0; i < kRows; ++i)
            for (int j = 0; j < kVecs; ++j)
                sums[i][j] = V::all(0.0f);
        const float* a = job.a;
        const float* b = job.b;
        for (int64_t k = 0; k < job.depth; ++k, a += kRows, b += kCols) {
            V columns[kVecs];
            for (int j = 0; j < kVecs; ++j)
                columns[j] = V::load(b + j * cpu::kLanes);
#pragma GCC unroll 16
            for (int i = 0; i < kRows; ++i) {
                const V x = V::all(a[i]);
#pragma GCC unroll 4
                for (int j = 0; j < kVecs; ++j)
                    sums[i][j] = fma(x, columns[j], sums[i][j]);
            }
        }
        const V factor = V::all(job.factor);
        // Written from an array: a register file cannot be indexed by a number that is known only here.
        alignas(64) float results[kRows][kCols];
        for (int i = 0; i < kRows; ++i)
            for (int j = 0; j < kVecs; ++j)
                (factor * sums[i][j]).store(results[i] + j * cpu::kLanes);
        for (int i = 0; i < job.nRows; ++i) {
            float* c = job.c + i * job.cStride;
            for (int j = 0; j < job.nCols; j += cpu::kLanes) {
                const int n = job.nCols - j < cpu::kLanes ? job.nCols - j : cpu::kLanes;
                V value = V::load(results[i] + j);
                if (n == cpu::kLanes) {
                    if (job.adds)
                        value = V::load(c + j) + value;
                    value.store(c + j);
                } else {
                    if (job.adds)
                        value = V::load(c + j, n) + value;
                    value.store(c + j, n);
                }
            }
        }
    }
};

} // namespace sy::ops
