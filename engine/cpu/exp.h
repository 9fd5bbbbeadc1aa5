// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace sy::cpu {

/// The exponential that every kernel uses, written so that vector levels can repeat it operation by operation and give the same
/// bits: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 for exp(r), times 2^n. Relative error below 2e-7 on
/// [-87, 88]; smaller x give exp(-87) (1e-38), larger ones exp(88).
struct ExpConstants {
    static constexpr float kLow = -87.0f, kHigh = 88.0f;
    static constexpr float kLog2e = 1.44269504f;
    static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f; // Cody and Waite's split
    static constexpr float kC6 = 1.3888889e-3f, kC5 = 8.3334519073e-3f, kC4 = 4.1665795894e-2f,
                           kC3 = 1.6666665459e-1f, kC2 = 0.5f;
};

inline float expDefinition(float x)
{
    using C = ExpConstants;
    x = x < C::kLow ? C::kLow : x > C::kHigh ? C::kHigh : x;
    const float n = std::nearbyint(x * C::kLog2e);
    float r = std::fma(-n, C::kLn2High, x);
    r = std::fma(-n, C::kLn2Low, r);
    float p = std::fma(C::kC6, r, C::kC5);
    p = std::fma(p, r, C::kC4);
    p = std::fma(p, r, C::kC3);
    p = std::fma(p, r, C::kC2);
    p = std::fma(p, r, 1.0f);
    p = std::fma(p, r, 1.0f);
    return p * std::bit_cast<float>((int32_t(n) + 127) << 23);
}

} // namespace sy::cpu
