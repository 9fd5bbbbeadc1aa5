// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// What gatedDelta() takes for beta and decay, (rows, nValueHeads) each.
struct DeltaGates {
    Tensor beta, decay;
};

/// beta = sigmoid(x), decay = softplus(alpha + timeBias) * rates.
///
/// x, alpha         (rows, nValueHeads) f32
/// timeBias, rates  (nValueHeads); rates are negative: files have -exp(A_log)
///
/// Throws std::invalid_argument when shapes do not fit.
DeltaGates deltaGates(const OpContext& context, const Tensor& x, const Tensor& alpha, const Tensor& timeBias,
                      const Tensor& rates);

struct DeltaGatesGrad {
    Tensor x, alpha;
};

/// The gradients of x and alpha for those of the gates; dTimeBias and dRates (nValueHeads) are added to, where given, by
/// rising row.
DeltaGatesGrad deltaGatesGrad(const OpContext& context, const Tensor& x, const Tensor& alpha, const Tensor& timeBias,
                              const Tensor& rates, const Tensor& dBeta, const Tensor& dDecay, Tensor* dTimeBias,
                              Tensor* dRates);

} // namespace sy::ops
