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

/// A gate's value and its derivative: y = value * u, dGate = dy * u * slope, dUp = dy * value.
template <class Level>
struct GateSlopes {
    using V = cpu::Vec<Level>;

    static V sigmoid(V x) { return V::all(1.0f) / (V::all(1.0f) + exp(V::all(0.0f) - x)); }

    static void silu(V g, V& value, V& slope)
    {
        const V s = sigmoid(g);
        value = g * s;
        slope = s * (V::all(1.0f) + (g - value));
    }
    // GELU's tanh form is g * sigmoid(2u) with u = sqrt(2 / pi) (g + 0.044715 g³).
    static void geluTanh(V g, V& value, V& slope)
    {
        const V square = g * g;
        const V s = sigmoid(fma(square * g, V::all(0.044715f), g) * V::all(2.0f * 0.79788456f));
        value = g * s;
        slope = s + value * (V::all(1.0f) - s) * (V::all(2.0f * 0.79788456f) * fma(square, V::all(3 * 0.044715f), V::all(1.0f)));
    }
    static void gateSigmoid(V g, V& value, V& slope)
    {
        value = sigmoid(g);
        slope = value * (V::all(1.0f) - value);
    }

    template <class F>
    static void each(F f, const float* gate, const float* up, const float* dy, float* dGate, float* dUp, int64_t n)
    {
        V value, slope;
        int64_t i = 0;
        for (; i + cpu::kLanes <= n; i += cpu::kLanes) {
            f(V::load(gate + i), value, slope);
            const V u = V::load(up + i), d = V::load(dy + i);
            (d * u * slope).store(dGate + i);
            (d * value).store(dUp + i);
        }
        if (const int rest = int(n - i)) {
            f(V::load(gate + i, rest), value, slope);
            const V u = V::load(up + i, rest), d = V::load(dy + i, rest);
            (d * u * slope).store(dGate + i, rest);
            (d * value).store(dUp + i, rest);
        }
    }
};

template <class Level>
void gatedActivationGradValues(GateForm form, const float* gate, const float* up, const float* dy, float* dGate, float* dUp,
                               int64_t n) noexcept
{
    using S = GateSlopes<Level>;
    if (form == GateForm::silu)
        S::each(S::silu, gate, up, dy, dGate, dUp, n);
    else if (form == GateForm::geluTanh)
        S::each(S::geluTanh, gate, up, dy, dGate, dUp, n);
    else
        S::each(S::gateSigmoid, gate, up, dy, dGate, dUp, n);
}

} // namespace sy::ops
