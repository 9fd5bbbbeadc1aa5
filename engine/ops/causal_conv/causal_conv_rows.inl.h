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

template <class Level>
void causalConvGradChannels(const CausalConvGrad& job) noexcept
{
    using V = cpu::Vec<Level>;
    const auto load = [](const float* p, int n) { return n < cpu::kLanes ? V::load(p, n) : V::load(p); };
    const auto store = [](V v, float* p, int n) { n < cpu::kLanes ? v.store(p, n) : v.store(p); };
    const V one = V::all(1.0f);
    for (int64_t t = 0; t < job.nTokens; ++t) {
        // The first rows have less in front of them than the kernel is long.
        const int firstTap = t < job.kernel - 1 ? int(job.kernel - 1 - t) : 0;
        for (int c = 0; c < job.nChannels; c += cpu::kLanes) {
            const int n = job.nChannels - c < cpu::kLanes ? job.nChannels - c : cpu::kLanes;
            V sum = V::all(0.0f);
            for (int j = firstTap; j < job.kernel; ++j)
                sum = fma(load(job.x + (t - job.kernel + 1 + j) * job.stride + c, n),
                          load(job.weight + j * job.stride + c, n), sum);
            const V gate = one / (one + exp(V::all(0.0f) - sum));
            const V d = load(job.dy + t * job.stride + c, n) * gate * fma(sum, one - gate, one);
            for (int j = firstTap; j < job.kernel; ++j) {
                const int64_t at = (t - job.kernel + 1 + j) * job.stride + c;
                const V share = d * load(job.weight + j * job.stride + c, n);
                // The last tap is the first that meets a row.
                store(j == job.kernel - 1 ? share : load(job.dx + at, n) + share, job.dx + at, n);
                if (job.dWeight)
                    store(fma(d, load(job.x + at, n), load(job.dWeight + j * job.stride + c, n)),
                          job.dWeight + j * job.stride + c, n);
            }
        }
    }
}

} // namespace sy::ops
