// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/cross_entropy/cross_entropy_row.h"

namespace sy::ops {

template <class Level>
void softmaxSum(const float* logits, int64_t n, float* largest, float* sum) noexcept
{
    using V = cpu::Vec<Level>;
    float top = logits[0];
    for (int64_t i = 1; i < n; ++i)
        top = logits[i] > top ? logits[i] : top;
    const V shift = V::all(top);
    V sums = V::all(0.0f);
    int64_t i = 0;
    for (; i + cpu::kLanes <= n; i += cpu::kLanes)
        sums = sums + exp(V::load(logits + i) - shift);
    if (const int rest = int(n - i)) {
        alignas(64) float values[cpu::kLanes];
        exp(V::load(logits + i, rest) - shift).store(values);
        sums = sums + V::load(values, rest);
    }
    *largest = top;
    *sum = sums.sum();
}

template <class Level>
void softmaxTimes(float* logits, int64_t n, float logSum, float factor) noexcept
{
    using V = cpu::Vec<Level>;
    const V shift = V::all(logSum), f = V::all(factor);
    int64_t i = 0;
    for (; i + cpu::kLanes <= n; i += cpu::kLanes)
        (exp(V::load(logits + i) - shift) * f).store(logits + i);
    if (const int rest = int(n - i))
        (exp(V::load(logits + i, rest) - shift) * f).store(logits + i, rest);
}

} // namespace sy::ops
