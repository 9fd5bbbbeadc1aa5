// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/swiglu/swiglu.h"

#include "engine/cpu/vec.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/swiglu/swiglu_values.h"

#include <stdexcept>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &swigluValues<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &swigluValues<cpu::Avx2>;
#endif
    (void)level;
    return &swigluValues<cpu::Scalar>;
}

} // namespace

Tensor swiglu(const OpContext& context, const Tensor& gate, const Tensor& up)
{
    if (gate.shape() != up.shape())
        throw std::invalid_argument("swiglu: gate " + toString(gate.shape()) + " and up " + toString(up.shape()));
    Tensor y = Tensor::empty(gate.shape());
    const int64_t n = gate.cols();
    const auto kernel = kernelFor(context.level);
    parallelRows(context, gate.rows(), n, [&, out = y.f32()](int64_t first, int64_t end) {
        kernel(gate.f32() + first * n, up.f32() + first * n, out + first * n, (end - first) * n);
    });
    return y;
}

} // namespace sy::ops
