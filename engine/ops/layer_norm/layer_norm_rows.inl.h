// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/layer_norm/layer_norm_rows.h"

namespace sy::ops {

// Two passes, mean first: mean(x²) - mean(x)² cancels when a channel stands far from zero, as trained encoders' do.
template <class Level>
void layerNormRows(const float* x, const float* weight, const float* bias, float epsilon, float* y, int64_t nRows,
                   int64_t dim) noexcept
{
    using V = cpu::Vec<Level>;
    const int64_t whole = dim / cpu::kLanes * cpu::kLanes;
    const int rest = int(dim - whole);
    for (int64_t row = 0; row < nRows; ++row, x += dim, y += dim) {
        V total = V::all(0.0f);
        for (int64_t i = 0; i < whole; i += cpu::kLanes)
            total = total + V::load(x + i);
        if (rest)
            total = total + V::load(x + whole, rest);
        const V mean = V::all(total.sum()) / V::all(float(dim));

        V squares = V::all(0.0f);
        for (int64_t i = 0; i < whole; i += cpu::kLanes) {
            const V d = V::load(x + i) - mean;
            squares = fma(d, d, squares);
        }
        if (rest) {
            float tail[cpu::kLanes];
            (V::load(x + whole, rest) - mean).store(tail);
            const V d = V::load(tail, rest); // lanes past the row are zero again
            squares = fma(d, d, squares);
        }
        const V factor = V::all(1.0f) / sqrt(V::all(squares.sum()) / V::all(float(dim)) + V::all(epsilon));
        for (int64_t i = 0; i < whole; i += cpu::kLanes)
            fma((V::load(x + i) - mean) * factor, V::load(weight + i), V::load(bias + i)).store(y + i);
        if (rest) {
            const V d = (V::load(x + whole, rest) - mean) * factor;
            fma(d, V::load(weight + whole, rest), V::load(bias + whole, rest)).store(y + whole, rest);
        }
    }
}

} // namespace sy::ops
