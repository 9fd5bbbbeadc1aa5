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

namespace sy::quant {

namespace {

int fifthBit(uint32_t qh, int j) noexcept
{
    return int(qh >> j & 1) << 4;
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

} // namespace sy::quant
