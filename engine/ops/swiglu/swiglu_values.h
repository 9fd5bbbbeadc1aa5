// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// y[i] = SiLU(gate[i]) * up[i]; y may be either input.
template <class Level>
void swigluValues(const float* gate, const float* up, float* y, int64_t n) noexcept;

} // namespace sy::ops
