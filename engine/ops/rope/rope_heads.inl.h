// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/rope/rope_heads.h"

namespace sy::ops {

// a' = a cos - b sin, b' = b cos + a sin, with the pair a, b in neighbouring lanes.
template <class Level>
void ropeAdjacent(float* x, int64_t nHeads, int64_t headDim, const float* cosines, const float* sines, int nRotated) noexcept
{
    using V = cpu::Vec<Level>;
    for (int64_t head = 0; head < nHeads; ++head, x += headDim) {
        int i = 0;
        for (; i + cpu::kLanes <= nRotated; i += cpu::kLanes) {
            const V v = V::load(x + i);
            (v * V::load(cosines + i) + swapPairs(v) * V::load(sines + i)).store(x + i);
        }
        if (const int rest = nRotated - i) {
            const V v = V::load(x + i, rest);
            (v * V::load(cosines + i, rest) + swapPairs(v) * V::load(sines + i, rest)).store(x + i, rest);
        }
    }
}

template <class Level>
void ropeHalves(float* x, int64_t nHeads, int64_t headDim, const float* cosines, const float* sines, int nRotated) noexcept
{
    using V = cpu::Vec<Level>;
    const int half = nRotated / 2;
    for (int64_t head = 0; head < nHeads; ++head, x += headDim) {
        float* y = x + half;
        int i = 0;
        for (; i + cpu::kLanes <= half; i += cpu::kLanes) {
            const V a = V::load(x + i), b = V::load(y + i), c = V::load(cosines + i), s = V::load(sines + i);
            (a * c - b * s).store(x + i);
            (b * c + a * s).store(y + i);
        }
        if (const int rest = half - i) {
            const V a = V::load(x + i, rest), b = V::load(y + i, rest);
            const V c = V::load(cosines + i, rest), s = V::load(sines + i, rest);
            (a * c - b * s).store(x + i, rest);
            (b * c + a * s).store(y + i, rest);
        }
    }
}

} // namespace sy::ops
