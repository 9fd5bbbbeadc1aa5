// SPDX-License-Identifier: GPL-3.0-or-later
// No levels: these loops wait for memory, and the compiler's plain vector code keeps up with it.
#include "engine/ops/add/add.h"

#include "engine/ops/parallel_rows.h"

#include <stdexcept>

namespace sy::ops {

namespace {

void checkSameShape(const Tensor& a, const Tensor& b)
{
    if (a.shape() != b.shape())
        throw std::invalid_argument("add: " + toString(a.shape()) + " and " + toString(b.shape()));
}

void addValues(const OpContext& context, const Tensor& a, const Tensor& b, float* out)
{
    const int64_t n = a.cols();
    const float* x = a.f32();
    const float* y = b.f32();
    parallelRows(context, a.rows(), n, [=](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            out[i] = x[i] + y[i];
    });
}

} // namespace

Tensor add(const OpContext& context, const Tensor& a, const Tensor& b)
{
    checkSameShape(a, b);
    Tensor sum = Tensor::empty(a.shape());
    addValues(context, a, b, sum.f32());
    return sum;
}

void addInto(const OpContext& context, Tensor& x, const Tensor& y)
{
    checkSameShape(x, y);
    addValues(context, x, y, x.f32());
}

void addBias(const OpContext& context, Tensor& x, const Tensor& bias)
{
    const int64_t n = x.cols();
    if (bias.count() != n)
        throw std::invalid_argument("addBias: " + toString(bias.shape()) + " for rows of " + toString(x.shape()));
    float* values = x.f32();
    const float* b = bias.f32();
    parallelRows(context, x.rows(), n, [=](int64_t first, int64_t end) {
        for (int64_t row = first; row < end; ++row) {
            for (int64_t i = 0; i < n; ++i)
                values[row * n + i] += b[i];
        }
    });
}

} // namespace sy::ops
