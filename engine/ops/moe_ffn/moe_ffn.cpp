// SPDX-License-Identifier: GPL-3.0-or-later
// Two parallel loops. The first goes over (expert, tile of the hidden layer): gate and up of the same 16 rows, activation,
// stored. The second goes over tiles of the model's width, and inside over the experts: whoever has a tile owns these 16
// columns of the residual for all tokens, so sums need no locks, no buffer of (choices, dim), and always run in the order of
// the experts.
#include "engine/ops/moe_ffn/moe_ffn.h"

#include "engine/ops/gated_activation/gated_activation_values.h"
#include "engine/ops/matmul/grouped.h"
#include "engine/ops/moe_ffn/expert_groups.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

namespace {

float* scratch(int64_t nFloats, int which)
{
    thread_local std::vector<float> buffers[2];
    if (int64_t(buffers[which].size()) < nFloats)
        buffers[which].resize(size_t(nFloats));
    return buffers[which].data();
}

void check(const ExpertMatrices& m, size_t nExperts, int64_t out, int64_t in)
{
    if (m.weights.size() != nExperts || (m.biases && (m.biases.rows() != int64_t(nExperts) || m.biases.cols() != out)) ||
        (m.scales && m.scales.count() != int64_t(nExperts)))
        throw std::invalid_argument("addExperts: matrices, biases or scales are not one for each expert");
    for (const Tensor& weight : m.weights) {
        if (weight.rows() != out || weight.cols() != in)
            throw std::invalid_argument("addExperts: a matrix " + toString(weight.shape()) + ", expected (" +
                                        std::to_string(out) + ", " + std::to_string(in) + ")");
    }
}

// values (rows, 16) of a tile = values * scale + bias, where the expert has them.
void finish(const ExpertMatrices& m, int expert, const GroupedProduct::TileRows& tile, int64_t nRows, float* values)
{
    if (m.scales) {
        const float scale = m.scales.f32()[expert];
        for (int64_t i = 0; i < nRows * kTileRows; ++i)
            values[i] *= scale;
    }
    if (m.biases) {
        const float* bias = m.biases.f32() + int64_t(expert) * m.biases.cols() + tile.first;
        for (int64_t row = 0; row < nRows; ++row)
            for (int i = tile.skip; i < tile.skip + tile.count; ++i)
                values[row * kTileRows + i] += bias[i];
    }
}

} // namespace

void addExperts(const OpContext& context, const MatmulInput& x, const Routing& routing, const ExpertWeights& w,
                Tensor& residual)
{
    if (w.gate.weights.empty())
        throw std::invalid_argument("addExperts: no experts");
    const int64_t dim = x.x().cols(), ffn = w.gate.weights[0].rows(), nTokens = x.x().rows();
    if (routing.nTokens() != nTokens || residual.rows() != nTokens || residual.cols() != dim)
        throw std::invalid_argument("addExperts: x " + toString(x.x().shape()) + ", residual " + toString(residual.shape()) +
                                    ", routing of " + std::to_string(routing.nTokens()) + " tokens");
    check(w.gate, w.gate.weights.size(), ffn, dim);
    check(w.up, w.gate.weights.size(), ffn, dim);
    check(w.down, w.gate.weights.size(), dim, ffn);

    const ExpertGroups groups = groupByExpert(routing, w.nExperts());
    const int nThreads = context.pool.nThreads();
    const auto nActive = int64_t(groups.active.size());
    if (nActive == 0)
        return;

    GroupedInput input(x, groups.tokens, groups.rows);
    for (const int32_t e : groups.active) {
        input.prepare(context, w.gate.weights[size_t(e)]);
        input.prepare(context, w.up.weights[size_t(e)]);
    }
    Tensor hidden = Tensor::empty({groups.rows.nRows(), ffn});
    {
        const GroupedProduct product(context, input);
        const GatedActivationKernel activation = gatedActivationKernel(context.level);
        const int64_t nTiles = GroupedProduct::nTiles(w.gate.weights[0]);
        const int64_t piece = std::clamp<int64_t>(nActive * nTiles / (nThreads * 8), 1, 16);
        context.pool.parallelFor(nActive * nTiles, piece, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int32_t e = groups.active[size_t(i / nTiles)];
                const int64_t nRows = groups.rows.count(e);
                const Tensor& gateWeight = w.gate.weights[size_t(e)];
                const GroupedProduct::TileRows tile = GroupedProduct::rows(gateWeight, i % nTiles);
                float* gate = scratch(nRows * kTileRows, 0);
                float* up = scratch(nRows * kTileRows, 1);
                product.compute(e, gateWeight, tile, gate);
                product.compute(e, w.up.weights[size_t(e)], tile, up);
                finish(w.gate, e, tile, nRows, gate);
                finish(w.up, e, tile, nRows, up);
                activation(w.activation, gate, up, gate, nRows * kTileRows);
                float* to = hidden.f32() + groups.rows.first[size_t(e)] * ffn + tile.first;
                for (int64_t row = 0; row < nRows; ++row)
                    std::copy_n(gate + row * kTileRows + tile.skip, tile.count, to + row * ffn + tile.skip);
            }
        });
    }

    GroupedInput hiddenInput(hidden, groups.rows);
    for (const int32_t e : groups.active)
        hiddenInput.prepare(context, w.down.weights[size_t(e)]);
    const GroupedProduct product(context, hiddenInput);
    const int64_t nTiles = GroupedProduct::nTiles(w.down.weights[0]);
    // Several tiles of one expert in a row, so that its tokens' values are still in the cache for the next.
    const int64_t piece = std::clamp<int64_t>(nTiles / (nThreads * 4), 1, 8);
    context.pool.parallelFor(nTiles, piece, [&](int64_t begin, int64_t end) {
        for (const int32_t e : groups.active) {
            const int64_t nRows = groups.rows.count(e), firstRow = groups.rows.first[size_t(e)];
            float* out = scratch(nRows * kTileRows, 0);
            for (int64_t i = begin; i < end; ++i) {
                const GroupedProduct::TileRows tile = GroupedProduct::rows(w.down.weights[size_t(e)], i);
                product.compute(e, w.down.weights[size_t(e)], tile, out);
                finish(w.down, e, tile, nRows, out);
                for (int64_t row = 0; row < nRows; ++row) {
                    float* to = residual.f32() + groups.tokens[size_t(firstRow + row)] * dim + tile.first;
                    const float weight = groups.weights[size_t(firstRow + row)];
                    for (int c = tile.skip; c < tile.skip + tile.count; ++c)
                        to[c] += weight * out[row * kTileRows + c];
                }
            }
        }
    });
}

} // namespace sy::ops
