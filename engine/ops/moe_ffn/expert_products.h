// SPDX-License-Identifier: GPL-3.0-or-later
// addExperts() in pieces, for training: what lies between the pieces is adapted, kept and differentiated.
#pragma once

#include "engine/ops/moe_ffn/expert_groups.h"
#include "engine/ops/moe_ffn/moe_ffn.h"

namespace sy::ops {

/// Each row times its expert's matrix, with that expert's scale and bias.
///
/// x        (rows of the groups, in) f32
/// returns  (rows of the groups, out)
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor expertProducts(const OpContext& context, const Tensor& x, const ExpertGroups& groups, const ExpertMatrices& matrices);

/// The gradient of x for the gradient dy of expertProducts().
Tensor expertProductsGrad(const OpContext& context, const Tensor& dy, const ExpertGroups& groups,
                          const ExpertMatrices& matrices);

/// residual[token of row i] += factors[i] * rows[i], a token's rows in ascending order. No factors: all 1.
void addToTokens(const OpContext& context, const ExpertGroups& groups, const Tensor& rows, std::span<const float> factors,
                 Tensor& residual);

} // namespace sy::ops
