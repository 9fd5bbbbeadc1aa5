// SPDX-License-Identifier: GPL-3.0-or-later
// Q4_0 and Q4_1: 32 values, 4 bits each.
//
//   Q4_0, 18 bytes    0  f16 d      2  qs[16]                value = d * (q - 8)
//   Q4_1, 20 bytes    0  f16 d      2  f16 m     4  qs[16]   value = d * q + m
//
//   qs[j]:  low nibble = value j, high nibble = value j + 16
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

#include <algorithm>
#include <cmath>

namespace sy::quant {

void unpackQ4_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 18, out += 32) {
        const float d = readHalf(b);
        for (int j = 0; j < 16; ++j) {
            out[j] = d * float(low4(b[2 + j]) - 8);
            out[j + 16] = d * float(high4(b[2 + j]) - 8);
        }
    }
}

void unpackQ4_1(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 20, out += 32) {
        const float d = readHalf(b);
        const float m = readHalf(b + 2);
        for (int j = 0; j < 16; ++j) {
            out[j] = d * float(low4(b[4 + j])) + m;
            out[j + 16] = d * float(high4(b[4 + j])) + m;
        }
    }
}

// The value that is farthest from zero gets the code 0, which is -8, so its sign decides the sign of d.
void packQ4_0(const float* values, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 18, values += 32) {
        float extreme = 0;
        for (int j = 0; j < 32; ++j)
            if (std::fabs(values[j]) > std::fabs(extreme))
                extreme = values[j];
        const float d = extreme / -8;
        const float inverse = d != 0 ? 1 / d : 0;
        writeU16(b, floatToHalf(d));
        for (int j = 0; j < 16; ++j) {
            const int low = clampedToInt(values[j] * inverse + 8.5f, 0, 15);
            const int high = clampedToInt(values[j + 16] * inverse + 8.5f, 0, 15);
            b[2 + j] = static_cast<uint8_t>(low | high << 4);
        }
    }
}

void packQ4_1(const float* values, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 20, values += 32) {
        const auto [lowest, highest] = std::minmax_element(values, values + 32);
        const float d = (*highest - *lowest) / 15, minimum = *lowest;
        const float inverse = d != 0 ? 1 / d : 0;
        writeU16(b, floatToHalf(d));
        writeU16(b + 2, floatToHalf(minimum));
        for (int j = 0; j < 16; ++j) {
            const int low = clampedToInt((values[j] - minimum) * inverse + 0.5f, 0, 15);
            const int high = clampedToInt((values[j + 16] - minimum) * inverse + 0.5f, 0, 15);
            b[4 + j] = static_cast<uint8_t>(low | high << 4);
        }
    }
}

} // namespace sy::quant
