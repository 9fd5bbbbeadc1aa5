// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// nRows rows of dim values each from x to y, which may be the same memory.
template <class Level>
void rmsNormRows(const float* x, const float* weight, float epsilon, float* y, int64_t nRows, int64_t dim) noexcept;

/// dx of rmsNormGrad(), row by row; dx may be dy.
template <class Level>
void rmsNormGradRows(const float* x, const float* weight, float epsilon, const float* dy, float* dx, int64_t nRows,
                     int64_t dim) noexcept;

} // namespace sy::ops
