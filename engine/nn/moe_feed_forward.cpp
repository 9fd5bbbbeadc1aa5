// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/moe_feed_forward.h"

#include "engine/nn/router_observer.h"
#include "engine/ops/add/add.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/moe_ffn/expert_products.h"
#include "engine/ops/scale/scale.h"

#include <algorithm>

namespace sy::nn {

namespace {

std::vector<Tensor> slices(const Tensor& all, int64_t nExperts, int64_t first, int64_t n)
{
    const int64_t height = all.rows() / nExperts;
    std::vector<Tensor> experts;
    experts.reserve(size_t(nExperts));
    for (int64_t e = 0; e < nExperts; ++e)
        experts.push_back(all.rowRange(e * height + first, n));
    return experts;
}

// PREFIXffn_WHAT_exps, or one tensor for each expert.
std::vector<Tensor> loadExperts(WeightReader& weights, const std::string& prefix, const std::string& what, int64_t nExperts,
                                int64_t out, int64_t in)
{
    const std::string together = prefix + "ffn_" + what + "_exps.weight";
    if (weights.has(together) || !weights.has(prefix + "ffn_" + what + ".0.weight"))
        return slices(weights.matrices(together, nExperts, out, in), nExperts, 0, out);
    std::vector<Tensor> experts;
    for (int64_t e = 0; e < nExperts; ++e)
        experts.push_back(weights.matrix(prefix + "ffn_" + what + "." + std::to_string(e) + ".weight", out, in));
    return experts;
}

void loadBiasAndScale(WeightReader& weights, const std::string& name, int64_t nExperts, int64_t out, Bias bias,
                      ops::ExpertMatrices& matrices)
{
    if (bias == Bias::required || (bias == Bias::optional && weights.has(name + ".bias")))
        matrices.biases = weights.vectors(name + ".bias", nExperts, out);
    matrices.scales = weights.optionalVector(name + ".scale", nExperts);
}

// What the table says of each row's token.
Tensor givenExperts(const MoeFeedForward& moe, const std::vector<Batch::Part>& parts, int64_t nRows)
{
    std::vector<int32_t> tokens(static_cast<size_t>(nRows));
    for (const Batch::Part& part : parts)
        std::ranges::copy(part.cache->tokens().subspan(size_t(part.firstPosition), size_t(part.nRows)),
                          tokens.begin() + part.firstRow);
    return expertsOf(moe, tokens);
}

ops::Routing chooseExperts(const ops::OpContext& exact, const MoeFeedForward& moe, int layer, const std::vector<Batch::Part>& parts,
                           const ops::MatmulInput& input, SpanObserver* spans)
{
    const Span span(spans, SpanKind::router, layer);
    std::vector<float> mass;
    if (std::ranges::any_of(parts, [](const Batch::Part& part) { return part.expertMass < 1; })) {
        for (const Batch::Part& part : parts)
            mass.insert(mass.end(), size_t(part.nRows), part.expertMass);
    }
    Tensor logits = ops::matmul(exact, input, moe.router, moe.routerBias);
    const Tensor given = moe.expertsOfToken ? givenExperts(moe, parts, logits.rows()) : Tensor();
    const ops::Routing routing = given ? ops::routeTo(exact, std::move(logits), given, moe.routing, mass)
                                       : ops::route(exact, std::move(logits), moe.selectionBias, moe.routing, mass);
    for (const Batch::Part& part : parts) {
        if (!part.observer)
            continue;
        const auto rows = [&](const Tensor& t) { return t.rowRange(part.firstRow, part.nRows); };
        const Tensor experts = rows(routing.experts);
        part.observer->routed({layer,
                               part.firstPosition,
                               part.nRows,
                               moe.routing.nExperts,
                               moe.routing.nUsed,
                               {experts.data<int32_t>(), size_t(experts.count())},
                               rows(routing.weights).values(),
                               rows(routing.probabilities).values()});
    }
    return routing;
}

bool adaptsExperts(const Batch::Part& part, const ops::ExpertWeights& experts)
{
    return part.adapter.find(experts.gate.name) || part.adapter.find(experts.up.name) || part.adapter.find(experts.down.name);
}

Tensor adaptedProducts(const ops::OpContext& context, const ops::ExpertGroups& groups, const ops::ExpertMatrices& matrices,
                       const AdapterUse& adapter, const Tensor& x)
{
    Tensor y = ops::expertProducts(context, x, groups, matrices);
    if (const MatrixUpdate* update = adapter.find(matrices.name))
        applyUpdate(context, groups, *update, adapter.strength, x, y);
    return y;
}

void addExpertsByPart(const ops::OpContext& context, const ops::ExpertWeights& experts, const std::vector<Batch::Part>& parts,
                      const Tensor& normed, const ops::Routing& routing, Tensor& residual)
{
    for (const Batch::Part& part : parts) {
        const auto rows = [&](const Tensor& t) { return t.rowRange(part.firstRow, part.nRows); };
        const ops::Routing partRouting{rows(routing.experts), rows(routing.weights), rows(routing.probabilities)};
        Tensor to = rows(residual);
        const Tensor in = rows(normed);
        if (!adaptsExperts(part, experts)) {
            ops::addExperts(context, ops::MatmulInput(in), partRouting, experts, to);
            continue;
        }
        const ops::ExpertGroups groups = ops::groupByExpert(partRouting, experts.nExperts());
        const Tensor sorted = ops::embedRows(context, in, groups.tokens);
        const Tensor gate = adaptedProducts(context, groups, experts.gate, part.adapter, sorted);
        const Tensor up = adaptedProducts(context, groups, experts.up, part.adapter, sorted);
        const Tensor hidden = ops::gatedActivation(context, experts.activation, gate, up);
        ops::addToTokens(context, groups, adaptedProducts(context, groups, experts.down, part.adapter, hidden), groups.weights, to);
    }
}

} // namespace

MoeFeedForward loadMoeFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, const MoeOptions& options)
{
    const int64_t nExperts = options.routing.nExperts, ffn = options.ffnDim;
    MoeFeedForward moe;
    moe.routing = options.routing;
    moe.router = weights.matrix(prefix + "ffn_gate_inp.weight", nExperts, dim);
    const auto optional = [&](Bias bias, const std::string& name) {
        return bias == Bias::none       ? Tensor()
               : bias == Bias::required ? weights.vector(name, nExperts)
                                        : weights.optionalVector(name, nExperts);
    };
    moe.routerBias = optional(options.routerBias, prefix + "ffn_gate_inp.bias");
    moe.selectionBias = optional(options.selectionBias, prefix + "exp_probs_b.bias");

    if (options.nTableTokens > 0)
        moe.expertsOfToken =
            weights.indices(prefix + "ffn_gate_tid2eid.weight", options.nTableTokens, options.routing.nUsed, int32_t(nExperts));

    ops::ExpertWeights& experts = moe.experts;
    experts.activation = options.activation;
    experts.gate.name = prefix + "ffn_gate_exps";
    experts.up.name = prefix + "ffn_up_exps";
    experts.down.name = prefix + "ffn_down_exps";
    const std::string fused = prefix + "ffn_gate_up_exps";
    if (weights.has(fused + ".weight")) {
        const Tensor both = weights.matrices(fused + ".weight", nExperts, 2 * ffn, dim);
        experts.gate.weights = slices(both, nExperts, 0, ffn);
        experts.up.weights = slices(both, nExperts, ffn, ffn);
        if (options.expertBias != Bias::none && weights.has(fused + ".bias")) {
            const Tensor biases = weights.vectors(fused + ".bias", nExperts, 2 * ffn);
            experts.gate.biases = Tensor::empty({nExperts, ffn});
            experts.up.biases = Tensor::empty({nExperts, ffn});
            for (int64_t e = 0; e < nExperts; ++e) {
                std::copy_n(biases.f32() + 2 * e * ffn, ffn, experts.gate.biases.f32() + e * ffn);
                std::copy_n(biases.f32() + (2 * e + 1) * ffn, ffn, experts.up.biases.f32() + e * ffn);
            }
        } else if (options.expertBias == Bias::required) {
            weights.bad("tensor " + fused + ".bias is missing");
        }
        experts.gate.scales = experts.up.scales = weights.optionalVector(fused + ".scale", nExperts);
    } else {
        experts.gate.weights = loadExperts(weights, prefix, "gate", nExperts, ffn, dim);
        experts.up.weights = loadExperts(weights, prefix, "up", nExperts, ffn, dim);
        loadBiasAndScale(weights, prefix + "ffn_gate_exps", nExperts, ffn, options.expertBias, experts.gate);
        loadBiasAndScale(weights, prefix + "ffn_up_exps", nExperts, ffn, options.expertBias, experts.up);
    }
    experts.down.weights = loadExperts(weights, prefix, "down", nExperts, dim, ffn);
    loadBiasAndScale(weights, prefix + "ffn_down_exps", nExperts, dim, options.expertBias, experts.down);

    if (options.sharedFfnDim > 0) {
        moe.shared = loadGatedFeedForward(weights, prefix, dim, options.sharedFfnDim, "_shexp");
        moe.shared->activation = options.sharedActivation;
        if (options.hasSharedGate)
            moe.sharedGate = weights.vector(prefix + "ffn_gate_inp_shexp.weight", dim).reshaped({1, dim});
    }
    return moe;
}

Tensor expertsOf(const MoeFeedForward& moe, std::span<const int32_t> tokens)
{
    const int nUsed = moe.routing.nUsed;
    Tensor experts = Tensor::empty({int64_t(tokens.size()), nUsed}, DType::I32);
    for (size_t i = 0; i < tokens.size(); ++i)
        std::copy_n(moe.expertsOfToken.data<int32_t>() + int64_t(tokens[i]) * nUsed, nUsed,
                    experts.data<int32_t>() + int64_t(i) * nUsed);
    return experts;
}

void addFeedForward(const ops::OpContext& context, const MoeFeedForward& moe, int layer,
                    const std::vector<Batch::Part>& parts, const Tensor& normed, Tensor& residual, SpanObserver* spans)
{
    const ops::OpContext exact{context.pool, context.level, ops::Activations::f32};
    const ops::MatmulInput input(normed);
    const ops::Routing routing = chooseExperts(exact, moe, layer, parts, input, spans);
    const Span span(spans, SpanKind::experts, layer);
    if (std::ranges::any_of(parts, [&](const Batch::Part& part) { return adaptsExperts(part, moe.experts); }))
        addExpertsByPart(context, moe.experts, parts, normed, routing, residual);
    else
        ops::addExperts(context, input, routing, moe.experts, residual);

    if (!moe.shared)
        return;
    if (!moe.sharedGate) {
        addFeedForward(context, *moe.shared, normed, residual, parts);
        return;
    }
    Tensor shared = Tensor::zeros(residual.shape());
    addFeedForward(context, *moe.shared, normed, shared, parts);
    ops::scaleRowsBySigmoid(context, shared, ops::matmul(exact, input, moe.sharedGate));
    ops::addInto(context, residual, shared);
}

void eachMatrix(MoeFeedForward& moe, const std::function<void(Tensor&)>& use)
{
    for (ops::ExpertMatrices* matrices : {&moe.experts.gate, &moe.experts.up, &moe.experts.down})
        for (Tensor& weight : matrices->weights)
            use(weight);
    if (moe.shared)
        eachMatrix(*moe.shared, use);
}

} // namespace sy::nn
