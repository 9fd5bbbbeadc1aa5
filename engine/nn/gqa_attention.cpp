// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/gqa_attention.h"

#include "engine/nn/adapted_linear.h"
#include "engine/nn/cached_attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/head_gates/head_gates.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"

#include <utility>

namespace sy::nn {

GqaAttention loadGqaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::AttentionConfig& config,
                              const GqaOptions& options)
{
    const int64_t qWidth = int64_t(config.nHeads) * config.headDim;
    const int64_t kWidth = int64_t(config.nKvHeads) * config.headDim;
    const int64_t vWidth = int64_t(config.nKvHeads) * config.valueDim;
    std::vector<Linear> qkv =
        loadProjections(weights, {{prefix + "attn_q", options.hasGate ? 2 * qWidth : qWidth}, {prefix + "attn_k", kWidth}, {prefix + "attn_v", vWidth}},
                        prefix + "attn_qkv", dim, options.qkvBias);
    GqaAttention attention;
    attention.config = config;
    attention.q = std::move(qkv[0]);
    attention.k = std::move(qkv[1]);
    attention.v = std::move(qkv[2]);
    attention.epsilon = options.epsilon;
    attention.hasGate = options.hasGate;
    if (options.hasGate && config.valueDim != config.headDim)
        weights.bad("heads of " + std::to_string(config.headDim) + " queries and " + std::to_string(config.valueDim) + " values with a gate");
    attention.output =
        loadLinear(weights, prefix + "attn_output", dim, int64_t(config.nHeads) * config.valueDim, options.outputBias);
    if (options.qkNorm != QkNorm::none) {
        const bool isWhole = options.qkNorm == QkNorm::whole;
        attention.qNorm = weights.vector(prefix + "attn_q_norm.weight", isWhole ? qWidth : config.headDim);
        attention.kNorm = weights.vector(prefix + "attn_k_norm.weight", isWhole ? kWidth : config.headDim);
    }
    if (options.hasSinks) {
        attention.sinks = weights.vector(prefix + "attn_sinks.weight", config.nHeads);
        attention.config.sinks = attention.sinks.f32();
    }
    return attention;
}

void addAttention(const ops::OpContext& context, const GqaAttention& a, int layer, const Batch& batch, const StepRope& rope,
                  const Tensor& normed, Tensor& residual, bool wantedRowsOnly)
{
    const ops::MatmulInput input(normed);
    const bool selects = wantedRowsOnly && !batch.wantsAll();
    std::vector<Tensor> products = selects ? applyAll(context, input, {&a.k, &a.v}, batch.parts)
                                           : applyAll(context, input, {&a.k, &a.v, &a.q}, batch.parts);
    Tensor& k = products[0];
    const Tensor& v = products[1];
    if (a.kNorm)
        ops::rmsNormHeads(context, k, a.kNorm, a.epsilon);
    ops::rope(context, k, *rope.config, rope.all);
    storeKeysAndValues(context, layer, batch, k, v);

    if (selects) {
        if (batch.wantedRows.empty()) {
            residual = Tensor();
            return;
        }
        residual = ops::embedRows(context, residual, batch.wantedRows);
        products.push_back(apply(context, ops::MatmulInput(ops::embedRows(context, normed, batch.wantedRows)), a.q, batch.wantedParts));
    }
    Tensor q = std::move(products[2]), gate;
    if (a.hasGate) {
        ops::HeadGates both = ops::splitGates(context, q, a.config.nHeads);
        q = std::move(both.queries);
        gate = std::move(both.gates);
    }
    if (a.qNorm)
        ops::rmsNormHeads(context, q, a.qNorm, a.epsilon);
    ops::rope(context, q, *rope.config, selects ? rope.wanted : rope.all);
    const Parts& parts = selects ? batch.wantedParts : batch.parts;
    Tensor attended = attendCached(context, a.config, layer, parts, q);
    if (a.hasGate)
        attended = ops::gatedActivation(context, {ops::GateForm::sigmoid}, gate, attended);
    addLinear(context, ops::MatmulInput(attended), a.output, a.outputNorm, a.epsilon, residual, parts);
}

void eachMatrix(GqaAttention& attention, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&attention.q, &attention.k, &attention.v, &attention.output})
        use(linear->weight);
}

} // namespace sy::nn
