// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/head_gates/head_gates.h"

#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sy::ops {

HeadGates splitGates(const OpContext& context, const Tensor& both, int nHeads)
{
    if (nHeads < 1 || both.cols() % (2 * int64_t(nHeads)) != 0)
        throw std::invalid_argument("splitGates: " + toString(both.shape()) + " for " + std::to_string(nHeads) + " heads");
    const int64_t n = both.cols() / (2 * int64_t(nHeads));
    HeadGates parts{Tensor::empty({both.rows(), nHeads * n}), Tensor::empty({both.rows(), nHeads * n})};
    parallelRows(context, both.rows(), both.cols(), [&](int64_t first, int64_t end) {
        for (int64_t i = first * nHeads; i < end * nHeads; ++i) {
            std::copy_n(both.f32() + 2 * i * n, n, parts.queries.f32() + i * n);
            std::copy_n(both.f32() + (2 * i + 1) * n, n, parts.gates.f32() + i * n);
        }
    });
    return parts;
}

Tensor joinGates(const OpContext& context, const HeadGates& parts, int nHeads)
{
    if (nHeads < 1 || parts.queries.cols() % nHeads != 0 || parts.queries.shape() != parts.gates.shape())
        throw std::invalid_argument("joinGates: " + toString(parts.queries.shape()) + " and " +
                                    toString(parts.gates.shape()));
    const int64_t n = parts.queries.cols() / nHeads;
    Tensor both = Tensor::empty({parts.queries.rows(), 2 * nHeads * n});
    parallelRows(context, both.rows(), both.cols(), [&](int64_t first, int64_t end) {
        for (int64_t i = first * nHeads; i < end * nHeads; ++i) {
            std::copy_n(parts.queries.f32() + i * n, n, both.f32() + 2 * i * n);
            std::copy_n(parts.gates.f32() + i * n, n, both.f32() + (2 * i + 1) * n);
        }
    });
    return both;
}

} // namespace sy::ops
