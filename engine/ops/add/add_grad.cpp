// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/add/add.h"

#include "engine/ops/parallel_rows.h"

#include <stdexcept>

namespace sy::ops {

void addBiasGrad(const OpContext& context, const Tensor& dy, Tensor& dBias)
{
    const int64_t dim = dy.cols(), nRows = dy.rows();
    if (dBias.count() != dim)
        throw std::invalid_argument("addBiasGrad: " + toString(dBias.shape()) + " for rows of " + toString(dy.shape()));
    parallelRows(context, dim, nRows, [&, out = dBias.f32()](int64_t first, int64_t end) {
        for (int64_t row = 0; row < nRows; ++row)
            for (int64_t i = first; i < end; ++i)
                out[i] += dy.f32()[row * dim + i];
    });
}

} // namespace sy::ops
