// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/gelu/gelu.h"

#include <cstdint>

namespace sy::ops {

/// n values from x to y, which may be the same memory.
template <class Level>
void geluValues(GeluForm form, const float* x, float* y, int64_t n) noexcept;

} // namespace sy::ops
