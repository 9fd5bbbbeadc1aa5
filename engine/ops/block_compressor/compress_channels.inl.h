// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"
#include "engine/ops/block_compressor/compress_channels.h"

namespace sy::ops {

template <class Level>
struct RunningSoftmax {
    using V = cpu::Vec<Level>;
    V largest, sum, weighted;

    void start(V score, V value)
    {
        largest = score;
        sum = V::all(1.0f);
        weighted = value;
    }
    void add(V score, V value)
    {
        const V most = max(largest, score);
        const V before = exp(largest - most), now = exp(score - most);
        sum = fma(sum, before, now);
        weighted = fma(weighted, before, now * value);
        largest = most;
    }
    static V load(const float* p, int n) { return n < cpu::kLanes ? V::load(p, n) : V::load(p); }
    static void store(V v, float* p, int n) { n < cpu::kLanes ? v.store(p, n) : v.store(p); }
    void load(const float* state, int64_t stride, int n)
    {
        largest = load(state, n);
        sum = load(state + stride, n);
        weighted = load(state + 2 * stride, n);
    }
    void store(float* state, int64_t stride, int n) const
    {
        store(largest, state, n);
        store(sum, state + stride, n);
        store(weighted, state + 2 * stride, n);
    }
};

template <class Level>
void compressChannels(const CompressChannels& job) noexcept
{
    using Softmax = RunningSoftmax<Level>;
    for (int c = 0; c < job.nChannels; c += cpu::kLanes) {
        const int n = job.nChannels - c < cpu::kLanes ? job.nChannels - c : cpu::kLanes;
        Softmax row, following;
        row.load(job.state + c, job.width, n);
        following = row; // without overlap nobody reads it
        if (job.overlaps)
            following.load(job.state + 3 * int64_t(job.width) + c, job.width, n);
        float* out = job.out + c;
        for (int64_t t = 0; t < job.nTokens; ++t) {
            const int64_t position = job.firstPosition + t, slot = position % job.ratio;
            const float* values = job.values + t * job.inputStride + c;
            const float* scores = job.scores + t * job.inputStride + c;
            const float* bias = job.slotBias + slot * job.inputStride + c;
            const auto score = [&](int64_t half) { return Softmax::load(scores + half, n) + Softmax::load(bias + half, n); };
            const auto value = [&](int64_t half) { return Softmax::load(values + half, n); };
            if (!job.overlaps) {
                slot == 0 ? row.start(score(0), value(0)) : row.add(score(0), value(0));
            } else {
                if (slot == 0)
                    row = following;
                position == 0 ? row.start(score(job.width), value(job.width)) : row.add(score(job.width), value(job.width));
                slot == 0 ? following.start(score(0), value(0)) : following.add(score(0), value(0));
            }
            if (slot == job.ratio - 1) {
                Softmax::store(row.weighted / row.sum, out, n);
                out += job.width;
            }
        }
        row.store(job.state + c, job.width, n);
        if (job.overlaps)
            following.store(job.state + 3 * int64_t(job.width) + c, job.width, n);
    }
}

} // namespace sy::ops
