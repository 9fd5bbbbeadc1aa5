// SPDX-License-Identifier: GPL-3.0-or-later
// A recurrent layer. Each packed text begins with an empty convolution and an empty memory, so packing changes nothing.
#include "engine/ops/causal_conv/causal_conv_grad.h"
#include "engine/ops/gated_delta/delta_gates.h"
#include "engine/ops/gated_delta/gated_delta_grad.h"
#include "engine/train/recorded_ops.h"

namespace sy::train {

namespace {

// sum (channels, kernel), as the file has it, += byTime (kernel, channels).
void addByChannel(const Tensor& byTime, Tensor& sum)
{
    const int64_t nChannels = byTime.cols(), kernel = byTime.rows();
    for (int64_t c = 0; c < nChannels; ++c)
        for (int64_t j = 0; j < kernel; ++j)
            sum.f32()[c * kernel + j] += byTime.f32()[j * nChannels + c];
}

Variable convolve(Pass& pass, Tape& tape, const nn::DeltaNet& d, const std::string& prefix, const Variable& x)
{
    autograd::Parameter* trained = pass.trained.tensor(prefix + "ssm_conv1d.weight");
    // The layer's own is a copy that no step reaches.
    const Tensor weight = trained ? nn::byTime(trained->value) : d.convolution;
    Tensor y = ops::packedCausalConv(pass.context, x.value, pass.batch.lengths, weight);
    return tape.record(std::move(y), x.isWanted() || trained, [&pass, &tape, x, weight, trained](Tensor dy) {
        Tensor dWeight = trained ? Tensor::zeros(weight.shape()) : Tensor();
        Tensor dx =
            ops::packedCausalConvGrad(pass.exact, x.value, pass.batch.lengths, weight, dy, trained ? &dWeight : nullptr);
        if (trained)
            addByChannel(dWeight, trained->sum());
        tape.add(x, std::move(dx));
    });
}

// beta and decay of their products.
std::vector<Variable> gatesOf(Pass& pass, Tape& tape, const nn::DeltaNet& d, const std::string& prefix, const Variable& x,
                              const Variable& alpha)
{
    autograd::Parameter* timeBias = pass.trained.tensor(prefix + "ssm_dt.bias");
    autograd::Parameter* rates = pass.trained.tensor(prefix + "ssm_a");
    ops::DeltaGates gates = ops::deltaGates(pass.context, x.value, alpha.value, d.timeBias, d.decay);
    std::vector<Tensor> results;
    results.push_back(std::move(gates.beta));
    results.push_back(std::move(gates.decay));
    return tape.record(std::move(results), x.isWanted() || alpha.isWanted() || timeBias || rates,
                       [&pass, &tape, &d, x, alpha, timeBias, rates](std::vector<Tensor> dGates) {
                           ops::DeltaGatesGrad grad = ops::deltaGatesGrad(
                               pass.exact, x.value, alpha.value, d.timeBias, d.decay, dGates[0], dGates[1],
                               timeBias ? &timeBias->sum() : nullptr, rates ? &rates->sum() : nullptr);
                           tape.add(x, std::move(grad.x));
                           tape.add(alpha, std::move(grad.alpha));
                       });
}

Variable deltaRule(Pass& pass, Tape& tape, const ops::GatedDeltaConfig& config, const Variable& qkv, const Variable& beta,
                   const Variable& decay)
{
    Tensor y = ops::packedGatedDelta(pass.context, config, qkv.value, decay.value, beta.value, pass.batch.lengths);
    return tape.record(std::move(y), qkv.isWanted() || beta.isWanted() || decay.isWanted(),
                       [&pass, &tape, config, qkv, beta, decay](Tensor dy) {
                           ops::GatedDeltaGrad grad = ops::packedGatedDeltaGrad(pass.exact, config, qkv.value, decay.value,
                                                                                beta.value, pass.batch.lengths, dy, tape.betweenOps());
                           tape.add(qkv, std::move(grad.qkv));
                           tape.add(beta, std::move(grad.beta));
                           tape.add(decay, std::move(grad.decay));
                       });
}

} // namespace

Variable addAttention(Pass& pass, Tape& tape, const nn::DeltaNet& d, const Pass::Rope&, const std::string& prefix,
                      const Variable& normed, const Variable& residual)
{
    const std::vector<Variable> products = linears(pass, tape, normed, {&d.qkv, &d.beta, &d.alpha, &d.gate});
    const std::vector<Variable> gates = gatesOf(pass, tape, d, prefix, products[1], products[2]);
    const Variable convolved = convolve(pass, tape, d, prefix, products[0]);
    const Variable attended = deltaRule(pass, tape, d.config, convolved, gates[0], gates[1]);
    const Variable heads = rmsNorm(pass, tape, attended, d.norm, d.epsilon, prefix + "ssm_norm.weight");
    return addLinear(pass, tape, gatedActivation(pass, tape, {}, products[3], heads), d.output, {}, d.epsilon, {}, residual);
}

} // namespace sy::train
