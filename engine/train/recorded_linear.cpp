// SPDX-License-Identifier: GPL-3.0-or-later
// A linear layer with what is trained on it. The base's matrix gets a gradient only when it is trained itself; through a
// frozen one there is only dx.
//
// DoRA scales each output: y = m / n * (x Wᵀ + s x Aᵀ Bᵀ) + bias, n_i being the norm of row i of W + s B A and a constant in
// the gradient. The row norms of a quantized W need no copy of it:
//
//     n_i² = |W_i|² + 2 s sum_j B_ij (W Aᵀ)_ij + s² B_i (A Aᵀ) B_iᵀ
#include "engine/ops/add/add.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/tile.h"
#include "engine/quant/quant_table.h"
#include "engine/train/recorded_ops.h"

#include <cmath>
#include <optional>

namespace sy::train {

namespace {

// The squared norm of each row of a weight.
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
            for (int64_t r = tile * ops::kTileRows; r < std::min(nRows, (tile + 1) * ops::kTileRows); ++r, from += weight.rowBytes()) {
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

// n of every row of scale * W + s B A.
Tensor updatedNorms(const Pass& pass, const nn::Linear& l, TrainedMatrix& m, const ops::LoraFactors& f)
{
    if (!m.baseSquares)
        m.baseSquares = rowSquares(pass.exact, l.weight);
    const int64_t rank = f.a.rows(), out = f.b.rows();
    const Tensor wa = ops::matmul(pass.exact, ops::MatmulInput(f.a), l.weight); // (rank, out)
    Tensor aa = Tensor::empty({rank, rank});
    ops::gemm(pass.exact, ops::viewOf(f.a), ops::transposed(ops::viewOf(f.a)), ops::targetOf(aa));
    Tensor norms = Tensor::empty({out});
    const double s = double(f.scale), base = double(l.scale);
    for (int64_t i = 0; i < out; ++i) {
        const float* b = f.b.f32() + i * rank;
        double cross = 0, square = 0;
        for (int64_t j = 0; j < rank; ++j) {
            cross += double(b[j]) * double(wa.f32()[j * out + i]);
            for (int64_t k = 0; k < rank; ++k)
                square += double(b[j]) * double(b[k]) * double(aa.f32()[j * rank + k]);
        }
        norms.f32()[i] = float(std::sqrt(base * base * double(m.baseSquares.f32()[i]) + 2 * s * base * cross + s * s * square));
    }
    return norms;
}

// What one linear of a group keeps for its gradient.
struct Kept {
    nn::Linear linear; // a copy: some are made for one call
    TrainedMatrix* matrix = nullptr;
    autograd::Parameter* weight = nullptr;
    autograd::Parameter* bias = nullptr;
    std::optional<UpdatePart> part;
    Tensor low;      // x Aᵀ
    Tensor unscaled; // DoRA: the product before m / n, bias excluded
    Tensor factors;  // DoRA: m / n
    Tensor norms;    // DoRA: n
};

// y (tokens, out) = factors * y, column by column.
void scaleColumns(Tensor& y, const Tensor& factors)
{
    const int64_t n = y.cols();
    for (int64_t i = 0; i < y.count(); ++i)
        y.f32()[i] *= factors.f32()[i % n];
}

void applyMagnitude(const Pass& pass, const nn::Linear& l, Kept& kept, Tensor& y)
{
    TrainedMatrix& m = *kept.matrix;
    const int64_t n = y.cols();
    kept.norms = updatedNorms(pass, l, m, kept.part->factors);
    kept.factors = Tensor::empty({n});
    for (int64_t i = 0; i < n; ++i)
        kept.factors.f32()[i] = m.magnitude.value.f32()[i] / kept.norms.f32()[i];
    kept.unscaled = Tensor::of(y.values(), y.shape());
    scaleColumns(y, kept.factors);
}

// dy becomes the gradient of the unscaled product.
void magnitudeGrad(const Kept& kept, Tensor& dy)
{
    const int64_t n = dy.cols();
    float* dMagnitude = kept.matrix->magnitude.sum().f32();
    for (int64_t i = 0; i < dy.count(); ++i)
        dMagnitude[i % n] += dy.f32()[i] * kept.unscaled.f32()[i] / kept.norms.f32()[i % n];
    scaleColumns(dy, kept.factors);
}

} // namespace

std::vector<Variable> linears(Pass& pass, Tape& tape, const Variable& x, std::initializer_list<const nn::Linear*> list)
{
    std::vector<Kept> kept;
    const ops::MatmulInput input(x.value);
    std::vector<Tensor> results;
    bool isTrained = false;
    for (const nn::Linear* l : list) {
        Kept k{*l, l->name.empty() ? nullptr : pass.trained.update(l->name), pass.trained.tensor(l->name + ".weight"),
               pass.trained.tensor(l->name + ".bias"), {}, {}, {}, {}, {}};
        isTrained = isTrained || k.matrix || k.weight || k.bias;
        kept.push_back(std::move(k));
    }
    if (kept.size() > 1)
        results = nn::applyAll(pass.context, input, list);
    for (size_t i = 0; i < kept.size(); ++i) {
        Kept& k = kept[i];
        const nn::Linear& l = k.linear;
        const bool hasMagnitude = k.matrix && k.matrix->hasMagnitude();
        if (hasMagnitude && l.bias) { // it comes after the scaling
            const Tensor product = nn::apply(pass.context, input, {l.weight, {}, l.scale});
            i < results.size() ? void(results[i] = product) : results.push_back(product);
        } else if (i >= results.size()) {
            results.push_back(nn::apply(pass.context, input, l));
        }
        if (!k.matrix)
            continue;
        k.part = rowsOf(*k.matrix, l.firstRow, l.weight.rows());
        k.low = ops::addLora(pass.context, k.part->factors, x.value, results[i]);
        if (hasMagnitude) {
            applyMagnitude(pass, l, k, results[i]);
            if (l.bias)
                ops::addBias(pass.context, results[i], l.bias);
        }
    }
    return tape.record(std::move(results), x.isWanted() || isTrained, [&pass, &tape, x, kept](std::vector<Tensor> dys) {
        Tensor dx = x.isWanted() ? Tensor::empty(x.value.shape()) : Tensor();
        ops::Write write = ops::Write::sets;
        for (size_t i = 0; i < kept.size(); ++i) {
            if (!dys[i])
                continue;
            const Kept& k = kept[i];
            const nn::Linear& l = k.linear;
            Tensor& dy = dys[i];
            if (k.bias)
                ops::addBiasGrad(pass.exact, dy, k.bias->sum());
            if (k.factors)
                magnitudeGrad(k, dy);
            if (k.weight)
                ops::gemm(pass.exact, ops::transposed(ops::viewOf(dy)), ops::viewOf(x.value), ops::targetOf(k.weight->sum()),
                          ops::Write::adds, l.scale);
            if (dx) {
                ops::gemmWeight(pass.exact, ops::viewOf(dy), l.weight, ops::targetOf(dx), write, l.scale);
                write = ops::Write::adds;
            }
            if (k.part) {
                Tensor dA = k.part->dA, dB = k.part->dB;
                ops::addLoraGrad(pass.exact, k.part->factors, x.value, k.low, dy, &dA, &dB, dx ? &dx : nullptr);
            }
        }
        if (dx)
            tape.add(x, std::move(dx));
    });
}

Variable linear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l)
{
    return linears(pass, tape, x, {&l}).front();
}

Variable addLinear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l, const Tensor& norm, float epsilon,
                   const std::string& normName, const Variable& residual)
{
    Variable y = linear(pass, tape, x, l);
    if (norm)
        y = rmsNorm(pass, tape, y, norm, epsilon, normName);
    return add(pass, tape, residual, y);
}

} // namespace sy::train
