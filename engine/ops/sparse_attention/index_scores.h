// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sy::ops {

/// sum over h of weights[h] * max(0, q[h * dim ...] · key)
template <class Level>
float indexScore(const float* q, const float* weights, const float* key, int nHeads, int dim) noexcept;

} // namespace sy::ops
