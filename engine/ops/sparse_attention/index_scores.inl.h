// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/sparse_attention/index_scores.h"

namespace sy::ops {

template <class Level>
float indexScore(const float* q, const float* weights, const float* key, int nHeads, int dim) noexcept
{
    using V = cpu::Vec<Level>;
    float score = 0;
    for (int h = 0; h < nHeads; ++h, q += dim) {
        V sums = V::all(0.0f);
        int i = 0;
        for (; i + cpu::kLanes <= dim; i += cpu::kLanes)
            sums = fma(V::load(q + i), V::load(key + i), sums);
        if (i < dim)
            sums = fma(V::load(q + i, dim - i), V::load(key + i, dim - i), sums);
        const float product = sums.sum();
        score = __builtin_fmaf(weights[h], product > 0 ? product : 0.0f, score);
    }
    return score;
}

} // namespace sy::ops
