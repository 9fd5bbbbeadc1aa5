// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/exp.h"
#include "engine/cpu/vec.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/gated_activation/gated_activation_values.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

namespace {

using Kernel = void (*)(GateForm, const float*, const float*, const float*, float*, float*, int64_t) noexcept;

Kernel kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &gatedActivationGradValues<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &gatedActivationGradValues<cpu::Avx2>;
#endif
    (void)level;
    return &gatedActivationGradValues<cpu::Scalar>;
}

// The clamped forms belong to few models and need comparisons: plain code, the same at every level.
void clampedGrad(const GatedActivation& a, const float* gate, const float* up, const float* dy, float* dGate, float* dUp,
                 int64_t n)
{
    const bool isSwish = a.form == GateForm::clampedSwish;
    const float slopeOfExponent = isSwish ? 1.702f : 1.0f, shift = isSwish ? 1.0f : 0.0f;
    for (int64_t i = 0; i < n; ++i) {
        const float g = std::min(gate[i], a.limit), u = std::clamp(up[i], -a.limit, a.limit);
        const float s = 1.0f / (1.0f + cpu::expDefinition(-slopeOfExponent * g));
        const float slope = s * (1.0f + slopeOfExponent * g * (1.0f - s));
        const bool movesGate = gate[i] <= a.limit, movesUp = up[i] >= -a.limit && up[i] <= a.limit;
        const float d = dy[i];
        dGate[i] = movesGate ? d * (u + shift) * slope : 0.0f;
        dUp[i] = movesUp ? d * g * s : 0.0f;
    }
}

} // namespace

GatedActivationGrad gatedActivationGrad(const OpContext& context, const GatedActivation& activation, const Tensor& gate,
                                        const Tensor& up, const Tensor& dy)
{
    if (gate.shape() != up.shape() || gate.shape() != dy.shape())
        throw std::invalid_argument("gatedActivationGrad: gate " + toString(gate.shape()) + ", up " + toString(up.shape()) +
                                    ", gradient " + toString(dy.shape()));
    GatedActivationGrad grad{Tensor::empty(gate.shape()), Tensor::empty(gate.shape())};
    const bool isClamped = activation.form == GateForm::clampedSilu || activation.form == GateForm::clampedSwish;
    const Kernel kernel = kernelFor(context.level);
    const int64_t n = gate.cols();
    parallelRows(context, gate.rows(), n, [&, dGate = grad.gate.f32(), dUp = grad.up.f32()](int64_t first, int64_t end) {
        const int64_t from = first * n, count = (end - first) * n;
        if (isClamped)
            clampedGrad(activation, gate.f32() + from, up.f32() + from, dy.f32() + from, dGate + from, dUp + from, count);
        else
            kernel(activation.form, gate.f32() + from, up.f32() + from, dy.f32() + from, dGate + from, dUp + from, count);
    });
    return grad;
}

} // namespace sy::ops
