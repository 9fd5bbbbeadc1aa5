// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/gated_delta/gated_delta_columns.h"

namespace sy::ops {

template <class Level>
struct DeltaLoop {
    using V = cpu::Vec<Level>;

    // y = x / max(|x|, epsilon) * factor
    static void normalize(const float* x, int n, float epsilon, float factor, float* y)
    {
        V sums = V::all(0.0f);
        int i = 0;
        for (; i + cpu::kLanes <= n; i += cpu::kLanes)
            sums = fma(V::load(x + i), V::load(x + i), sums);
        if (i < n)
            sums = fma(V::load(x + i, n - i), V::load(x + i, n - i), sums);
        const float length = __builtin_sqrtf(sums.sum());
        const V divisor = V::all(length > epsilon ? length : epsilon), times = V::all(factor);
        for (i = 0; i + cpu::kLanes <= n; i += cpu::kLanes)
            (V::load(x + i) / divisor * times).store(y + i);
        if (i < n)
            (V::load(x + i, n - i) / divisor * times).store(y + i, n - i);
    }

    // N registers of columns; the last may be partly filled. The sums over the rows of the memory run side by side.
    template <int N>
    static void token(const DeltaColumns& job, const float* q, const float* k, const float* v, float decay, float beta,
                      int first, int nColumns, float* out)
    {
        const auto load = [&](const float* p, int j) {
            const int n = nColumns - j * cpu::kLanes;
            return n >= cpu::kLanes ? V::load(p + j * cpu::kLanes) : V::load(p + j * cpu::kLanes, n);
        };
        const auto store = [&](V x, float* p, int j) {
            const int n = nColumns - j * cpu::kLanes;
            n >= cpu::kLanes ? x.store(p + j * cpu::kLanes) : x.store(p + j * cpu::kLanes, n);
        };
        V remembered[N], result[N], change[N];
        for (int j = 0; j < N; ++j)
            remembered[j] = result[j] = V::all(0.0f);
        float* state = job.state + first;
        const V fade = V::all(decay);
        for (int i = 0; i < job.keyDim; ++i) {
            float* row = state + i * job.stateStride;
            const V key = V::all(k[i]);
            for (int j = 0; j < N; ++j) {
                const V s = load(row, j) * fade;
                store(s, row, j);
                remembered[j] = fma(key, s, remembered[j]);
            }
        }
        for (int j = 0; j < N; ++j)
            change[j] = (load(v + first, j) - remembered[j]) * V::all(beta);
        for (int i = 0; i < job.keyDim; ++i) {
            float* row = state + i * job.stateStride;
            const V key = V::all(k[i]), query = V::all(q[i]);
            for (int j = 0; j < N; ++j) {
                const V s = fma(key, change[j], load(row, j));
                store(s, row, j);
                result[j] = fma(query, s, result[j]);
            }
        }
        for (int j = 0; j < N; ++j)
            store(result[j], out + first, j);
    }
};

template <class Level>
void deltaColumns(const DeltaColumns& job) noexcept
{
    using Loop = DeltaLoop<Level>;
    float q[kMostDeltaKey], k[kMostDeltaKey];
    const float factor = 1.0f / __builtin_sqrtf(float(job.keyDim));
    for (int64_t t = 0; t < job.nTokens; ++t) {
        Loop::normalize(job.q + t * job.qkvStride, job.keyDim, job.epsilon, factor, q);
        Loop::normalize(job.k + t * job.qkvStride, job.keyDim, job.epsilon, 1.0f, k);
        const float decay = job.decay[t * job.gateStride], beta = job.beta[t * job.gateStride];
        const float* v = job.v + t * job.qkvStride;
        float* out = job.out + t * job.outStride;
        int first = 0;
        for (; first + 2 * cpu::kLanes <= job.nColumns; first += 2 * cpu::kLanes)
            Loop::template token<2>(job, q, k, v, decay, beta, first, 2 * cpu::kLanes, out);
        for (; first < job.nColumns; first += cpu::kLanes)
            Loop::template token<1>(job, q, k, v, decay, beta, first,
                                    job.nColumns - first < cpu::kLanes ? job.nColumns - first : cpu::kLanes, out);
    }
}

} // namespace sy::ops
