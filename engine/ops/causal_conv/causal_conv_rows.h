// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// One row: inputs[j] is the row that weight row j meets.
template <class Level>
void causalConvRow(const float* const* inputs, const float* weight, int kernel, int64_t nChannels, float* y) noexcept;

} // namespace sy::ops
