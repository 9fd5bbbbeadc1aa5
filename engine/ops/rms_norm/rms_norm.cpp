// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/rms_norm/rms_norm.h"

#include "engine/cpu/vec.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rms_norm/rms_norm_rows.h"

#include <stdexcept>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &rmsNormRows<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &rmsNormRows<cpu::Avx2>;
#endif
    (void)level;
    return &rmsNormRows<cpu::Scalar>;
}

void normalize(const OpContext& context, const float* x, const float* weight, float epsilon, float* y, int64_t nRows, int64_t dim)
{
    const auto kernel = kernelFor(context.level);
    parallelRows(context, nRows, dim, [&](int64_t first, int64_t end) {
        kernel(x + first * dim, weight, epsilon, y + first * dim, end - first, dim);
    });
}

} // namespace

Tensor rmsNorm(const OpContext& context, const Tensor& x, const Tensor& weight, float epsilon)
{
    if (weight.count() != x.cols())
        throw std::invalid_argument("rmsNorm: weight " + toString(weight.shape()) + " for rows of " + toString(x.shape()));
    Tensor y = Tensor::empty(x.shape());
    normalize(context, x.f32(), weight.f32(), epsilon, y.f32(), x.rows(), x.cols());
    return y;
}

void rmsNormHeads(const OpContext& context, Tensor& x, const Tensor& weight, float epsilon)
{
    const int64_t headDim = weight.count();
    if (headDim == 0 || x.cols() % headDim != 0)
        throw std::invalid_argument("rmsNormHeads: weight " + toString(weight.shape()) + " for heads of " + toString(x.shape()));
    normalize(context, x.f32(), weight.f32(), epsilon, x.f32(), x.count() / headDim, headDim);
}

} // namespace sy::ops
