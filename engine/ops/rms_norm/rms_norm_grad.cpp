// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/rms_norm/rms_norm_rows.h"

#include <cmath>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &rmsNormGradRows<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &rmsNormGradRows<cpu::Avx2>;
#endif
    (void)level;
    return &rmsNormGradRows<cpu::Scalar>;
}

} // namespace

Tensor rmsNormGrad(const OpContext& context, const Tensor& x, const Tensor& weight, float epsilon, const Tensor& dy)
{
    const int64_t dim = x.cols();
    if (weight.count() != dim || dy.count() != x.count())
        throw std::invalid_argument("rmsNormGrad: x " + toString(x.shape()) + ", weight " + toString(weight.shape()) +
                                    ", gradient " + toString(dy.shape()));
    Tensor dx = Tensor::empty(x.shape());
    const auto kernel = kernelFor(context.level);
    parallelRows(context, x.rows(), dim, [&, out = dx.f32()](int64_t first, int64_t end) {
        kernel(x.f32() + first * dim, weight.f32(), epsilon, dy.f32() + first * dim, out + first * dim, end - first, dim);
    });
    return dx;
}

void addRmsNormWeightGrad(const OpContext& context, const Tensor& x, float epsilon, const Tensor& dy, Tensor& dWeight)
{
    const int64_t dim = x.cols(), nRows = x.rows();
    if (dWeight.count() != dim || dy.count() != x.count())
        throw std::invalid_argument("addRmsNormWeightGrad: x " + toString(x.shape()) + ", weight " +
                                    toString(dWeight.shape()));
    std::vector<float> factors(static_cast<size_t>(nRows));
    parallelRows(context, nRows, dim, [&](int64_t first, int64_t end) {
        for (int64_t row = first; row < end; ++row) {
            double squares = 0;
            for (int64_t i = 0; i < dim; ++i)
                squares += double(x.f32()[row * dim + i]) * double(x.f32()[row * dim + i]);
            factors[size_t(row)] = float(1 / std::sqrt(squares / double(dim) + double(epsilon)));
        }
    });
    // A thread owns columns, so a column's sum has one order.
    parallelRows(context, dim, nRows, [&, out = dWeight.f32()](int64_t first, int64_t end) {
        for (int64_t row = 0; row < nRows; ++row)
            for (int64_t i = first; i < end; ++i)
                out[i] += dy.f32()[row * dim + i] * (x.f32()[row * dim + i] * factors[size_t(row)]);
    });
}

} // namespace sy::ops
