// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/pooling/pooling.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sy::ops {

Tensor pool(const OpContext&, const Tensor& hidden, std::span<const int64_t> lengths, Pooling pooling)
{
    int64_t total = 0;
    for (const int64_t length : lengths) {
        if (length < 1)
            throw std::invalid_argument("pool: an empty sequence");
        total += length;
    }
    if (total != hidden.rows())
        throw std::invalid_argument("pool: sequences of " + std::to_string(total) + " tokens in " + toString(hidden.shape()));

    const int64_t dim = hidden.cols();
    Tensor out = Tensor::empty({int64_t(lengths.size()), dim});
    const float* x = hidden.f32();
    float* y = out.f32();
    std::vector<double> sum;
    for (const int64_t length : lengths) {
        if (pooling == Pooling::mean) {
            sum.assign(size_t(dim), 0.0);
            for (int64_t t = 0; t < length; ++t) {
                for (int64_t i = 0; i < dim; ++i)
                    sum[size_t(i)] += double(x[t * dim + i]);
            }
            for (int64_t i = 0; i < dim; ++i)
                y[i] = float(sum[size_t(i)] / double(length));
        } else {
            std::copy_n(x + (pooling == Pooling::last ? length - 1 : 0) * dim, dim, y);
        }
        x += length * dim;
        y += dim;
    }
    return out;
}

} // namespace sy::ops
