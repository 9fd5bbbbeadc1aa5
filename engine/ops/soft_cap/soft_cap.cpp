// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/soft_cap/soft_cap.h"

#include "engine/ops/parallel_rows.h"

#include <cmath>

namespace sy::ops {

void softCap(const OpContext& context, Tensor& x, float limit)
{
    const int64_t n = x.cols();
    parallelRows(context, x.rows(), n, [n, limit, data = x.f32()](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            data[i] = limit * std::tanh(data[i] / limit);
    });
}

} // namespace sy::ops
