// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/hyper_connections/hyper_connections.h"
#include "engine/ops/hyper_connections/hyper_rows.h"

namespace sy::ops {

template <class Level>
struct StreamLanes {
    using V = cpu::Vec<Level>;

    static V load(const float* p, int64_t n) { return n < cpu::kLanes ? V::load(p, int(n)) : V::load(p); }
    static void store(V v, float* p, int64_t n) { n < cpu::kLanes ? v.store(p, int(n)) : v.store(p); }
};

template <class Level>
void gatherStreamsRow(const float* streams, const float* weights, int n, int64_t dim, float* y) noexcept
{
    using L = StreamLanes<Level>;
    using V = typename L::V;
    for (int64_t i = 0; i < dim; i += cpu::kLanes) {
        V sum = V::all(weights[0]) * L::load(streams + i, dim - i);
        for (int s = 1; s < n; ++s)
            sum = fma(V::all(weights[s]), L::load(streams + s * dim + i, dim - i), sum);
        L::store(sum, y + i, dim - i);
    }
}

template <class Level>
void mixStreamsRow(float* streams, const float* y, const float* out, const float* across, int n, int64_t dim) noexcept
{
    using L = StreamLanes<Level>;
    using V = typename L::V;
    V before[kMostStreams];
    for (int64_t i = 0; i < dim; i += cpu::kLanes) {
        for (int s = 0; s < n; ++s)
            before[s] = L::load(streams + s * dim + i, dim - i);
        const V result = L::load(y + i, dim - i);
        for (int d = 0; d < n; ++d) {
            V sum = V::all(out[d]) * result;
            for (int s = 0; s < n; ++s)
                sum = fma(V::all(across[s * n + d]), before[s], sum);
            L::store(sum, streams + d * dim + i, dim - i);
        }
    }
}

template <class Level>
void streamDotsRow(const float* a, const float* b, int n, int m, int64_t dim, float* products) noexcept
{
    using L = StreamLanes<Level>;
    using V = typename L::V;
    for (int s = 0; s < n; ++s) {
        V sums[kMostStreams];
        for (int d = 0; d < m; ++d)
            sums[d] = V::all(0.0f);
        for (int64_t i = 0; i < dim; i += cpu::kLanes) {
            const V x = L::load(a + s * dim + i, dim - i);
            for (int d = 0; d < m; ++d)
                sums[d] = fma(x, L::load(b + d * dim + i, dim - i), sums[d]);
        }
        for (int d = 0; d < m; ++d)
            products[s * m + d] = sums[d].sum();
    }
}

} // namespace sy::ops
