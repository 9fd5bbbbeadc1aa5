// SPDX-License-Identifier: GPL-3.0-or-later
// What attention.cpp hands to the loops of a CPU level: one key/value head, a block of query rows, a segment of keys.
#pragma once

#include "engine/core/dtype.h"
#include "engine/cpu/level.h"

#include <cstddef>
#include <cstdint>

namespace sy::ops {

inline constexpr int kKeyTile = 32;       // keys worked on together; also the granule of pages
inline constexpr int kSegmentKeys = 1024; // keys that one thread takes of a long context; fixed, since it shapes the sums
inline constexpr int kMostQueries = 96;   // rows times heads of a group in one block

/// Where a tile of keys lies: row i at base + i * the row's bytes.
struct KeyTile {
    const std::byte* keys;
    const std::byte* values;
};

struct AttentionRows {
    const float* q;     // row r, head h of the group: q + r * qStride + h * headDim
    int64_t qStride;
    int nRows;
    int group;          // query heads that share the keys; nRows * group <= kMostQueries
    int64_t position;   // of row 0
    int64_t firstKey;   // of the segment; a multiple of kKeyTile
    int64_t endKey;     // past the last key of the segment that exists
    KeyTile (*tile)(const void* source, int64_t tileIndex);
    const void* source;
    int64_t keyBytes, valueBytes; // from one token to the next
    DType dtype;        // F32, F16 or Q8_0
    int headDim, valueDim;
    float scale;
    bool isCausal;
    int window;         // causal: distance < window; else |distance| <= window / 2; 0: none

    // Result, one entry per query (row * group + head): largest score, 16 partial sums of weights, weighted values padded to
    // a multiple of 16.
    float* largest;     // (queries)
    float* sums;        // (queries, 16)
    float* weighted;    // (queries, paddedValueDim)
};

inline int padded16(int n) { return (n + 15) / 16 * 16; }

struct AttentionKernels {
    /// Runs the online softmax over one segment, starting from nothing.
    void (*segment)(const AttentionRows&) noexcept;
    /// running = running and next, as if their keys had been one list. One query.
    void (*merge)(float* largest, float* sums, float* weighted, const float* nextLargest, const float* nextSums,
                  const float* nextWeighted, int paddedValueDim) noexcept;
    /// out = weighted / sum of sums
    void (*finish)(const float* sums, const float* weighted, float* out, int valueDim) noexcept;
};

AttentionKernels scalarAttentionKernels();
#if defined(__x86_64__)
AttentionKernels avx2AttentionKernels();
AttentionKernels avx512AttentionKernels();
#endif

} // namespace sy::ops
