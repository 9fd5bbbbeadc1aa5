// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/hyper_connections/hyper_connections.h"

namespace sy::ops {

/// The gradient of hyperMix()'s products for that of the mix; base and scale are constants. The balancing is computed again,
/// step by step, and taken back through every division.
///
/// dMix     shapes of the mix
/// returns  the shape of products
Tensor hyperMixGrad(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                    const HyperConfig& config, const HyperMix& dMix);

/// The gradient of hyperWeights()'s products.
Tensor hyperWeightsGrad(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                        const Tensor& dWeights);

struct GatherStreamsGrad {
    Tensor streams, weights; // shapes of the inputs
};

/// For the gradient dy of y: dstream_s = weight_s dy; dweight_s = stream_s · dy.
GatherStreamsGrad gatherStreamsGrad(const OpContext& context, const Tensor& streams, const Tensor& weights,
                                    const Tensor& dy);

struct MixStreamsGrad {
    Tensor streams, y, out, across; // shapes of the inputs
};

/// For the gradient d of the mixed streams, `streams` being those before:
///
///     dstream_s = sum over d of across[s][d] * d_d;  dy = sum of out_d * d_d
///     dout_d = y · d_d;  dacross[s][d] = stream_s · d_d
MixStreamsGrad mixStreamsGrad(const OpContext& context, const Tensor& streams, const Tensor& y, const HyperMix& mix,
                              const Tensor& d);

} // namespace sy::ops
