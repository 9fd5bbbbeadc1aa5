// SPDX-License-Identifier: GPL-3.0-or-later
// Optimizer state in a byte a number: blocks of 256 numbers, each a small float relative to the block's largest (Dettmers et
// al. 2022, arXiv:2110.02861, with floats in place of their table).
//
//     signed    1 bit sign, 4 exponent, 3 mantissa    down to 2^-17 of the largest
//     unsigned            4 exponent, 4 mantissa      down to 2^-18
//
// Numbers are rounded up or down at random with their value as the mean: an average that moves by a thousandth a step would
// stay where it is otherwise. The draws are a function of seed and place.
#pragma once

#include <cstdint>
#include <span>

namespace sy::train {

constexpr int64_t kStateBlock = 256;

/// Blocks of n numbers, the last one perhaps shorter.
constexpr int64_t stateBlocks(int64_t n)
{
    return (n + kStateBlock - 1) / kStateBlock;
}

/// At most kStateBlock numbers; returns their scale. Of an unsigned block none is negative, and none but 0 becomes 0: it
/// will be divided by.
float packSigned(std::span<const float> values, uint64_t seed, int8_t* codes);
float packUnsigned(std::span<const float> values, uint64_t seed, int8_t* codes);

void unpackSigned(std::span<float> values, float scale, const int8_t* codes);
void unpackUnsigned(std::span<float> values, float scale, const int8_t* codes);

} // namespace sy::train
