// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/adapter.h"

#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/tile.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sy::nn {

namespace {

Tensor expertSlice(const Tensor& factor, int64_t e)
{
    if (factor.shape().rank() != 3)
        return factor;
    const int64_t height = factor.shape()[1];
    return factor.rowRange(e * height, height);
}

// y += strength * scale * (x Aᵀ) Bᵀ of a linear's rows of B.
void addProduct(const ops::OpContext& context, const Linear& linear, const MatrixUpdate& update, float strength,
                const Tensor& x, Tensor& y)
{
    if (update.packed.a.panels && update.packed.a.level == context.level && linear.firstRow % ops::kPackedCols == 0)
        ops::addLora(context, update.packed, linear.firstRow, update.scale * strength, x, y);
    else
        ops::addLora(context, update.rows(linear.firstRow, y.cols(), strength), x, y);
}

} // namespace

ops::LoraFactors MatrixUpdate::rows(int64_t first, int64_t n, float strength) const
{
    return {a, b.rowRange(first, n), scale * strength};
}

ops::LoraFactors MatrixUpdate::expert(int64_t e, float strength) const
{
    return {expertSlice(a, e), expertSlice(b, e), scale * strength};
}

const MatrixUpdate* Adapter::find(std::string_view name) const
{
    const auto found = updates.find(name);
    return found == updates.end() ? nullptr : &found->second;
}

void applyUpdate(const ops::OpContext& context, const Linear& linear, const MatrixUpdate& update, float strength,
                 const Tensor& x, Tensor& y)
{
    const int64_t n = y.cols();
    if (!update.rowFactors) {
        addProduct(context, linear, update, strength, x, y);
        return;
    }
    Tensor updated = Tensor::of(y.values(), y.shape());
    const float* bias = linear.bias ? linear.bias.f32() : nullptr;
    for (int64_t i = 0; bias && i < y.count(); ++i)
        updated.f32()[i] -= bias[i % n];
    addProduct(context, linear, update, 1, x, updated);
    const float* factors = update.rowFactors.f32() + linear.firstRow;
    for (int64_t i = 0; i < y.count(); ++i) {
        const float whole = updated.f32()[i] * factors[i % n] + (bias ? bias[i % n] : 0.0f);
        y.f32()[i] += strength * (whole - y.f32()[i]);
    }
}

void applyUpdate(const ops::OpContext& context, const ops::ExpertGroups& groups, const MatrixUpdate& update, float strength,
                 const Tensor& x, Tensor& y)
{
    for (const int32_t e : groups.active) {
        const int64_t first = groups.rows.first[size_t(e)], n = groups.rows.count(e);
        Tensor rows = y.rowRange(first, n);
        ops::addLora(context, update.expert(e, strength), x.rowRange(first, n), rows);
    }
}

Tensor rowSquares(const ops::OpContext& context, const Tensor& weight)
{
    const int64_t nRows = weight.rows(), nCols = weight.cols();
    Tensor squares = Tensor::empty({nRows});
    context.pool.parallelFor((nRows + ops::kTileRows - 1) / ops::kTileRows, 1, [&](int64_t begin, int64_t end) {
        std::vector<float> row(static_cast<size_t>(nCols));
        std::vector<std::byte> turned;
        for (int64_t tile = begin; tile < end; ++tile) {
            const std::byte* from = weight.raw() + size_t(tile) * ops::kTileRows * weight.rowBytes();
            if (weight.layout() == Layout::tiles) {
                turned.resize(ops::kTileRows * weight.rowBytes());
                ops::unpackTile(*ops::findTileFormat(weight.dtype()), from, weight.rowBytes(), turned.data());
                from = turned.data();
            }
            for (int64_t r = tile * ops::kTileRows; r < std::min(nRows, (tile + 1) * ops::kTileRows);
                 ++r, from += weight.rowBytes()) {
                quant::unpackRow(weight.dtype(), from, row.data(), nCols);
                double sum = 0;
                for (const float value : row)
                    sum += double(value) * double(value);
                squares.f32()[r] = float(sum);
            }
        }
    });
    return squares;
}

Tensor updatedRowNorms(const ops::OpContext& context, const Tensor& weight, float weightScale, const Tensor& squares,
                       const ops::LoraFactors& f)
{
    const ops::OpContext exact{context.pool, context.level, ops::Activations::f32};
    const int64_t rank = f.a.rows(), out = f.b.rows();
    const Tensor wa = ops::matmul(exact, ops::MatmulInput(f.a), weight); // (rank, out)
    Tensor aa = Tensor::empty({rank, rank});
    ops::gemm(exact, ops::viewOf(f.a), ops::transposed(ops::viewOf(f.a)), ops::targetOf(aa));
    Tensor norms = Tensor::empty({out});
    const double s = double(f.scale), base = double(weightScale);
    for (int64_t i = 0; i < out; ++i) {
        const float* b = f.b.f32() + i * rank;
        double cross = 0, square = 0;
        for (int64_t j = 0; j < rank; ++j) {
            cross += double(b[j]) * double(wa.f32()[j * out + i]);
            for (int64_t k = 0; k < rank; ++k)
                square += double(b[j]) * double(b[k]) * double(aa.f32()[j * rank + k]);
        }
        norms.f32()[i] = float(std::sqrt(base * base * double(squares.f32()[i]) + 2 * s * base * cross + s * s * square));
    }
    return norms;
}

} // namespace sy::nn
