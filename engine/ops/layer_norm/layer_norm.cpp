// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/layer_norm/layer_norm.h"

#include "engine/cpu/vec.h"
#include "engine/ops/layer_norm/layer_norm_rows.h"
#include "engine/ops/parallel_rows.h"

#include <stdexcept>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &layerNormRows<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &layerNormRows<cpu::Avx2>;
#endif
    (void)level;
    return &layerNormRows<cpu::Scalar>;
}

} // namespace

Tensor layerNorm(const OpContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias, float epsilon)
{
    const int64_t dim = x.cols();
    if (weight.count() != dim || bias.count() != dim)
        throw std::invalid_argument("layerNorm: weight " + toString(weight.shape()) + " and bias " + toString(bias.shape()) +
                                    " for rows of " + toString(x.shape()));
    Tensor y = Tensor::empty(x.shape());
    const auto kernel = kernelFor(context.level);
    parallelRows(context, x.rows(), dim, [&, in = x.f32(), out = y.f32()](int64_t first, int64_t end) {
        kernel(in + first * dim, weight.f32(), bias.f32(), epsilon, out + first * dim, end - first, dim);
    });
    return y;
}

} // namespace sy::ops
