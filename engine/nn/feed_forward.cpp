// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/feed_forward.h"

#include "engine/nn/adapted_linear.h"
#include "engine/ops/matmul/matmul.h"

#include <algorithm>

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

namespace {

Tensor hiddenLayer(const ops::OpContext& context, const GatedFeedForward& f, const ops::MatmulInput& input)
{
    if (f.activation.form == ops::GateForm::silu && f.gate.scale == 1 && f.up.scale == 1)
        return ops::matmulSwiglu(context, input, f.gate.weight, f.up.weight);
    const std::vector<Tensor> gateAndUp = applyAll(context, input, {&f.gate, &f.up});
    return ops::gatedActivation(context, f.activation, gateAndUp[0], gateAndUp[1]);
}

} // namespace

void addFeedForward(const ops::OpContext& context, const GatedFeedForward& f, const Tensor& normed, Tensor& residual, const Parts& parts)
{
    const ops::MatmulInput input(normed);
    Tensor hidden;
    if (!isAdapted(parts, {&f.gate, &f.up})) {
        hidden = hiddenLayer(context, f, input);
    } else {
        // Part by part: the fused op of those without an update rounds in another order.
        hidden = Tensor::empty({normed.rows(), f.down.weight.cols()});
        for (const Batch::Part& part : parts) {
            const ops::MatmulInput rows(normed.rowRange(part.firstRow, part.nRows));
            Tensor partHidden;
            if (isAdapted({part}, {&f.gate, &f.up})) {
                Batch::Part alone = part;
                alone.firstRow = 0;
                const std::vector<Tensor> gateAndUp = applyAll(context, rows, {&f.gate, &f.up}, {alone});
                partHidden = ops::gatedActivation(context, f.activation, gateAndUp[0], gateAndUp[1]);
            } else {
                partHidden = hiddenLayer(context, f, rows);
            }
            std::copy_n(partHidden.f32(), partHidden.count(), hidden.rowRange(part.firstRow, part.nRows).f32());
        }
    }
    addLinear(context, ops::MatmulInput(hidden), f.down, f.outputNorm, f.epsilon, residual, parts);
}

void eachMatrix(GatedFeedForward& feedForward, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&feedForward.gate, &feedForward.up, &feedForward.down})
        use(linear->weight);
}

} // namespace sy::nn
