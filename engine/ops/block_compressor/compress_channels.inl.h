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

template <class Level>
void compressGradChannels(const CompressGradChannels& job) noexcept
{
    using Softmax = RunningSoftmax<Level>;
    using V = cpu::Vec<Level>;
    const int64_t nBlocks = job.nTokens / job.ratio;
    for (int c = 0; c < job.nChannels; c += cpu::kLanes) {
        const int n = job.nChannels - c < cpu::kLanes ? job.nChannels - c : cpu::kLanes;
        for (int64_t block = 0; block < nBlocks; ++block) {
            // Where the numbers of the block's i-th token are: with overlap the block before comes first, with its first
            // half.
            const int64_t before = job.overlaps && block > 0 ? job.ratio : 0, first = block * job.ratio - before;
            const auto place = [&](int64_t i) {
                return (first + i) * job.inputStride + c + (job.overlaps && i >= before ? job.width : 0);
            };
            const auto score = [&](int64_t i) {
                const int64_t at =
                    (first + i) % job.ratio * job.inputStride + c + (job.overlaps && i >= before ? job.width : 0);
                return Softmax::load(job.scores + place(i), n) + Softmax::load(job.slotBias + at, n);
            };
            Softmax sums;
            sums.start(score(0), Softmax::load(job.values + place(0), n));
            for (int64_t i = 1; i < before + job.ratio; ++i)
                sums.add(score(i), Softmax::load(job.values + place(i), n));
            const V row = sums.weighted / sums.sum, d = Softmax::load(job.dOut + block * job.width + c, n);
            for (int64_t i = 0; i < before + job.ratio; ++i) {
                const V weight = exp(score(i) - sums.largest) / sums.sum, share = weight * d;
                Softmax::store(share, job.dValues + place(i), n);
                Softmax::store(share * (Softmax::load(job.values + place(i), n) - row), job.dScores + place(i), n);
            }
        }
    }
}

} // namespace sy::ops
