// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/hyper_connections.h"

#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"

#include <algorithm>
#include <vector>

namespace sy::nn {

namespace {

Tensor onesOf(int64_t n)
{
    Tensor ones = Tensor::empty({n});
    std::fill_n(ones.f32(), n, 1.0f);
    return ones;
}

Tensor products(const ops::OpContext& context, const Tensor& streams, const Tensor& ones, float epsilon,
                const Tensor& matrix)
{
    const ops::OpContext exact{context.pool, context.level, ops::Activations::f32};
    return ops::matmul(exact, ops::MatmulInput(ops::rmsNorm(context, streams, ones, epsilon)), matrix, {});
}

} // namespace

HyperConnection loadHyperConnection(WeightReader& weights, const std::string& name, int64_t dim,
                                    const ops::HyperConfig& config, float epsilon)
{
    const int64_t n = config.nStreams, width = n * (2 + n);
    HyperConnection c;
    c.config = config;
    c.epsilon = epsilon;
    c.matrix = weights.matrix(name + "_fn.weight", width, n * dim);
    c.base = weights.vector(name + "_base.weight", width);
    c.scale = weights.vector(name + "_scale.weight", 3);
    c.ones = onesOf(n * dim);
    return c;
}

ops::HyperMix hyperMix(const ops::OpContext& context, const HyperConnection& c, const Tensor& streams)
{
    return ops::hyperMix(context, products(context, streams, c.ones, c.epsilon, c.matrix), c.base, c.scale, c.config);
}

HyperHead loadHyperHead(WeightReader& weights, int64_t dim, const ops::HyperConfig& config, float epsilon)
{
    const int64_t n = config.nStreams;
    HyperHead head;
    head.config = config;
    head.epsilon = epsilon;
    head.matrix = weights.matrix("output_hc_fn.weight", n, n * dim);
    head.base = weights.vector("output_hc_base.weight", n);
    head.scale = weights.vector("output_hc_scale.weight", 1);
    head.ones = onesOf(n * dim);
    return head;
}

Tensor gatherStreams(const ops::OpContext& context, const HyperHead& h, const Tensor& streams)
{
    const Tensor raw = products(context, streams, h.ones, h.epsilon, h.matrix);
    return ops::gatherStreams(context, streams, ops::hyperWeights(context, raw, h.base, h.scale, h.config.epsilon));
}

} // namespace sy::nn
