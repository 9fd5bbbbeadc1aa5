// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gelu/gelu.h"

#include "engine/cpu/vec.h"
#include "engine/ops/gelu/gelu_values.h"
#include "engine/ops/parallel_rows.h"

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &geluValues<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &geluValues<cpu::Avx2>;
#endif
    (void)level;
    return &geluValues<cpu::Scalar>;
}

} // namespace

Tensor gelu(const OpContext& context, const Tensor& x, GeluForm form)
{
    Tensor y = Tensor::empty(x.shape());
    const int64_t n = x.cols();
    const auto kernel = kernelFor(context.level);
    parallelRows(context, x.rows(), n, [&, in = x.f32(), out = y.f32()](int64_t first, int64_t end) {
        kernel(form, in + first * n, out + first * n, (end - first) * n);
    });
    return y;
}

} // namespace sy::ops
