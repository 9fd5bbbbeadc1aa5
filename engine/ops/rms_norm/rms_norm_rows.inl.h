// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/rms_norm/rms_norm_rows.h"

namespace sy::ops {

template <class Level>
void rmsNormRows(const float* x, const float* weight, float epsilon, float* y, int64_t nRows, int64_t dim) noexcept
{
    using V = cpu::Vec<Level>;
    const int64_t whole = dim / cpu::kLanes * cpu::kLanes;
    const int rest = int(dim - whole);
    for (int64_t row = 0; row < nRows; ++row, x += dim, y += dim) {
        V squares = V::all(0.0f);
        for (int64_t i = 0; i < whole; i += cpu::kLanes) {
            const V v = V::load(x + i);
            squares = fma(v, v, squares);
        }
        if (rest) {
            const V v = V::load(x + whole, rest);
            squares = fma(v, v, squares);
        }
        const V mean = V::all(squares.sum()) / V::all(float(dim));
        const V factor = V::all(1.0f) / sqrt(mean + V::all(epsilon));
        for (int64_t i = 0; i < whole; i += cpu::kLanes)
            (V::load(x + i) * factor * V::load(weight + i)).store(y + i);
        if (rest)
            (V::load(x + whole, rest) * factor * V::load(weight + whole, rest)).store(y + whole, rest);
    }
}

template <class Level>
void rmsNormGradRows(const float* x, const float* weight, float epsilon, const float* dy, float* dx, int64_t nRows,
                     int64_t dim) noexcept
{
    using V = cpu::Vec<Level>;
    const int64_t whole = dim / cpu::kLanes * cpu::kLanes;
    const int rest = int(dim - whole);
    for (int64_t row = 0; row < nRows; ++row, x += dim, dy += dim, dx += dim) {
        V squares = V::all(0.0f), products = V::all(0.0f);
        for (int64_t i = 0; i < whole; i += cpu::kLanes) {
            const V v = V::load(x + i);
            squares = fma(v, v, squares);
            products = fma(V::load(weight + i) * V::load(dy + i), v, products);
        }
        if (rest) {
            const V v = V::load(x + whole, rest);
            squares = fma(v, v, squares);
            products = fma(V::load(weight + whole, rest) * V::load(dy + whole, rest), v, products);
        }
        const V width = V::all(float(dim));
        const V factor = V::all(1.0f) / sqrt(V::all(squares.sum()) / width + V::all(epsilon));
        const V back = V::all(products.sum()) / width * factor * factor; // the share along x, per x * factor
        for (int64_t i = 0; i < whole; i += cpu::kLanes)
            (factor * (V::load(weight + i) * V::load(dy + i) - V::load(x + i) * back)).store(dx + i);
        if (rest)
            (factor * (V::load(weight + whole, rest) * V::load(dy + whole, rest) - V::load(x + whole, rest) * back))
                .store(dx + whole, rest);
    }
}

} // namespace sy::ops
