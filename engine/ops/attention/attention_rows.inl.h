// SPDX-License-Identifier: GPL-3.0-or-later
// The attention loop, written once over 16 lanes of floats and compiled for each level (engine/cpu/lanes_*.inl.h).
//
// For a tile of 32 keys:
//   1. keys are converted to float and turned, so that a lane is a key:      turned[dim][32]
//   2. scores[query][32] = q . k, dims in ascending order, one fma each
//   3. masked, running maximum and sum updated, weights = exp(score - max)
//   4. weighted[query][dims] = weighted * correction + weights . values, keys in ascending order
// Keys and values of the tile are read once for all queries of the block: the heads of a GQA group and several rows.
// A key that a row may not see has weight exactly 0 and changes nothing, so the cut of a prompt into steps leaves no trace.
#pragma once

#include "engine/ops/attention/attention_rows.h"

#include <cmath>

namespace sy::ops {

namespace {

/// Registers: kStep queries times kKeyLanes * 16 keys of scores, or kWeighStep queries times kValueLanes * 16 columns of values, are
/// summed side by side. A level chooses what fills its registers: a sum waits four cycles for each addition.
template <class L, int kStep, int kKeyLanes, int kWeighStep, int kValueLanes>
struct AttentionLoop {
    static constexpr int kMostDim = 640; // widest key head (MLA's latent of 576 included)

    static L loadRow(const std::byte* row, DType dtype, int d, int n)
    {
        if (dtype == DType::Q8_0) { // an f16 scale and 32 codes; what fills up the last block may be read and is not used
            const std::byte* block = row + d / 32 * 34;
            uint16_t scale;
            std::memcpy(&scale, block, 2);
            return L::loadSigned8(reinterpret_cast<const int8_t*>(block + 2 + d % 32)) * L::set1(L::halfToFloat(scale));
        }
        // The last columns of a head whose size is no multiple of 16.
        if (n < 16) {
            alignas(64) float buffer[16] = {};
            uint16_t half[16] = {};
            if (dtype == DType::F16) {
                std::memcpy(half, row + 2 * d, size_t(n) * 2);
                return L::loadHalf(half);
            }
            std::memcpy(buffer, row + 4 * d, size_t(n) * 4);
            return L::load(buffer);
        }
        return dtype == DType::F16 ? L::loadHalf(reinterpret_cast<const uint16_t*>(row + 2 * d))
                                   : L::load(reinterpret_cast<const float*>(row + 4 * d));
    }

    static void turnKeys(const AttentionRows& job, const std::byte* keys, int nKeys, float* turned)
    {
        for (int k = 0; k < kKeyTile; k += 16) {
            for (int d = 0; d < job.headDim; d += 16) {
                const int n = job.headDim - d < 16 ? job.headDim - d : 16;
                L rows[16];
                for (int i = 0; i < 16; ++i)
                    rows[i] = k + i < nKeys ? loadRow(keys + (k + i) * job.keyBytes, job.dtype, d, n) : L::zero();
                cpu::transpose16(rows);
                for (int i = 0; i < n; ++i)
                    rows[i].store(turned + (d + i) * kKeyTile + k);
            }
        }
    }

    template <int N, int kLanes>
    static void score(const float* const* q, int headDim, const float* turned, float* scores)
    {
        for (int key = 0; key < kKeyTile; key += 16 * kLanes) {
            L acc[N][kLanes];
            for (int i = 0; i < N; ++i)
                for (int j = 0; j < kLanes; ++j)
                    acc[i][j] = L::zero();
            for (int d = 0; d < headDim; ++d) {
                L k[kLanes];
                for (int j = 0; j < kLanes; ++j)
                    k[j] = L::load(turned + d * kKeyTile + key + 16 * j);
#pragma GCC unroll 8
                for (int i = 0; i < N; ++i) {
                    const L x = L::set1(q[i][d]);
                    for (int j = 0; j < kLanes; ++j)
                        acc[i][j] = fma(k[j], x, acc[i][j]);
                }
            }
            for (int i = 0; i < N; ++i)
                for (int j = 0; j < kLanes; ++j)
                    acc[i][j].store(scores + i * kKeyTile + key + 16 * j);
        }
    }

    // kWide registers of values from column d on, for N queries at once: N * kWide sums run side by side, since a single one
    // would wait for each addition to finish.
    template <int N, int kWide>
    static void weighColumns(const float* weights, const float* corrections, const float* values, int nKeys, int padded, int d,
                             float* weighted)
    {
        L acc[N][kWide];
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < kWide; ++j)
                acc[i][j] = L::load(weighted + i * padded + d + 16 * j) * L::set1(corrections[i]);
        for (int k = 0; k < nKeys; ++k) {
            L v[kWide];
            for (int j = 0; j < kWide; ++j)
                v[j] = L::load(values + k * padded + d + 16 * j);
            for (int i = 0; i < N; ++i) {
                const L w = L::set1(weights[i * kKeyTile + k]);
                for (int j = 0; j < kWide; ++j)
                    acc[i][j] = fma(v[j], w, acc[i][j]);
            }
        }
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < kWide; ++j)
                acc[i][j].store(weighted + i * padded + d + 16 * j);
    }

    template <int N, int kWide>
    static void weigh(const float* weights, const float* corrections, const float* values, int nKeys, int padded, float* weighted)
    {
        int d = 0;
        for (; d + 16 * kWide <= padded; d += 16 * kWide)
            weighColumns<N, kWide>(weights, corrections, values, nKeys, padded, d, weighted);
        if constexpr (kWide > 2)
            for (; d + 32 <= padded; d += 32) // small encoders have heads of 32
                weighColumns<N, 2>(weights, corrections, values, nKeys, padded, d, weighted);
        for (; d < padded; d += 16)
            weighColumns<N, 1>(weights, corrections, values, nKeys, padded, d, weighted);
    }

    static void segment(const AttentionRows& job) noexcept
    {
        const int nQueries = job.nRows * job.group;
        const int padded = padded16(job.valueDim);
        alignas(64) float turned[kMostDim * kKeyTile];
        alignas(64) float values[kKeyTile * kMostDim];
        alignas(64) float scores[kMostQueries * kKeyTile];
        alignas(64) float corrections[kMostQueries];
        const float* q[kMostQueries];
        for (int i = 0; i < nQueries; ++i) {
            q[i] = job.q + (i / job.group) * job.qStride + (i % job.group) * job.headDim;
            job.largest[i] = -INFINITY;
            L::zero().store(job.sums + i * 16);
            for (int d = 0; d < padded; d += 16)
                L::zero().store(job.weighted + i * padded + d);
        }
        const L scale = L::set1(job.scale);
        for (int64_t key = job.firstKey; key < job.endKey; key += kKeyTile) {
            const int nKeys = int(job.endKey - key < kKeyTile ? job.endKey - key : kKeyTile);
            if (job.isCausal && key > job.position + job.nRows - 1)
                break;
            if (job.isCausal && job.window > 0 && key + kKeyTile <= job.position - job.window + 1)
                continue; // out of every row's window
            const KeyTile tile = job.tile(job.source, key / kKeyTile);
            turnKeys(job, tile.keys, nKeys, turned);
            int i = 0;
            for (; i + kStep <= nQueries; i += kStep)
                score<kStep, kKeyLanes>(q + i, job.headDim, turned, scores + i * kKeyTile);
            for (; i + 2 <= nQueries; i += 2)
                score<2, 2>(q + i, job.headDim, turned, scores + i * kKeyTile);
            if (i < nQueries)
                score<1, 2>(q + i, job.headDim, turned, scores + i * kKeyTile);

            for (i = 0; i < nQueries; ++i) {
                const int64_t position = job.position + i / job.group;
                int64_t first = 0, last = nKeys;
                if (job.isCausal) {
                    last = position - key + 1 < last ? position - key + 1 : last;
                    if (job.window > 0 && position - job.window + 1 - key > first)
                        first = position - job.window + 1 - key;
                } else if (job.window > 0) {
                    if (position - job.window / 2 - key > first)
                        first = position - job.window / 2 - key;
                    if (position + job.window / 2 - key + 1 < last)
                        last = position + job.window / 2 - key + 1;
                }
                float* s = scores + i * kKeyTile;
                if (last <= first) {
                    L::zero().store(s);
                    L::zero().store(s + 16);
                    corrections[i] = 1.0f;
                    continue;
                }
                const int from = int(first), to = int(last);
                const L a = keepLanes(L::load(s) * scale, from, to, -INFINITY);
                const L b = keepLanes(L::load(s + 16) * scale, from - 16, to - 16, -INFINITY);
                const float before = job.largest[i];
                const float tileLargest = maxOf(max(a, b));
                const float largest = before > tileLargest ? before : tileLargest;
                const L shift = L::set1(largest);
                const L wa = keepLanes(exp(a - shift), from, to, 0.0f);
                const L wb = keepLanes(exp(b - shift), from - 16, to - 16, 0.0f);
                // exp stops at e^-87, which would let the very first tile's nothing count: an exact 0 there.
                const float correction = before == -INFINITY ? 0.0f : before == largest ? 1.0f : cpu::expDefinition(before - largest);
                (L::load(job.sums + i * 16) * L::set1(correction) + (wa + wb)).store(job.sums + i * 16);
                wa.store(s);
                wb.store(s + 16);
                job.largest[i] = largest;
                corrections[i] = correction;
            }

            for (int k = 0; k < nKeys; ++k)
                for (int d = 0; d < job.valueDim; d += 16)
                    loadRow(tile.values + k * job.valueBytes, job.dtype, d, job.valueDim - d < 16 ? job.valueDim - d : 16)
                        .store(values + k * padded + d);
            i = 0;
            for (; i + kWeighStep <= nQueries; i += kWeighStep)
                weigh<kWeighStep, kValueLanes>(scores + i * kKeyTile, corrections + i, values, nKeys, padded,
                                               job.weighted + i * padded);
            for (; i + 2 <= nQueries; i += 2)
                weigh<2, 2>(scores + i * kKeyTile, corrections + i, values, nKeys, padded, job.weighted + i * padded);
            if (i < nQueries)
                weigh<1, 4>(scores + i * kKeyTile, corrections + i, values, nKeys, padded, job.weighted + i * padded);
        }
    }

    static void merge(float* largest, float* sums, float* weighted, const float* nextLargest, const float* nextSums,
                      const float* nextWeighted, int padded) noexcept
    {
        if (*nextLargest == -INFINITY)
            return;
        const bool isFirst = *largest == -INFINITY;
        const float both = *largest > *nextLargest ? *largest : *nextLargest;
        const L a = L::set1(isFirst ? 0.0f : cpu::expDefinition(*largest - both));
        const L b = L::set1(cpu::expDefinition(*nextLargest - both));
        *largest = both;
        (L::load(sums) * a + L::load(nextSums) * b).store(sums);
        for (int d = 0; d < padded; d += 16)
            (L::load(weighted + d) * a + L::load(nextWeighted + d) * b).store(weighted + d);
    }

    static void finish(const float* sums, const float* weighted, float* out, int valueDim) noexcept
    {
        const float total = sumOf(L::load(sums));
        for (int d = 0; d < valueDim; ++d)
            out[d] = weighted[d] / total;
    }
};

} // namespace

} // namespace sy::ops
