// SPDX-License-Identifier: GPL-3.0-or-later
// Q3_K, 110 bytes: 256 values of 3 bits in 16 groups of 16, each with a 6-bit scale and no minimum.
//
//   0    hmask[32]    third bits: bit k of byte l belongs to value 32k + l
//   32   qs[64]       lower two bits, in the order of Q2_K
//   96   scales[12]   16 scales of 6 bits, below
//   108  f16 d                              value = d * (scale - 32) * (q - 4)      q = 0..7, third bit = 4
//
//   scale i:  low four bits   nibble of byte i mod 8 (low nibble for i < 8, high for i >= 8)
//             high two bits   bits 2*(i div 4) of byte 8 + i mod 4
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

void unpackQ3_K(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 110) {
        const uint8_t* packed = b + 96;
        const float d = readHalf(b + 108);
        for (int group = 0; group < 16; ++group) {
            const int low = group < 8 ? low4(packed[group]) : high4(packed[group - 8]);
            const int high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
            const float scale = d * float((low | high << 4) - 32);
            const uint8_t* qs = b + 32 + group / 8 * 32 + group % 2 * 16;
            const uint8_t* thirdBits = b + group % 2 * 16;
            const int shift = group % 8 / 2 * 2;
            for (int j = 0; j < 16; ++j) {
                const int third = thirdBits[j] >> (group / 2) & 1;
                *out++ = scale * float((qs[j] >> shift & 3) + third * 4 - 4);
            }
        }
    }
}

} // namespace sy::quant
