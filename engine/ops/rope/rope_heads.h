// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// One token: nHeads heads that lie headDim apart, x being the first rotated value of the first head.
template <class Level>
void ropeAdjacent(float* x, int64_t nHeads, int64_t headDim, const float* cosines, const float* sines, int nRotated) noexcept;
template <class Level>
void ropeHalves(float* x, int64_t nHeads, int64_t headDim, const float* cosines, const float* sines, int nRotated) noexcept;

} // namespace sy::ops
