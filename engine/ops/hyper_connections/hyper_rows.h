// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// One row: y (dim) from n streams of dim.
template <class Level>
void gatherStreamsRow(const float* streams, const float* weights, int n, int64_t dim, float* y) noexcept;

template <class Level>
void mixStreamsRow(float* streams, const float* y, const float* out, const float* across, int n, int64_t dim) noexcept;

/// products[s * m + d] = a_s · b_d of n streams a and m streams b.
template <class Level>
void streamDotsRow(const float* a, const float* b, int n, int m, int64_t dim, float* products) noexcept;

} // namespace sy::ops
