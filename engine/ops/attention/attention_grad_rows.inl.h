// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/attention/attention_grad_rows.h"

namespace sy::ops {

template <class Level>
struct AttentionGradLoop {
    using V = cpu::Vec<Level>;

    template <class F>
    static void each(F f, int64_t n)
    {
        int64_t i = 0;
        for (; i + cpu::kLanes <= n; i += cpu::kLanes)
            f(i, cpu::kLanes);
        if (n > i)
            f(i, int(n - i));
    }
    static V load(const float* p, int n) { return n == cpu::kLanes ? V::load(p) : V::load(p, n); }
    static void store(V v, float* p, int n)
    {
        if (n == cpu::kLanes)
            v.store(p);
        else
            v.store(p, n);
    }
    static void hide(float* scores, int first, int last, int n)
    {
        for (int i = 0; i < first && i < n; ++i)
            scores[i] = 0.0f;
        for (int i = last < first ? first : last; i < n; ++i)
            scores[i] = 0.0f;
    }
    static float expOf(float x)
    {
        alignas(64) float lanes[cpu::kLanes];
        exp(V::all(x)).store(lanes);
        return lanes[0];
    }

    static float softmaxStep(float* scores, int first, int last, int n, float* largest, float* sum) noexcept
    {
        hide(scores, first, last, n);
        if (last <= first)
            return 1.0f;
        float top = scores[first];
        for (int i = first + 1; i < last; ++i)
            top = scores[i] > top ? scores[i] : top;
        const bool isFirst = *sum == 0.0f;
        if (!isFirst && *largest > top)
            top = *largest;
        const V shift = V::all(top);
        V sums = V::all(0.0f);
        each(
            [&](int64_t i, int lanes) {
                const V weights = exp(load(scores + first + i, lanes) - shift);
                store(weights, scores + first + i, lanes);
                sums = sums + load(scores + first + i, lanes); // zeros, not exp(0 - shift), in the lanes behind the end
            },
            last - first);
        const float correction = isFirst ? 0.0f : *largest == top ? 1.0f : expOf(*largest - top);
        *sum = *sum * correction + sums.sum();
        *largest = top;
        return correction;
    }

    static void weigh(float* scores, int first, int last, int n, float logSum) noexcept
    {
        hide(scores, first, last, n);
        const V shift = V::all(logSum);
        each([&](int64_t i, int lanes) { store(exp(load(scores + first + i, lanes) - shift), scores + first + i, lanes); },
             last > first ? last - first : 0);
    }

    static void scoreGrad(const float* weights, float* dWeights, float delta, float scale, int n) noexcept
    {
        const V d = V::all(delta), s = V::all(scale);
        each([&](int64_t i,
                 int lanes) { store(load(weights + i, lanes) * (load(dWeights + i, lanes) - d) * s, dWeights + i, lanes); },
             n);
    }

    static void scale(float* x, float factor, int64_t n) noexcept
    {
        const V f = V::all(factor);
        each([&](int64_t i, int lanes) { store(load(x + i, lanes) * f, x + i, lanes); }, n);
    }
};

} // namespace sy::ops
