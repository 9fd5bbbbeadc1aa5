// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/delta_net.h"

#include "engine/nn/adapted_linear.h"
#include "engine/ops/causal_conv/causal_conv.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/gated_delta/delta_gates.h"
#include "engine/ops/rms_norm/rms_norm.h"

namespace sy::nn {

namespace {

int64_t channels(const ops::GatedDeltaConfig& c)
{
    return 2 * int64_t(c.nKeyHeads) * c.keyDim + int64_t(c.nValueHeads) * c.valueDim;
}

} // namespace

Tensor byTime(const Tensor& byChannel)
{
    const int64_t nChannels = byChannel.rows(), kernel = byChannel.cols();
    Tensor weight = Tensor::empty({kernel, nChannels});
    for (int64_t channel = 0; channel < nChannels; ++channel)
        for (int64_t j = 0; j < kernel; ++j)
            weight.f32()[j * nChannels + channel] = byChannel.f32()[channel * kernel + j];
    return weight;
}

size_t DeltaNet::stateFloats() const
{
    const auto history = size_t((convolution.rows() - 1) * convolution.cols());
    return history + size_t(config.nValueHeads) * size_t(config.keyDim) * size_t(config.valueDim);
}

DeltaNet loadDeltaNet(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::GatedDeltaConfig& c,
                      int kernel)
{
    const int64_t width = int64_t(c.nValueHeads) * c.valueDim, nChannels = channels(c);
    DeltaNet d;
    d.config = c;
    d.epsilon = c.epsilon;
    d.qkv = loadLinear(weights, prefix + "attn_qkv", nChannels, dim, Bias::none);
    d.gate = loadLinear(weights, prefix + "attn_gate", width, dim, Bias::none);
    d.beta = loadLinear(weights, prefix + "ssm_beta", c.nValueHeads, dim, Bias::none);
    d.alpha = loadLinear(weights, prefix + "ssm_alpha", c.nValueHeads, dim, Bias::none);
    d.output = loadLinear(weights, prefix + "ssm_out", dim, width, Bias::none);
    d.convolution = byTime(weights.vectors(prefix + "ssm_conv1d.weight", nChannels, kernel));
    d.timeBias = weights.vector(prefix + "ssm_dt.bias", c.nValueHeads);
    d.decay = weights.vector(prefix + "ssm_a", c.nValueHeads);
    d.norm = weights.vector(prefix + "ssm_norm.weight", c.valueDim);
    return d;
}

void addAttention(const ops::OpContext& context, const DeltaNet& d, int, const Batch& batch, const StepRope&,
                  const Tensor& normed, Tensor& residual, bool wantedRowsOnly)
{
    const ops::GatedDeltaConfig& c = d.config;
    const std::vector<Tensor> products =
        applyAll(context, ops::MatmulInput(normed), {&d.qkv, &d.beta, &d.alpha}, batch.parts);
    const ops::DeltaGates gates = ops::deltaGates(context, products[1], products[2], d.timeBias, d.decay);

    Tensor convolved = Tensor::empty(products[0].shape());
    Tensor attended = Tensor::empty({normed.rows(), int64_t(c.nValueHeads) * c.valueDim});
    const size_t history = size_t((d.convolution.rows() - 1) * d.convolution.cols());
    for (const Batch::Part& part : batch.parts) {
        const float* state = part.cache->state() + d.firstState;
        float* next = part.cache->nextState() + d.firstState;
        ops::causalConv(context, products[0], part.firstRow, part.nRows, d.convolution, state, next, convolved);
        ops::gatedDelta(context, c, convolved, gates.decay, gates.beta, part.firstRow, part.nRows, state + history,
                        next + history, attended);
    }

    Tensor input = normed;
    const bool selects = wantedRowsOnly && !batch.wantsAll();
    if (selects) {
        if (batch.wantedRows.empty()) {
            residual = Tensor();
            return;
        }
        residual = ops::embedRows(context, residual, batch.wantedRows);
        input = ops::embedRows(context, normed, batch.wantedRows);
        attended = ops::embedRows(context, attended, batch.wantedRows);
    }
    ops::rmsNormHeads(context, attended, d.norm, d.epsilon);
    const Parts& parts = selects ? batch.wantedParts : batch.parts;
    const Tensor gate = apply(context, ops::MatmulInput(input), d.gate, parts);
    attended = ops::gatedActivation(context, {}, gate, attended);
    addLinear(context, ops::MatmulInput(attended), d.output, {}, d.epsilon, residual, parts);
}

void eachMatrix(DeltaNet& d, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&d.qkv, &d.gate, &d.beta, &d.alpha, &d.output})
        use(linear->weight);
}

} // namespace sy::nn
