// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/moe_ffn/expert_products.h"

#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/grouped.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

namespace {

void check(const Tensor& x, const ExpertGroups& groups, const ExpertMatrices& m, bool isGradient)
{
    bool fits = int64_t(m.weights.size()) == groups.rows.nGroups() && x.rows() == groups.rows.nRows() && !m.weights.empty();
    for (const Tensor& weight : m.weights)
        fits = fits && x.cols() == (isGradient ? weight.rows() : weight.cols()) && weight.shape() == m.weights[0].shape();
    if (!fits)
        throw std::invalid_argument("expertProducts: x " + toString(x.shape()) + " for " + std::to_string(m.weights.size()) +
                                    " experts and " + std::to_string(groups.rows.nRows()) + " rows");
}

} // namespace

Tensor expertProducts(const OpContext& context, const Tensor& x, const ExpertGroups& groups, const ExpertMatrices& m)
{
    check(x, groups, m, false);
    GroupedInput input(x, groups.rows);
    for (const int32_t e : groups.active)
        input.prepare(context, m.weights[size_t(e)]);
    const GroupedProduct product(context, input);
    const int64_t width = m.weights[0].rows(), nTiles = GroupedProduct::nTiles(m.weights[0]);
    Tensor y = Tensor::empty({groups.rows.nRows(), width});
    context.pool.parallelFor(int64_t(groups.active.size()) * nTiles, 1, [&](int64_t begin, int64_t end) {
        thread_local std::vector<float> out;
        for (int64_t i = begin; i < end; ++i) {
            const int32_t e = groups.active[size_t(i / nTiles)];
            const int64_t nRows = groups.rows.count(e);
            const GroupedProduct::TileRows tile = GroupedProduct::rows(m.weights[size_t(e)], i % nTiles);
            out.resize(size_t(nRows * kTileRows));
            product.compute(e, m.weights[size_t(e)], tile, out.data());
            const float scale = m.scales ? m.scales.f32()[e] : 1.0f;
            const float* bias = m.biases ? m.biases.f32() + e * width + tile.first : nullptr;
            float* to = y.f32() + groups.rows.first[size_t(e)] * width + tile.first;
            for (int64_t row = 0; row < nRows; ++row)
                for (int c = tile.skip; c < tile.skip + tile.count; ++c)
                    to[row * width + c] = out[size_t(row * kTileRows + c)] * scale + (bias ? bias[c] : 0.0f);
        }
    });
    return y;
}

Tensor expertProductsGrad(const OpContext& context, const Tensor& dy, const ExpertGroups& groups, const ExpertMatrices& m)
{
    check(dy, groups, m, true);
    Tensor dx = Tensor::empty({groups.rows.nRows(), m.weights[0].cols()});
    const auto expert = [&](int32_t e) {
        const int64_t first = groups.rows.first[size_t(e)], n = groups.rows.count(e);
        Tensor rows = dx.rowRange(first, n);
        gemmWeight(context, viewOf(dy.rowRange(first, n)), m.weights[size_t(e)], targetOf(rows), Write::sets,
                   m.scales ? m.scales.f32()[e] : 1.0f);
    };
    // Many experts: one each for the threads, whose inner loops then stay on the thread.
    const auto nActive = int64_t(groups.active.size());
    if (nActive >= 2 * context.pool.nThreads()) {
        context.pool.parallelFor(nActive, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                expert(groups.active[size_t(i)]);
        });
    } else {
        for (const int32_t e : groups.active)
            expert(e);
    }
    return dx;
}

void addToTokens(const OpContext& context, const ExpertGroups& groups, const Tensor& rows, std::span<const float> factors,
                 Tensor& residual)
{
    const int64_t dim = residual.cols();
    if (rows.rows() != groups.rows.nRows() || rows.cols() != dim ||
        (!factors.empty() && int64_t(factors.size()) != rows.rows()))
        throw std::invalid_argument("addToTokens: rows " + toString(rows.shape()) + ", residual " +
                                    toString(residual.shape()));
    // A thread owns columns: a token's rows belong to several experts.
    parallelRows(context, dim, rows.rows(), [&, to = residual.f32()](int64_t first, int64_t end) {
        for (int64_t i = 0; i < rows.rows(); ++i) {
            const float factor = factors.empty() ? 1.0f : factors[size_t(i)];
            float* token = to + groups.tokens[size_t(i)] * dim;
            for (int64_t c = first; c < end; ++c)
                token[c] += factor * rows.f32()[i * dim + c];
        }
    });
}

} // namespace sy::ops
