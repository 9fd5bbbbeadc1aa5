// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/gated_activation/gated_activation_values.h"
#include "engine/ops/gelu/gelu_values.inl.h"

namespace sy::ops {

template <class Level>
struct GatedForms {
    using V = cpu::Vec<Level>;

    template <class F>
    static void each(F f, const float* gate, const float* up, float* y, int64_t n)
    {
        int64_t i = 0;
        for (; i + cpu::kLanes <= n; i += cpu::kLanes)
            f(V::load(gate + i), V::load(up + i)).store(y + i);
        if (const int rest = int(n - i))
            f(V::load(gate + i, rest), V::load(up + i, rest)).store(y + i, rest);
    }

    // min and max return their second argument for a NaN: the value stands there, so that a NaN is not hidden.
    static V clamp(V x, V limit) { return max(V::all(0.0f) - limit, min(limit, x)); }
};

template <class Level>
void gatedActivationValues(const GatedActivation& activation, const float* gate, const float* up, float* y,
                           int64_t n) noexcept
{
    using V = cpu::Vec<Level>;
    using F = GatedForms<Level>;
    const V limit = V::all(activation.limit);
    switch (activation.form) {
    case GateForm::silu:
        return F::each([](V g, V u) { return silu(g) * u; }, gate, up, y, n);
    case GateForm::geluTanh:
        return F::each([](V g, V u) { return Gelu<Level>::tanh(g) * u; }, gate, up, y, n);
    case GateForm::sigmoid:
        return F::each([](V g, V u) { return u / (V::all(1.0f) + exp(V::all(0.0f) - g)); }, gate, up, y, n);
    case GateForm::clampedSilu:
        return F::each([limit](V g, V u) { return silu(min(limit, g)) * F::clamp(u, limit); }, gate, up, y, n);
    case GateForm::clampedSwish:
        return F::each(
            [limit](V g, V u) {
                g = min(limit, g);
                return g / (V::all(1.0f) + exp(V::all(-1.702f) * g)) * (F::clamp(u, limit) + V::all(1.0f));
            },
            gate, up, y, n);
    }
}

} // namespace sy::ops
