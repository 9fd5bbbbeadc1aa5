// SPDX-License-Identifier: GPL-3.0-or-later
// IQ4_NL and IQ4_XS: 4 bits that choose from 16 levels, denser around zero where most weights are.
//
//   IQ4_NL, 18 bytes, 32 values      0 f16 d   2 qs[16]                                        value = d * level[q]
//   IQ4_XS, 136 bytes, 256 values    0 f16 d   2 u16 scalesHigh   4 scalesLow[4]   8 qs[128]   value = d * (s - 32) * level[q]
//
// Nibbles lie as in Q4_0 within each 32 values. Scale s of group g (0..7, 32 values): nibble g of scalesLow | bits 2g of scalesHigh << 4.
//
#include "engine/quant/block_fields.h"
#include "engine/quant/iq4_levels.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

void unpackIQ4_NL(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 18, out += 32) {
        const float d = readHalf(b);
        for (int j = 0; j < 16; ++j) {
            out[j] = d * float(kIq4Levels[low4(b[2 + j])]);
            out[j + 16] = d * float(kIq4Levels[high4(b[2 + j])]);
        }
    }
}

void unpackIQ4_XS(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 136) {
        const float d = readHalf(b);
        const uint16_t scalesHigh = readU16(b + 2);
        for (int group = 0; group < 8; ++group, out += 32) {
            const int low = b[4 + group / 2] >> (group % 2 * 4) & 15;
            const int high = scalesHigh >> (group * 2) & 3;
            const float scale = d * float((low | high << 4) - 32);
            const uint8_t* qs = b + 8 + group * 16;
            for (int j = 0; j < 16; ++j) {
                out[j] = scale * float(kIq4Levels[low4(qs[j])]);
                out[j + 16] = scale * float(kIq4Levels[high4(qs[j])]);
            }
        }
    }
}

} // namespace sy::quant
