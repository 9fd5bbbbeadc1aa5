// SPDX-License-Identifier: GPL-3.0-or-later
// Q5_0 and Q5_1: 32 values, 5 bits each; the fifth bits of all values are gathered in one word.
//
//   Q5_0, 22 bytes    0  f16 d      2  u32 qh     6  qs[16]                value = d * (q - 16)
//   Q5_1, 24 bytes    0  f16 d      2  f16 m      4  u32 qh    8  qs[16]   value = d * q + m
//
//   q of value j:  nibble (as in Q4_0) | bit j of qh << 4
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

#include <algorithm>
#include <cmath>

namespace sy::quant {

namespace {

int fifthBit(uint32_t qh, int j) noexcept
{
    return int(qh >> j & 1) << 4;
}

// Codes 0 … 31 of 32 values to the word of their fifth bits and the nibbles behind it.
void writeCodes(const int* codes, uint8_t* out) noexcept
{
    uint32_t qh = 0;
    for (int j = 0; j < 32; ++j)
        qh |= uint32_t(codes[j] >> 4) << j;
    std::memcpy(out, &qh, sizeof qh);
    for (int j = 0; j < 16; ++j)
        out[4 + j] = static_cast<uint8_t>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
}

} // namespace

void unpackQ5_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 22, out += 32) {
        const float d = readHalf(b);
        const uint32_t qh = readU32(b + 2);
        for (int j = 0; j < 16; ++j) {
            out[j] = d * float((low4(b[6 + j]) | fifthBit(qh, j)) - 16);
            out[j + 16] = d * float((high4(b[6 + j]) | fifthBit(qh, j + 16)) - 16);
        }
    }
}

void unpackQ5_1(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 24, out += 32) {
        const float d = readHalf(b);
        const float m = readHalf(b + 2);
        const uint32_t qh = readU32(b + 4);
        for (int j = 0; j < 16; ++j) {
            out[j] = d * float(low4(b[8 + j]) | fifthBit(qh, j)) + m;
            out[j + 16] = d * float(high4(b[8 + j]) | fifthBit(qh, j + 16)) + m;
        }
    }
}

// As in Q4_0, the value farthest from zero gets the code of the longer side, -16.
void packQ5_0(const float* values, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 22, values += 32) {
        float extreme = 0;
        for (int j = 0; j < 32; ++j)
            if (std::fabs(values[j]) > std::fabs(extreme))
                extreme = values[j];
        const float d = extreme / -16;
        const float inverse = d != 0 ? 1 / d : 0;
        writeU16(b, floatToHalf(d));
        int codes[32];
        for (int j = 0; j < 32; ++j)
            codes[j] = clampedToInt(values[j] * inverse + 16.5f, 0, 31);
        writeCodes(codes, b + 2);
    }
}

void packQ5_1(const float* values, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 24, values += 32) {
        const auto [lowest, highest] = std::minmax_element(values, values + 32);
        const float d = (*highest - *lowest) / 31, minimum = *lowest;
        const float inverse = d != 0 ? 1 / d : 0;
        writeU16(b, floatToHalf(d));
        writeU16(b + 2, floatToHalf(minimum));
        int codes[32];
        for (int j = 0; j < 32; ++j)
            codes[j] = clampedToInt((values[j] - minimum) * inverse + 0.5f, 0, 31);
        writeCodes(codes, b + 4);
    }
}

} // namespace sy::quant
