// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/delta_net.h"

#include "engine/ops/causal_conv/causal_conv.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/rms_norm/rms_norm.h"

#include <algorithm>
#include <cmath>

namespace sy::nn {

namespace {

int64_t channels(const ops::GatedDeltaConfig& c)
{
    return 2 * int64_t(c.nKeyHeads) * c.keyDim + int64_t(c.nValueHeads) * c.valueDim;
}

double softplus(double x)
{
    return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

} // namespace

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
    // In the file a channel's weights lie together; the loop runs over channels.
    const Tensor byChannel = weights.vectors(prefix + "ssm_conv1d.weight", nChannels, kernel);
    d.convolution = Tensor::empty({kernel, nChannels});
    for (int64_t channel = 0; channel < nChannels; ++channel)
        for (int j = 0; j < kernel; ++j)
            d.convolution.f32()[j * nChannels + channel] = byChannel.f32()[channel * kernel + j];
    d.timeBias = weights.vector(prefix + "ssm_dt.bias", c.nValueHeads);
    d.decay = weights.vector(prefix + "ssm_a", c.nValueHeads);
    d.norm = weights.vector(prefix + "ssm_norm.weight", c.valueDim);
    return d;
}

void addAttention(const ops::OpContext& context, const DeltaNet& d, int, const Batch& batch, const StepRope&,
                  const Tensor& normed, Tensor& residual, bool wantedRowsOnly)
{
    const ops::GatedDeltaConfig& c = d.config;
    const std::vector<Tensor> products = applyAll(context, ops::MatmulInput(normed), {&d.qkv, &d.beta, &d.alpha});
    Tensor beta = products[1], decay = products[2];
    for (int64_t i = 0; i < beta.count(); ++i) {
        const int64_t head = i % c.nValueHeads;
        beta.f32()[i] = float(1.0 / (1.0 + std::exp(-double(beta.f32()[i]))));
        decay.f32()[i] =
            float(softplus(double(decay.f32()[i]) + double(d.timeBias.f32()[head])) * double(d.decay.f32()[head]));
    }

    Tensor convolved = Tensor::empty(products[0].shape());
    Tensor attended = Tensor::empty({normed.rows(), int64_t(c.nValueHeads) * c.valueDim});
    const size_t history = size_t((d.convolution.rows() - 1) * d.convolution.cols());
    for (const Batch::Part& part : batch.parts) {
        const float* state = part.cache->state() + d.firstState;
        float* next = part.cache->nextState() + d.firstState;
        ops::causalConv(context, products[0], part.firstRow, part.nRows, d.convolution, state, next, convolved);
        ops::gatedDelta(context, c, convolved, decay, beta, part.firstRow, part.nRows, state + history, next + history,
                        attended);
    }

    Tensor input = normed;
    if (wantedRowsOnly && !batch.wantsAll()) {
        if (batch.wantedRows.empty()) {
            residual = Tensor();
            return;
        }
        residual = ops::embedRows(context, residual, batch.wantedRows);
        input = ops::embedRows(context, normed, batch.wantedRows);
        attended = ops::embedRows(context, attended, batch.wantedRows);
    }
    ops::rmsNormHeads(context, attended, d.norm, d.epsilon);
    const Tensor gate = apply(context, ops::MatmulInput(input), d.gate);
    attended = ops::gatedActivation(context, {}, gate, attended);
    addLinear(context, ops::MatmulInput(attended), d.output, {}, d.epsilon, residual);
}

void eachMatrix(DeltaNet& d, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&d.qkv, &d.gate, &d.beta, &d.alpha, &d.output})
        use(linear->weight);
}

} // namespace sy::nn
