// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cstdint>

namespace sy::quant {

/// IEEE 754 half to float: exact. Subnormals, infinities and the payload of a NaN are kept; a signalling NaN becomes quiet, as
/// the processor's own instruction makes it.
constexpr float halfToFloat(uint16_t h) noexcept
{
    const uint32_t sign = uint32_t(h & 0x8000) << 16;
    const uint32_t exponent = h >> 10 & 0x1F;
    const uint32_t mantissa = h & 0x3FF;
    if (exponent == 31)
        return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13 | (mantissa ? 0x400000u : 0u));
    if (exponent != 0)
        return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
    // Zero and subnormals: mantissa * 2^-24, which a float holds exactly.
    const float magnitude = float(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

/// Float to half, rounded to nearest, ties to even; overflow gives infinity, a NaN stays a (quiet) NaN.
constexpr uint16_t floatToHalf(float value) noexcept
{
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const auto sign = uint16_t(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000)
        return uint16_t(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
    if (magnitude >= 0x477FF000) // 65520 and more round to infinity
        return uint16_t(sign | 0x7C00);
    if (magnitude < 0x38800000) { // below 2^-14: a multiple of 2^-24. Adding 0.5 makes the processor round at that bit.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return uint16_t(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000));
    }
    const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return uint16_t(sign | (rounded - 0x38000000) >> 13);
}

/// bfloat16 is the upper half of a float.
constexpr float bf16ToFloat(uint16_t b) noexcept
{
    return std::bit_cast<float>(uint32_t(b) << 16);
}

/// Rounded to nearest, ties to even; a NaN stays a (quiet) NaN, subnormals are kept.
constexpr uint16_t floatToBf16(float value) noexcept
{
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return uint16_t(bits >> 16 | 0x40);
    return uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// The same, n values at a time, on the best instructions of this processor (cpu::level()); equal bit for bit to the
/// functions above, which are their definition. Arrays need no alignment beyond their type's and must not overlap.
void halfToFloat(const uint16_t* in, float* out, int64_t n) noexcept;
void floatToHalf(const float* in, uint16_t* out, int64_t n) noexcept;
void bf16ToFloat(const uint16_t* in, float* out, int64_t n) noexcept;
void floatToBf16(const float* in, uint16_t* out, int64_t n) noexcept;

} // namespace sy::quant
