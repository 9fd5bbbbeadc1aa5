// SPDX-License-Identifier: GPL-3.0-or-later
// A mixture of experts with what is trained on its experts. Rows are sorted by expert; the hidden layer's inputs (gate and
// up) are kept, the gathered inputs and the activation are made again on the way back. An expert's result is not kept
// either: with D = W_downᵀ dy for the unweighted dy, the gradient of a choice's weight is D · hidden plus dy · bias.
//
// The router is differentiated through though it is usually frozen: the weights of a token's experts depend on the token.
#include "engine/ops/add/add.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/moe_ffn/expert_products.h"
#include "engine/ops/router/router_grad.h"
#include "engine/train/recorded_ops.h"

#include <algorithm>

namespace sy::train {

namespace {

// One of the experts' three matrices with its update.
struct Product {
    const ops::ExpertMatrices* matrices;
    TrainedMatrix* update;
    autograd::Parameter* weight;
    autograd::Parameter* bias;
    Tensor low; // (rows, rank) of the update, made by forward

    Product(Pass& pass, const ops::ExpertMatrices& m)
        : matrices(&m), update(pass.trained.update(m.name)), weight(pass.trained.tensor(m.name + ".weight")),
          bias(pass.trained.tensor(m.name + ".bias"))
    {
    }
    bool isTrained() const { return update || weight || bias; }

    Tensor forward(Pass& pass, const ops::ExpertGroups& groups, const Tensor& x)
    {
        Tensor y = ops::expertProducts(pass.context, x, groups, *matrices);
        if (!update)
            return y;
        low = Tensor::empty({x.rows(), update->rank()});
        const Tensor in = droppedFor(pass, *update, x);
        each(groups, [&](int32_t e, int64_t first, int64_t n) {
            if (!update->trains(e))
                return;
            Tensor rows = y.rowRange(first, n);
            const Tensor lowRows = ops::addLora(pass.context, expertOf(*update, e).factors, in.rowRange(first, n), rows);
            std::copy_n(lowRows.f32(), lowRows.count(), low.rowRange(first, n).f32());
        });
        return y;
    }

    // The gradient of x for that of y. What is trained gets its gradient from dyTrained, which for the last product is dy
    // times the weights of the choices.
    Tensor backward(Pass& pass, const ops::ExpertGroups& groups, const Tensor& x, const Tensor& dy,
                    const Tensor& dyTrained) const
    {
        Tensor dx = ops::expertProductsGrad(pass.exact, dy, groups, *matrices);
        const bool hasDropout = update && pass.dropout.share > 0;
        const Tensor dropped = hasDropout ? droppedFor(pass, *update, x) : x;
        Tensor dDropped = hasDropout ? Tensor::zeros(dx.shape()) : dx; // dx itself without dropout
        each(groups, [&](int32_t e, int64_t first, int64_t n) {
            const Tensor in = x.rowRange(first, n), out = dy.rowRange(first, n), trainedOut = dyTrained.rowRange(first, n);
            if (weight) {
                const int64_t height = matrices->weights[0].rows();
                Tensor dWeight = weight->sum().rowRange(e * height, height);
                ops::gemm(pass.exact, ops::transposed(ops::viewOf(trainedOut)), ops::viewOf(in), ops::targetOf(dWeight),
                          ops::Write::adds, matrices->scales ? matrices->scales.f32()[e] : 1.0f);
            }
            if (bias) {
                Tensor dBias = bias->sum().rowRange(e, 1);
                ops::addBiasGrad(pass.exact, trainedOut, dBias);
            }
            if (!update || !update->trains(e))
                return;
            UpdatePart part = expertOf(*update, e);
            if (!update->expertTokens.empty())
                update->expertTokens[size_t(update->placeOf(e))] += n;
            const Tensor lowRows = low.rowRange(first, n);
            Tensor dIn = dDropped.rowRange(first, n);
            const Tensor seen = dropped.rowRange(first, n);
            ops::addLoraGrad(pass.exact, part.factors, seen, lowRows, trainedOut, &part.dA, &part.dB, nullptr);
            ops::addLoraGrad(pass.exact, part.factors, seen, lowRows, out, nullptr, nullptr, &dIn);
        });
        if (hasDropout)
            addDroppedGrad(pass, *update, dDropped, dx);
        return dx;
    }

    template <class F>
    static void each(const ops::ExpertGroups& groups, F&& f)
    {
        for (const int32_t e : groups.active)
            f(e, groups.rows.first[size_t(e)], groups.rows.count(e));
    }
};

// The gradients of routing.weights, from those of the sorted rows.
Tensor weightsOfChoices(const ops::Routing& routing, const ops::ExpertGroups& groups, const std::vector<float>& byRow)
{
    Tensor result = Tensor::zeros(routing.weights.shape());
    std::vector<int64_t> next(groups.rows.first.begin(), groups.rows.first.end() - 1);
    const int32_t* experts = routing.experts.data<int32_t>();
    for (int64_t i = 0; i < routing.experts.count(); ++i) {
        if (experts[i] >= 0)
            result.f32()[i] = byRow[size_t(next[size_t(experts[i])]++)];
    }
    return result;
}

float dot(const float* a, const float* b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; ++i)
        sum += double(a[i]) * double(b[i]);
    return float(sum);
}

ops::BalanceLoss balanceOf(Pass& pass, const ops::Routing& routing, int layer)
{
    const double factor = pass.balance.coefficient / pass.nMoeLayers * pass.balance.share;
    ops::BalanceLoss loss = pass.balance.form == BalanceOptions::Form::switchLoss
                                ? ops::switchBalance(pass.exact, routing)
                                : ops::sequenceBalance(pass.exact, routing, pass.batch.lengths);
    pass.balanceLosses[layer] = loss.value * factor;
    for (int64_t i = 0; i < loss.dProbabilities.count(); ++i)
        loss.dProbabilities.f32()[i] *= float(factor);
    return loss;
}

// A table's choice is the token's alone; the router's weights have a gradient either way.
ops::Routing routed(const Pass& pass, const nn::MoeFeedForward& moe, const Tensor& x)
{
    Tensor logits = ops::matmul(pass.exact, ops::MatmulInput(x), moe.router, moe.routerBias);
    if (!moe.expertsOfToken)
        return ops::route(pass.context, std::move(logits), moe.selectionBias, moe.routing);
    return ops::routeTo(pass.context, std::move(logits), nn::expertsOf(moe, pass.batch.tokens), moe.routing);
}

// residual + the routed experts' results.
Variable addExperts(Pass& pass, Tape& tape, const nn::MoeFeedForward& moe, int layer, const std::string& prefix,
                    const Variable& x, const Variable& residual)
{
    const std::string routerName = prefix + "ffn_gate_inp";
    autograd::Parameter* router = pass.trained.tensor(routerName + ".weight");
    autograd::Parameter* routerBias = pass.trained.tensor(routerName + ".bias");
    const ops::Routing routing = routed(pass, moe, x.value);
    const ops::ExpertGroups groups = ops::groupByExpert(routing, moe.experts.nExperts());
    std::vector<int64_t>& expertRows = pass.expertRows[layer];
    expertRows.clear();
    std::vector<double>& expertWeights = pass.expertWeights[layer];
    expertWeights.assign(size_t(moe.experts.nExperts()), 0);
    for (int e = 0; e < moe.experts.nExperts(); ++e) {
        expertRows.push_back(groups.rows.count(e));
        for (int64_t i = 0; i < groups.rows.count(e); ++i)
            expertWeights[size_t(e)] +=
                double(groups.weights[size_t(groups.rows.first[size_t(e)] + i)]) / double(moe.routing.scale);
    }
    Tensor dProbabilities;
    if (pass.balance.form != BalanceOptions::Form::none)
        dProbabilities = balanceOf(pass, routing, layer).dProbabilities;

    const Tensor rows = ops::embedRows(pass.context, x.value, groups.tokens);
    Product gate(pass, moe.experts.gate), up(pass, moe.experts.up), down(pass, moe.experts.down);
    const Tensor gates = gate.forward(pass, groups, rows), ups = up.forward(pass, groups, rows);
    const Tensor hidden = ops::gatedActivation(pass.context, moe.experts.activation, gates, ups);
    Tensor y = Tensor::of(residual.value.values(), residual.value.shape());
    ops::addToTokens(pass.context, groups, down.forward(pass, groups, hidden), groups.weights, y);

    const bool isWanted = x.isWanted() || residual.isWanted() || gate.isTrained() || up.isTrained() || down.isTrained() ||
                          router || routerBias;
    return tape.record(std::move(y), isWanted,
                       [&pass, &tape, &moe, x, residual, routing, groups, dProbabilities, gate, up, down, gates, ups, router,
                        routerBias](Tensor dy) {
                           const ops::ExpertMatrices& last = moe.experts.down;
                           const Tensor hidden = ops::gatedActivation(pass.context, moe.experts.activation, gates, ups);
                           const Tensor dRows = ops::embedRows(pass.exact, dy, groups.tokens);
                           Tensor dWeighted = Tensor::of(dRows.values(), dRows.shape());
                           const int64_t dim = dRows.cols(), ffn = hidden.cols();
                           for (int64_t i = 0; i < dRows.rows(); ++i)
                               for (int64_t c = 0; c < dim; ++c)
                                   dWeighted.f32()[i * dim + c] *= groups.weights[size_t(i)];

                           Tensor dHidden = down.backward(pass, groups, hidden, dRows, dWeighted); // not yet weighted
                           std::vector<float> dWeights(groups.weights.size());
                           Product::each(groups, [&](int32_t e, int64_t first, int64_t n) {
                               for (int64_t i = first; i < first + n; ++i) {
                                   float& d = dWeights[size_t(i)];
                                   d = dot(dHidden.f32() + i * ffn, hidden.f32() + i * ffn, ffn);
                                   if (last.biases)
                                       d += dot(dRows.f32() + i * dim, last.biases.f32() + e * dim, dim);
                                   for (int64_t c = 0; c < ffn; ++c)
                                       dHidden.f32()[i * ffn + c] *= groups.weights[size_t(i)];
                               }
                           });
                           const ops::GatedActivationGrad d =
                               ops::gatedActivationGrad(pass.exact, moe.experts.activation, gates, ups, dHidden);
                           const Tensor rows = ops::embedRows(pass.exact, x.value, groups.tokens);
                           const Tensor dFromGate = gate.backward(pass, groups, rows, d.gate, d.gate);
                           const Tensor dFromUp = up.backward(pass, groups, rows, d.up, d.up);

                           const Tensor dLogits =
                               ops::routeGrad(pass.exact, routing, moe.routing, weightsOfChoices(routing, groups, dWeights),
                                              dProbabilities);
                           if (router)
                               ops::gemm(pass.exact, ops::transposed(ops::viewOf(dLogits)), ops::viewOf(x.value),
                                         ops::targetOf(router->sum()), ops::Write::adds);
                           if (routerBias)
                               ops::addBiasGrad(pass.exact, dLogits, routerBias->sum());
                           if (x.isWanted()) {
                               Tensor dx = Tensor::empty(x.value.shape());
                               ops::gemmWeight(pass.exact, ops::viewOf(dLogits), moe.router, ops::targetOf(dx));
                               ops::addToTokens(pass.exact, groups, dFromGate, {}, dx);
                               ops::addToTokens(pass.exact, groups, dFromUp, {}, dx);
                               tape.add(x, std::move(dx));
                           }
                           tape.add(residual, std::move(dy));
                       });
}

} // namespace

Variable addFeedForward(Pass& pass, Tape& tape, const nn::MoeFeedForward& moe, int layer, const std::string& prefix,
                        const Variable& normed, const Variable& residual)
{
    const Variable routed = addExperts(pass, tape, moe, layer, prefix, normed, residual);
    if (!moe.shared)
        return routed;
    if (!moe.sharedGate)
        return addFeedForward(pass, tape, *moe.shared, prefix, normed, routed);
    const nn::GatedFeedForward& f = *moe.shared;
    const std::vector<Variable> both = linears(pass, tape, normed, {&f.gate, &f.up});
    const Variable hidden = gatedActivation(pass, tape, f.activation, both[0], both[1]);
    const Variable shared = linear(pass, tape, hidden, f.down, gatedActivationAgain(pass, f.activation, both[0], both[1]));
    const nn::Linear gate{moe.sharedGate, {}, 1, prefix + "ffn_gate_inp_shexp"};
    return add(pass, tape, routed, scaleRowsBySigmoid(pass, tape, shared, linear(pass, tape, normed, gate)));
}

} // namespace sy::train
