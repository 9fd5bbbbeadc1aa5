// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/causal_conv/causal_conv_rows.h"

namespace sy::ops {

template <class Level>
void causalConvRow(const float* const* inputs, const float* weight, int kernel, int64_t nChannels, float* y) noexcept
{
    using V = cpu::Vec<Level>;
    for (int64_t c = 0; c < nChannels; c += cpu::kLanes) {
        const int rest = nChannels - c < cpu::kLanes ? int(nChannels - c) : cpu::kLanes;
        V sum = V::all(0.0f);
        if (rest == cpu::kLanes) {
            for (int j = 0; j < kernel; ++j)
                sum = fma(V::load(inputs[j] + c), V::load(weight + j * nChannels + c), sum);
            silu(sum).store(y + c);
        } else {
            for (int j = 0; j < kernel; ++j)
                sum = fma(V::load(inputs[j] + c, rest), V::load(weight + j * nChannels + c, rest), sum);
            silu(sum).store(y + c, rest);
        }
    }
}

} // namespace sy::ops
