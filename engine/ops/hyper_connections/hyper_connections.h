// SPDX-License-Identifier: GPL-3.0-or-later
// The residual of a model with hyper-connections is several streams of its width beside each other. Zhu et al. 2024,
// arXiv:2409.19606; the doubly stochastic mixing of streams: Xie et al. 2025, arXiv:2512.24880.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

inline constexpr int kMostStreams = 8;

struct HyperConfig {
    int nStreams = 0;   // at most kMostStreams
    int iterations = 0; // of the balancing of `across`, at least 1
    float epsilon = 0;
};

/// How one sublayer of each token meets the streams.
struct HyperMix {
    Tensor in;     // (rows, nStreams): the sublayer reads the sum of in_s * stream_s
    Tensor out;    // (rows, nStreams): its result joins stream d with factor out_d
    Tensor across; // (rows, nStreams * nStreams): across[s][d] is what stream d takes over from stream s
};

/// With z the products, each part of them scaled by its own number and shifted:
///
///     in = sigmoid(z) + epsilon;  out = 2 sigmoid(z);  across = softmax of z over d, + epsilon, then columns and rows are
///     divided by their sums + epsilon in turn: columns once, then rows and columns iterations - 1 times
///
/// products  (rows, nStreams * (2 + nStreams)) f32: in, out, across with d innermost
/// base      (the same width) f32
/// scale     (3) f32: of in, out, across
///
/// A row's bits depend on that row alone. Throws std::invalid_argument when shapes or config do not fit.
HyperMix hyperMix(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                  const HyperConfig& config);

/// The weights with which a model's head reads the streams: sigmoid(products * scale + base) + epsilon.
///
/// products (rows, nStreams), base (nStreams), scale (1)
Tensor hyperWeights(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                    float epsilon);

/// Every stream alike: (rows, dim) to (rows, nStreams * dim).
Tensor toStreams(const OpContext& context, const Tensor& x, int nStreams);

/// The sum over the streams of weight_s * stream_s, in the order of the streams.
///
/// streams (rows, nStreams * dim), weights (rows, nStreams); returns (rows, dim). The same bits at every CPU level.
Tensor gatherStreams(const OpContext& context, const Tensor& streams, const Tensor& weights);

/// stream_d = out_d * y + sum over s of across[s][d] * stream_s, in place. The same bits at every CPU level.
///
/// streams (rows, nStreams * dim), y (rows, dim)
void mixStreams(const OpContext& context, Tensor& streams, const Tensor& y, const HyperMix& mix);

} // namespace sy::ops
