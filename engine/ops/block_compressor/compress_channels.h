// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// Some channels over the tokens of one sequence. Pointers are to the first channel of the job.
struct CompressChannels {
    const float* values; // of the first token; the next is inputStride further
    const float* scores;
    const float* slotBias; // of the first place in a block; the next is inputStride further
    int64_t inputStride;
    int64_t nTokens;
    int64_t firstPosition;
    int width; // of a compressed row: from a channel to the same of the second half, and from one row of the state to the
               // next
    int ratio;
    bool overlaps;
    int nChannels;
    float* state; // (3 or 6, width): largest score, sum, weighted sum of the row in progress, then of the one after it
    float* out;   // of the first finished block; the next is width further
};

template <class Level>
void compressChannels(const CompressChannels& job) noexcept;

/// The way back for some channels of one text. Pointers are to the first channel of the job; rows of values, scores and
/// their gradients are inputStride apart, in overlapping compressors the second half `width` behind the first.
struct CompressGradChannels {
    const float* values;
    const float* scores;
    const float* slotBias;
    int64_t inputStride;
    int64_t nTokens; // of the text, from its first
    int width;       // rows of dOut are so far apart as well
    int ratio;
    bool overlaps;
    int nChannels;
    const float* dOut; // of the text's first block
    float* dValues;    // zeros before: tokens that no finished block reads keep them
    float* dScores;
};

template <class Level>
void compressGradChannels(const CompressGradChannels& job) noexcept;

} // namespace sy::ops
