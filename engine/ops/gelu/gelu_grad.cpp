// SPDX-License-Identifier: GPL-3.0-or-later
// In double and without levels: no decoder's feed-forward is made of a lone GELU (gated ones are gated_activation/).
#include "engine/ops/gelu/gelu.h"
#include "engine/ops/parallel_rows.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace sy::ops {

namespace {

double slope(double x, GeluForm form)
{
    if (form == GeluForm::exact)
        return 0.5 * std::erfc(-x / std::numbers::sqrt2) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    const double k = std::sqrt(2 / std::numbers::pi);
    const double t = std::tanh(k * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x);
}

} // namespace

Tensor geluGrad(const OpContext& context, const Tensor& x, GeluForm form, const Tensor& dy)
{
    if (x.shape() != dy.shape())
        throw std::invalid_argument("geluGrad: x " + toString(x.shape()) + ", gradient " + toString(dy.shape()));
    Tensor dx = Tensor::empty(x.shape());
    const int64_t n = x.cols();
    constexpr int64_t kCost = 20; // in the values that parallelRows counts
    parallelRows(context, x.rows(), n * kCost, [&, out = dx.f32()](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            out[i] = float(double(dy.f32()[i]) * slope(double(x.f32()[i]), form));
    });
    return dx;
}

} // namespace sy::ops
