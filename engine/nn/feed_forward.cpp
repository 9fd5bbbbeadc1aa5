// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/feed_forward.h"

#include "engine/nn/linear.h"
#include "engine/ops/matmul/matmul.h"

namespace sy::nn {

GatedFeedForward loadGatedFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t ffnDim,
                                      const std::string& suffix)
{
    GatedFeedForward feedForward;
    feedForward.gate = loadLinear(weights, prefix + "ffn_gate" + suffix, ffnDim, dim, Bias::none);
    feedForward.up = loadLinear(weights, prefix + "ffn_up" + suffix, ffnDim, dim, Bias::none);
    feedForward.down = loadLinear(weights, prefix + "ffn_down" + suffix, dim, ffnDim, Bias::none);
    return feedForward;
}

void addFeedForward(const ops::OpContext& context, const GatedFeedForward& f, const Tensor& normed, Tensor& residual)
{
    const ops::MatmulInput input(normed);
    Tensor hidden;
    if (f.activation.form == ops::GateForm::silu && f.gate.scale == 1 && f.up.scale == 1) {
        hidden = ops::matmulSwiglu(context, input, f.gate.weight, f.up.weight);
    } else {
        const std::vector<Tensor> gateAndUp = applyAll(context, input, {&f.gate, &f.up});
        hidden = ops::gatedActivation(context, f.activation, gateAndUp[0], gateAndUp[1]);
    }
    addLinear(context, ops::MatmulInput(hidden), f.down, f.outputNorm, f.epsilon, residual);
}

void eachMatrix(GatedFeedForward& feedForward, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&feedForward.gate, &feedForward.up, &feedForward.down})
        use(linear->weight);
}

} // namespace sy::nn
