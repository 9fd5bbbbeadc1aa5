// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/router/router.h"

#include <span>

namespace sy::ops {

/// The gradient of a router's logits. Which experts are chosen has no gradient; their weights and the probabilities have
/// one, through the normalization and the gating, also for a router whose own matrix is frozen.
///
/// routing         what route() returned for these logits
/// dWeights        (tokens, nUsed) f32: gradient of routing.weights
/// dProbabilities  (tokens, nExperts) f32: gradient of routing.probabilities from elsewhere (a balance loss), or empty
/// returns         (tokens, nExperts) f32
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor routeGrad(const OpContext& context, const Routing& routing, const RouterConfig& config, const Tensor& dWeights,
                 const Tensor& dProbabilities = {});

/// A loss that is small when experts get equal shares of the tokens. The share of choices is a constant in its gradient.
struct BalanceLoss {
    double value = 0;      // not yet multiplied with a coefficient
    Tensor dProbabilities; // (tokens, nExperts) f32: gradient of value for routing.probabilities
};

/// nExperts * sum of f_e P_e over all tokens: f_e the share of choices that fell on e, P_e its mean probability. 1 when
/// balanced. Fedus et al. 2021, arXiv:2101.03961.
BalanceLoss switchBalance(const OpContext& context, const Routing& routing);

/// For each text nExperts / (nUsed * length) * sum of c_e P'_e: c_e the text's choices of e, P'_e its mean share of the sum
/// of a token's probabilities; mean over the texts. DeepSeek-V3, arXiv:2412.19437.
///
/// lengths  of the texts, which lie one after another
BalanceLoss sequenceBalance(const OpContext& context, const Routing& routing, std::span<const int64_t> lengths);

} // namespace sy::ops
