// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/gated_delta/gated_delta.h"

#include <functional>
#include <span>

namespace sy::ops {

/// gatedDelta() of packed texts, each of which begins with an empty memory: (tokens, nValueHeads * valueDim).
///
/// lengths  of the texts, which lie one after another; they add up to the rows of qkv, decay and beta
Tensor packedGatedDelta(const OpContext& context, const GatedDeltaConfig& config, const Tensor& qkv, const Tensor& decay,
                        const Tensor& beta, std::span<const int64_t> lengths);

struct GatedDeltaGrad {
    Tensor qkv, decay, beta; // shapes of the inputs
};

/// The inputs' gradients for the gradient dy of the result. Token by token from a text's end, with F = e^g S the memory
/// that a token finds, r = Fᵀ k, e = v - r, u = beta e, S = F + k uᵀ, and D the gradient of S:
///
///     D += q dyᵀ;  dq = S dy;  du = Dᵀ k;  dbeta = du · e;  dv = beta du
///     dk = D u - beta F du;  D -= beta k duᵀ;  dg = sum of D * F;  D = e^g D
///
/// then back through the normalization of q and k. The memories are computed again: kept at the borders of chunks of about
/// sqrt(length) tokens, and for each token inside of one chunk (deltaGradFloats() for each thread).
///
/// The same bits at every thread count and CPU level, whatever other texts are packed with a text. Throws
/// std::invalid_argument when shapes do not fit, and what betweenParts() throws.
///
/// betweenParts  called between the parts in which the heads are taken; may be empty
GatedDeltaGrad packedGatedDeltaGrad(const OpContext& context, const GatedDeltaConfig& config, const Tensor& qkv,
                                    const Tensor& decay, const Tensor& beta, std::span<const int64_t> lengths,
                                    const Tensor& dy, const std::function<void()>& betweenParts = {});

/// Floats that each of its threads holds for a text of so many tokens.
int64_t deltaGradFloats(const GatedDeltaConfig& config, int64_t length);

} // namespace sy::ops
