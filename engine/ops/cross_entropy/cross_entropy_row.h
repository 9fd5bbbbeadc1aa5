// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// One row of n logits. Fills in the largest one and the sum of exp(logit - largest).
template <class Level>
void softmaxSum(const float* logits, int64_t n, float* largest, float* sum) noexcept;

/// logits[i] = exp(logits[i] - logSum) * factor
template <class Level>
void softmaxTimes(float* logits, int64_t n, float logSum, float factor) noexcept;

} // namespace sy::ops
