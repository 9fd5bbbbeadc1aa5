// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/swiglu/swiglu_values.h"

namespace sy::ops {

template <class Level>
void swigluValues(const float* gate, const float* up, float* y, int64_t n) noexcept
{
    using V = cpu::Vec<Level>;
    int64_t i = 0;
    for (; i + cpu::kLanes <= n; i += cpu::kLanes)
        (silu(V::load(gate + i)) * V::load(up + i)).store(y + i);
    if (const int rest = int(n - i))
        (silu(V::load(gate + i, rest)) * V::load(up + i, rest)).store(y + i, rest);
}

} // namespace sy::ops
