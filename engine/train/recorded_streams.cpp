// SPDX-License-Identifier: GPL-3.0-or-later
// A residual of several streams. What mixes them is a function of the streams and is differentiated through; its own
// matrices are frozen.
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/hyper_connections/hyper_connections_grad.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/train/recorded_ops.h"

#include <algorithm>

namespace sy::train {

namespace {

// All streams normed together, times a frozen matrix; in float as inference has it.
Variable products(Pass& pass, Tape& tape, const Variable& streams, const Tensor& ones, float epsilon, const Tensor& matrix)
{
    const Variable normed = rmsNorm(pass, tape, streams, ones, epsilon, {});
    const Variable x{{}, normed.gradient}; // the way back needs no values
    const Shape shape = normed.value.shape();
    return tape.record(ops::matmul(pass.exact, ops::MatmulInput(normed.value), matrix, {}), normed.isWanted(),
                       [&pass, &tape, x, shape, &matrix](Tensor dy) {
                           Tensor dx = Tensor::empty(shape);
                           ops::gemmWeight(pass.exact, ops::viewOf(dy), matrix, ops::targetOf(dx));
                           tape.add(x, std::move(dx));
                       });
}

} // namespace

StreamMix hyperMix(Pass& pass, Tape& tape, const nn::HyperConnection& c, const Variable& streams)
{
    const Variable z = products(pass, tape, streams, c.ones, c.epsilon, c.matrix);
    ops::HyperMix mix = ops::hyperMix(pass.context, z.value, c.base, c.scale, c.config);
    std::vector<Tensor> results;
    for (Tensor* part : {&mix.in, &mix.out, &mix.across})
        results.push_back(std::move(*part));
    const std::vector<Variable> parts =
        tape.record(std::move(results), z.isWanted(), [&pass, &tape, z, &c](std::vector<Tensor> d) {
            const int64_t n = c.config.nStreams, nRows = z.value.rows();
            const auto orZeros = [&](Tensor& t, int64_t width) { return t ? t : Tensor::zeros({nRows, width}); };
            tape.add(z, ops::hyperMixGrad(pass.exact, z.value, c.base, c.scale, c.config,
                                          {orZeros(d[0], n), orZeros(d[1], n), orZeros(d[2], n * n)}));
        });
    return {parts[0], parts[1], parts[2]};
}

Variable toStreams(Pass& pass, Tape& tape, const Variable& x, int nStreams)
{
    return tape.record(ops::toStreams(pass.context, x.value, nStreams), x.isWanted(),
                       [&pass, &tape, x, nStreams](Tensor dy) {
                           Tensor ones = Tensor::empty({dy.rows(), nStreams});
                           std::fill_n(ones.f32(), ones.count(), 1.0f);
                           tape.add(x, ops::gatherStreams(pass.exact, dy, ones));
                       });
}

Variable gatherStreams(Pass& pass, Tape& tape, const Variable& streams, const Variable& weights)
{
    return tape.record(ops::gatherStreams(pass.context, streams.value, weights.value),
                       streams.isWanted() || weights.isWanted(), [&pass, &tape, streams, weights](Tensor dy) {
                           ops::GatherStreamsGrad grad =
                               ops::gatherStreamsGrad(pass.exact, streams.value, weights.value, dy);
                           tape.add(streams, std::move(grad.streams));
                           tape.add(weights, std::move(grad.weights));
                       });
}

Variable gatherStreams(Pass& pass, Tape& tape, const nn::HyperHead& h, const Variable& streams)
{
    const Variable z = products(pass, tape, streams, h.ones, h.epsilon, h.matrix);
    const Variable weights = tape.record(
        ops::hyperWeights(pass.context, z.value, h.base, h.scale, h.config.epsilon), z.isWanted(),
        [&pass, &tape, z, &h](Tensor dy) { tape.add(z, ops::hyperWeightsGrad(pass.exact, z.value, h.base, h.scale, dy)); });
    return gatherStreams(pass, tape, streams, weights);
}

Variable mixStreams(Pass& pass, Tape& tape, const Variable& streams, const Variable& y, const StreamMix& mix)
{
    const ops::HyperMix numbers{{}, mix.out.value, mix.across.value};
    Tensor mixed = Tensor::of(streams.value.values(), streams.value.shape());
    ops::mixStreams(pass.context, mixed, y.value, numbers);
    return tape.record(std::move(mixed), streams.isWanted() || y.isWanted() || mix.out.isWanted(),
                       [&pass, &tape, streams, y, mix, numbers](Tensor d) {
                           ops::MixStreamsGrad grad = ops::mixStreamsGrad(pass.exact, streams.value, y.value, numbers, d);
                           tape.add(streams, std::move(grad.streams));
                           tape.add(y, std::move(grad.y));
                           tape.add(mix.out, std::move(grad.out));
                           tape.add(mix.across, std::move(grad.across));
                       });
}

} // namespace sy::train
