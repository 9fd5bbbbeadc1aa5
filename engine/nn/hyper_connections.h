// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/weights.h"
#include "engine/ops/hyper_connections/hyper_connections.h"

#include <string>

namespace sy::nn {

/// How a sublayer reads from a residual of several streams and writes to them, computed for each token from all its streams.
/// See ops/hyper_connections. Products are taken in float32, whatever the context says: they are few, and every stream of
/// every later layer depends on them.
///
///     u = sum of in_s * stream_s;  y = sublayer(norm(u));  stream_d = out_d * y + sum over s of across[s][d] * stream_s
struct HyperConnection {
    ops::HyperConfig config;
    Tensor matrix;     // (nStreams * (2 + nStreams), nStreams * dim)
    Tensor base;       // (nStreams * (2 + nStreams))
    Tensor scale;      // (3)
    Tensor ones;       // (nStreams * dim): all streams are normed together, without a weight
    float epsilon = 0; // of that norm
};

/// NAME_fn.weight, NAME_base.weight, NAME_scale.weight.
HyperConnection loadHyperConnection(WeightReader& weights, const std::string& name, int64_t dim,
                                    const ops::HyperConfig& config, float epsilon);

/// streams (rows, nStreams * dim); the mix is for ops::gatherStreams() before the sublayer and ops::mixStreams() after it.
ops::HyperMix hyperMix(const ops::OpContext& context, const HyperConnection& connection, const Tensor& streams);

/// What makes one vector of the streams behind the last layer.
struct HyperHead {
    ops::HyperConfig config;
    Tensor matrix; // (nStreams, nStreams * dim)
    Tensor base;   // (nStreams)
    Tensor scale;  // (1)
    Tensor ones;   // (nStreams * dim)
    float epsilon = 0;
};

/// output_hc_fn.weight, output_hc_base.weight, output_hc_scale.weight.
HyperHead loadHyperHead(WeightReader& weights, int64_t dim, const ops::HyperConfig& config, float epsilon);

/// streams (rows, nStreams * dim) to (rows, dim).
Tensor gatherStreams(const ops::OpContext& context, const HyperHead& head, const Tensor& streams);

} // namespace sy::nn
