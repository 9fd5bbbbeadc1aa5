// SPDX-License-Identifier: GPL-3.0-or-later
// Q8_0, 34 bytes: 32 values of 8 bits.
//
//   0  f16 d      2  int8 qs[32]         value j = d * qs[j]
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

#include <algorithm>
#include <cmath>

namespace sy::quant {

void unpackQ8_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 34, out += 32) {
        const float d = readHalf(b);
        for (int j = 0; j < 32; ++j)
            out[j] = d * float(static_cast<int8_t>(b[2 + j]));
    }
}

void packQ8_0(const float* values, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 34, values += 32) {
        float largest = 0;
        for (int j = 0; j < 32; ++j)
            largest = std::max(largest, std::fabs(values[j]));
        // Codes are rounded with the scale before it is cut to 16 bits: what llama.cpp does, and files are to be equal.
        const float d = largest / 127;
        const float inverse = d != 0 ? 1 / d : 0;
        writeU16(b, floatToHalf(d));
        for (int j = 0; j < 32; ++j)
            b[2 + j] = static_cast<uint8_t>(clampedToInt(std::round(values[j] * inverse), -128, 127));
    }
}

} // namespace sy::quant
