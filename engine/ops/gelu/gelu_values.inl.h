// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/gelu/gelu_values.h"

namespace sy::ops {

template <class Level>
struct Gelu {
    using V = cpu::Vec<Level>;

    // With h = erfc(|x| / sqrt 2) / 2, x * Phi(x) is max(x, 0) - |x| * h on both sides of zero, and nothing cancels in the tails.
    static V exact(V x)
    {
        const V magnitude = abs(x);
        const V half = erfcPositive(magnitude * V::all(0.70710678f)) * V::all(0.5f);
        return max(V::all(0.0f), x) - magnitude * half;
    }

    // (1 + tanh(u)) / 2 = 1 / (1 + e^(-2u))
    static V tanh(V x)
    {
        const V u = fma(x * x * x, V::all(0.044715f), x) * V::all(-2.0f * 0.79788456f);
        return x / (V::all(1.0f) + exp(u));
    }

    template <class F>
    static void each(F f, const float* x, float* y, int64_t n)
    {
        int64_t i = 0;
        for (; i + cpu::kLanes <= n; i += cpu::kLanes)
            f(V::load(x + i)).store(y + i);
        if (const int rest = int(n - i))
            f(V::load(x + i, rest)).store(y + i, rest);
    }
};

template <class Level>
void geluValues(GeluForm form, const float* x, float* y, int64_t n) noexcept
{
    if (form == GeluForm::exact)
        Gelu<Level>::each(Gelu<Level>::exact, x, y, n);
    else
        Gelu<Level>::each(Gelu<Level>::tanh, x, y, n);
}

} // namespace sy::ops
