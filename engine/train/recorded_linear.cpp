// SPDX-License-Identifier: GPL-3.0-or-later
// A linear layer with what is trained on it. The base's matrix gets a gradient only when it is trained itself; through a
// frozen one there is only dx.
//
// DoRA scales each output: y = m / n * (x Wᵀ + s x Aᵀ Bᵀ) + bias, n_i being the norm of row i of W + s B A and a constant in
// the gradient.
#include "engine/nn/adapter.h"
#include "engine/ops/add/add.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/matmul_grad.h"
#include "engine/train/recorded_ops.h"

#include <optional>

namespace sy::train {

namespace {

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
    if (!m.baseSquares)
        m.baseSquares = nn::rowSquares(pass.exact, l.weight);
    kept.norms = nn::updatedRowNorms(pass.exact, l.weight, l.scale, m.baseSquares, kept.part->factors);
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

std::vector<Variable> linears(Pass& pass, Tape& tape, const Variable& x, std::initializer_list<const nn::Linear*> list,
                              const Again& again)
{
    std::vector<Kept> kept;
    const ops::MatmulInput input(x.value);
    std::vector<Tensor> results;
    bool isTrained = false;
    for (const nn::Linear* l : list) {
        Kept k{*l,
               l->name.empty() ? nullptr : pass.trained.update(l->name),
               pass.trained.tensor(l->name + ".weight"),
               pass.trained.tensor(l->name + ".bias"),
               {},
               {},
               {},
               {},
               {}};
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
        k.low = ops::addLora(pass.context, k.part->factors, droppedFor(pass, *k.matrix, x.value), results[i]);
        if (hasMagnitude) {
            applyMagnitude(pass, l, k, results[i]);
            if (l.bias)
                ops::addBias(pass.context, results[i], l.bias);
        }
    }
    Variable keptInput = x;
    if (again)
        keptInput.value = Tensor();
    return tape.record(
        std::move(results), x.isWanted() || isTrained, [&pass, &tape, keptInput, again, kept](std::vector<Tensor> dys) {
            Variable x = keptInput;
            if (again)
                x.value = again();
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
                if (k.weight) {
                    Tensor dWeight = k.weight->sum().rowRange(l.firstRow, l.weight.rows());
                    ops::gemm(pass.exact, ops::transposed(ops::viewOf(dy)), ops::viewOf(x.value), ops::targetOf(dWeight),
                              ops::Write::adds, l.scale);
                }
                if (dx) {
                    ops::matmulGrad(pass.context, dy, l.weight, ops::targetOf(dx), write, l.scale);
                    write = ops::Write::adds;
                }
                if (k.part) {
                    Tensor dA = k.part->dA, dB = k.part->dB;
                    if (pass.dropout.share <= 0) {
                        ops::addLoraGrad(pass.exact, k.part->factors, x.value, k.low, dy, &dA, &dB, dx ? &dx : nullptr);
                        continue;
                    }
                    Tensor dDropped = dx ? Tensor::zeros(dx.shape()) : Tensor();
                    ops::addLoraGrad(pass.exact, k.part->factors, droppedFor(pass, *k.matrix, x.value), k.low, dy, &dA, &dB,
                                     dx ? &dDropped : nullptr);
                    if (dx)
                        addDroppedGrad(pass, *k.matrix, dDropped, dx);
                }
            }
            if (dx)
                tape.add(x, std::move(dx));
        });
}

Variable linear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l, const Again& again)
{
    return linears(pass, tape, x, {&l}, again).front();
}

Variable addLinear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l, const Tensor& norm, float epsilon,
                   const std::string& normName, const Variable& residual, const Again& again)
{
    Variable y = linear(pass, tape, x, l, again);
    if (norm)
        y = rmsNorm(pass, tape, y, norm, epsilon, normName);
    return add(pass, tape, residual, y);
}

} // namespace sy::train
