// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/scale/scale.h"

#include "engine/cpu/exp.h"
#include "engine/ops/parallel_rows.h"

#include <stdexcept>

namespace sy::ops {

void scale(const OpContext& context, Tensor& x, float factor)
{
    const int64_t n = x.cols();
    parallelRows(context, x.rows(), n, [n, factor, data = x.f32()](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            data[i] *= factor;
    });
}

void scaleRowsBySigmoid(const OpContext& context, Tensor& x, const Tensor& gates)
{
    if (gates.count() != x.rows())
        throw std::invalid_argument("scaleRowsBySigmoid: x " + toString(x.shape()) + ", gates " + toString(gates.shape()));
    const int64_t n = x.cols();
    parallelRows(context, x.rows(), n, [&, data = x.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t) {
            const float factor = 1.0f / (1.0f + cpu::expDefinition(-gates.f32()[t]));
            for (int64_t i = t * n; i < (t + 1) * n; ++i)
                data[i] *= factor;
        }
    });
}

} // namespace sy::ops
