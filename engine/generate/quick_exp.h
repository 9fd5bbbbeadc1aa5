// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cstdint>

namespace sy::generate {

/// Four at a time with the instructions that every processor has: the compiler does not find them by itself in a loop with
/// exponentials.
using Float4 [[gnu::vector_size(16)]] = float;
using Int4 [[gnu::vector_size(16)]] = int32_t;

inline Float4 splat(float x) noexcept
{
    return Float4{x, x, x, x};
}

/// e^x to a relative 4e-7, and 0 below -87 and for NaN; x at most 80.
inline Float4 quickExp(Float4 x) noexcept
{
    constexpr float kLog2E = 1.44269504f;
    constexpr float kLn2High = 0.693359375f; // few bits, so that n * kLn2High is exact; the rest of ln 2 is in kLn2Low
    constexpr float kLn2Low = float(0.69314718055994530942 - 0.693359375);
    constexpr float kRound = 12582912.0f; // 1.5 * 2^23: adding and taking it away rounds to whole numbers
    const Int4 isPossible = x >= splat(-87.0f);
    const Float4 clipped = isPossible ? x : splat(-87.0f);
    const Float4 n = (clipped * kLog2E + kRound) - kRound;
    const Float4 r = (clipped - n * kLn2High) - n * kLn2Low; // |r| <= ln 2 / 2, where seven terms of the series suffice
    Float4 p = r * (1.0f / 720) + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Int4 exponent = (__builtin_convertvector(n, Int4) + 127) << 23;
    return isPossible ? p * std::bit_cast<Float4>(exponent) : splat(0.0f);
}

inline float quickExp(float x) noexcept
{
    return quickExp(splat(x))[0];
}

} // namespace sy::generate
