// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gated_activation/gated_activation.h"

#include "engine/cpu/vec.h"
#include "engine/ops/gated_activation/gated_activation_values.h"
#include "engine/ops/parallel_rows.h"

#include <stdexcept>

namespace sy::ops {

GatedActivationKernel gatedActivationKernel(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &gatedActivationValues<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &gatedActivationValues<cpu::Avx2>;
#endif
    (void)level;
    return &gatedActivationValues<cpu::Scalar>;
}

Tensor gatedActivation(const OpContext& context, const GatedActivation& activation, const Tensor& gate, const Tensor& up)
{
    if (gate.shape() != up.shape())
        throw std::invalid_argument("gatedActivation: gate " + toString(gate.shape()) + " and up " + toString(up.shape()));
    Tensor y = Tensor::empty(gate.shape());
    const int64_t n = gate.cols();
    const auto kernel = gatedActivationKernel(context.level);
    parallelRows(context, gate.rows(), n, [&, out = y.f32()](int64_t first, int64_t end) {
        kernel(activation, gate.f32() + first * n, up.f32() + first * n, out + first * n, (end - first) * n);
    });
    return y;
}

} // namespace sy::ops
