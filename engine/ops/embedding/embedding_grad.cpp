// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/embedding/embedding.h"

#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

void addEmbeddingGrad(const OpContext& context, const Tensor& dy, std::span<const int32_t> ids, float factor, Tensor& dTable)
{
    const int64_t dim = dTable.cols();
    if (dy.rows() != int64_t(ids.size()) || dy.cols() != dim ||
        std::ranges::any_of(ids, [&](int32_t id) { return id < 0 || id >= dTable.rows(); }))
        throw std::invalid_argument("addEmbeddingGrad: gradient " + toString(dy.shape()) + " of " +
                                    std::to_string(ids.size()) + " rows for a table " + toString(dTable.shape()));
    // The same id may come twice: a thread owns columns, not rows.
    parallelRows(context, dim, int64_t(ids.size()), [&, table = dTable.f32()](int64_t first, int64_t end) {
        for (size_t i = 0; i < ids.size(); ++i) {
            const float* from = dy.f32() + int64_t(i) * dim;
            float* to = table + int64_t(ids[i]) * dim;
            for (int64_t c = first; c < end; ++c)
                to[c] += factor * from[c];
        }
    });
}

} // namespace sy::ops
