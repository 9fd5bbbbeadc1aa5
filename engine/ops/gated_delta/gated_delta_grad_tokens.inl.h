// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/gated_delta/gated_delta_columns.inl.h"
#include "engine/ops/gated_delta/gated_delta_grad_tokens.h"

namespace sy::ops {

template <class Level>
struct DeltaGradLoop {
    using V = cpu::Vec<Level>;

    static V load(const float* p, int n) { return n < cpu::kLanes ? V::load(p, n) : V::load(p); }
    static void store(V v, float* p, int n) { n < cpu::kLanes ? v.store(p, n) : v.store(p); }
    template <class F>
    static void each(int n, F&& f)
    {
        for (int j = 0; j < n; j += cpu::kLanes)
            f(j, n - j < cpu::kLanes ? n - j : cpu::kLanes);
    }

    // q and k normalized; pointers are this token's. See gated_delta_grad.h for the formulas.
    static void token(const DeltaGradTokens& job, const float* q, const float* k, const float* v, float decay, float beta,
                      const float* state, const float* dOut, float* dq, float* dk, float* dv, float* dDecay,
                      float* dBeta) noexcept
    {
        const int n = job.nColumns;
        float* const error = job.scratch; // v - remembered
        float* const dChange = error + n; // of beta * error
        float* const dRemembered = dChange + n;
        const V fade = V::all(decay), strength = V::all(beta);
        each(n, [&](int j, int lanes) {
            V remembered = V::all(0.0f);
            for (int i = 0; i < job.keyDim; ++i)
                remembered = fma(V::all(k[i]), load(state + int64_t(i) * n + j, lanes) * fade, remembered);
            store(load(v + j, lanes) - remembered, error + j, lanes);
            store(V::all(0.0f), dChange + j, lanes);
        });
        for (int i = 0; i < job.keyDim; ++i) {
            const float* row = state + int64_t(i) * n;
            float* dRow = job.dState + int64_t(i) * n;
            const V key = V::all(k[i]), query = V::all(q[i]);
            V ofQuery = V::all(0.0f);
            each(n, [&](int j, int lanes) {
                const V change = load(error + j, lanes) * strength, dy = load(dOut + j, lanes);
                const V d = fma(query, dy, load(dRow + j, lanes));
                store(d, dRow + j, lanes);
                ofQuery = fma(fma(key, change, load(row + j, lanes) * fade), dy, ofQuery);
                store(fma(key, d, load(dChange + j, lanes)), dChange + j, lanes);
            });
            dq[i] += ofQuery.sum();
        }
        V ofBeta = V::all(0.0f), ofDecay = V::all(0.0f);
        each(n, [&](int j, int lanes) {
            const V d = load(dChange + j, lanes);
            ofBeta = fma(d, load(error + j, lanes), ofBeta);
            store(d * strength, dv + j, lanes);
            store(V::all(0.0f) - d * strength, dRemembered + j, lanes);
        });
        for (int i = 0; i < job.keyDim; ++i) {
            const float* row = state + int64_t(i) * n;
            float* dRow = job.dState + int64_t(i) * n;
            const V key = V::all(k[i]);
            V ofKey = V::all(0.0f);
            each(n, [&](int j, int lanes) {
                const V faded = load(row + j, lanes) * fade, back = load(dRemembered + j, lanes);
                const V before = load(dRow + j, lanes);
                ofKey = fma(faded, back, fma(before, load(error + j, lanes) * strength, ofKey));
                const V d = fma(key, back, before);
                ofDecay = fma(d, faded, ofDecay);
                store(d * fade, dRow + j, lanes);
            });
            dk[i] += ofKey.sum();
        }
        *dBeta += ofBeta.sum();
        *dDecay += ofDecay.sum();
    }
};

template <class Level>
void deltaGradTokens(const DeltaGradTokens& job) noexcept
{
    float q[kMostDeltaKey], k[kMostDeltaKey];
    const float factor = 1.0f / __builtin_sqrtf(float(job.keyDim));
    for (int64_t t = job.nTokens - 1; t >= 0; --t) {
        const int64_t at = t * job.qkvStride, gate = t * job.gateStride;
        DeltaLoop<Level>::normalize(job.q + at, job.keyDim, job.epsilon, factor, q);
        DeltaLoop<Level>::normalize(job.k + at, job.keyDim, job.epsilon, 1.0f, k);
        DeltaGradLoop<Level>::token(job, q, k, job.v + at, job.decay[gate], job.beta[gate],
                                    job.states + t * job.keyDim * job.nColumns, job.dOut + t * job.outStride, job.dq + at,
                                    job.dk + at, job.dv + at, job.dDecay + gate, job.dBeta + gate);
    }
}

} // namespace sy::ops
