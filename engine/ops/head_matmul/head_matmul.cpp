// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/head_matmul/head_matmul.h"

#include "engine/ops/matmul/grouped.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sy::ops {

void headMatmul(const OpContext& context, const Tensor& x, std::span<const Tensor> weights, Tensor& y)
{
    const auto nHeads = int64_t(weights.size());
    const int64_t nTokens = x.rows();
    if (nHeads == 0 || x.cols() % nHeads != 0 || y.cols() % nHeads != 0 || y.rows() != nTokens)
        throw std::invalid_argument("headMatmul: x " + toString(x.shape()) + ", y " + toString(y.shape()) + ", " +
                                    std::to_string(nHeads) + " heads");
    const int64_t in = weights[0].cols(), out = weights[0].rows();
    const int64_t xStride = x.cols() / nHeads, yStride = y.cols() / nHeads;
    const bool isUniform =
        std::ranges::all_of(weights, [&](const Tensor& weight) { return weight.rows() == out && weight.cols() == in; });
    if (!isUniform || in > xStride || out > yStride)
        throw std::invalid_argument("headMatmul: a weight does not fit its head");
    if (nTokens == 0)
        return;

    RowGroups groups;
    for (int64_t h = 0; h < nHeads; ++h)
        groups.first.push_back((h + 1) * nTokens);
    Tensor byHead = Tensor::empty({nHeads * nTokens, in});
    context.pool.parallelFor(nHeads, std::max<int64_t>(1, 16384 / (nTokens * in)), [&](int64_t begin, int64_t end) {
        for (int64_t h = begin; h < end; ++h)
            for (int64_t t = 0; t < nTokens; ++t)
                std::copy_n(x.f32() + t * x.cols() + h * xStride, in, byHead.f32() + (h * nTokens + t) * in);
    });
    GroupedInput input(byHead, groups);
    for (const Tensor& weight : weights)
        input.prepare(context, weight);

    const GroupedProduct product(context, input);
    const int64_t nTiles = GroupedProduct::nTiles(weights[0]);
    const int64_t piece = std::clamp<int64_t>(nHeads * nTiles / (context.pool.nThreads() * 8), 1, 32);
    context.pool.parallelFor(nHeads * nTiles, piece, [&](int64_t begin, int64_t end) {
        thread_local std::vector<float> values;
        values.resize(size_t(nTokens) * kTileRows);
        for (int64_t i = begin; i < end; ++i) {
            const int64_t h = i / nTiles;
            const GroupedProduct::TileRows tile = GroupedProduct::rows(weights[size_t(h)], i % nTiles);
            product.compute(h, weights[size_t(h)], tile, values.data());
            float* to = y.f32() + h * yStride + tile.first + tile.skip;
            for (int64_t t = 0; t < nTokens; ++t)
                std::copy_n(values.data() + t * kTileRows + tile.skip, tile.count, to + t * y.cols());
        }
    });
}

} // namespace sy::ops
