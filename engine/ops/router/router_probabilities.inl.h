// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/router/router_probabilities.h"

namespace sy::ops {

template <class Level>
void softmaxRow(float* x, int64_t n) noexcept
{
    using V = cpu::Vec<Level>;
    float largest = x[0];
    for (int64_t i = 1; i < n; ++i)
        largest = x[i] > largest ? x[i] : largest;
    const V shift = V::all(largest);
    V sums = V::all(0.0f);
    int64_t i = 0;
    for (; i + cpu::kLanes <= n; i += cpu::kLanes) {
        const V e = exp(V::load(x + i) - shift);
        e.store(x + i);
        sums = sums + e;
    }
    if (const int rest = int(n - i)) {
        exp(V::load(x + i, rest) - shift).store(x + i, rest);
        sums = sums + V::load(x + i, rest); // the lanes behind are zeros, not exp(0 - shift)
    }
    const V total = V::all(sums.sum());
    for (i = 0; i + cpu::kLanes <= n; i += cpu::kLanes)
        (V::load(x + i) / total).store(x + i);
    if (const int rest = int(n - i))
        (V::load(x + i, rest) / total).store(x + i, rest);
}

template <class Level>
void sigmoidRow(float* x, int64_t n) noexcept
{
    using V = cpu::Vec<Level>;
    const V one = V::all(1.0f);
    int64_t i = 0;
    for (; i + cpu::kLanes <= n; i += cpu::kLanes)
        (one / (one + exp(V::all(0.0f) - V::load(x + i)))).store(x + i);
    if (const int rest = int(n - i))
        (one / (one + exp(V::all(0.0f) - V::load(x + i, rest)))).store(x + i, rest);
}

} // namespace sy::ops
