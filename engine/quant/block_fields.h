// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of a block, which is unaligned and little-endian. Included by the scalar definitions only.
#pragma once

#include "engine/quant/half.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace sy::quant {

static_assert(std::endian::native == std::endian::little, "block formats are little-endian and are read in place");

inline uint16_t readU16(const uint8_t* p) noexcept
{
    uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline uint32_t readU32(const uint8_t* p) noexcept
{
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline float readHalf(const uint8_t* p) noexcept
{
    return halfToFloat(readU16(p));
}

inline void writeU16(uint8_t* p, uint16_t v) noexcept
{
    std::memcpy(p, &v, sizeof v);
}

/// value cut to low … high and to an integer; a NaN becomes low, where a bare cast would be undefined.
inline int clampedToInt(float value, int low, int high) noexcept
{
    if (!(value > float(low)))
        return low;
    return value >= float(high) ? high : int(value);
}

inline int low4(uint8_t b) noexcept
{
    return b & 15;
}

inline int high4(uint8_t b) noexcept
{
    return b >> 4;
}

} // namespace sy::quant
