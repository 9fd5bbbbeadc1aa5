// SPDX-License-Identifier: GPL-3.0-or-later
// Q2_K, 84 bytes: 256 values of 2 bits in 16 groups of 16, each with a 4-bit scale and a 4-bit minimum.
//
//   0   scales[16]   low nibble = scale, high nibble = minimum of group g
//   16  qs[64]
//   80  f16 d
//   82  f16 dmin                            value = d * scale * q - dmin * minimum
//
// Values come in two halves of 128; a half owns 32 bytes of qs and reads them four times, two bits higher each time:
//
//   qs byte l of the half:   bits 7-6        5-4         3-2         1-0
//                            value 96+l      64+l        32+l        l
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

void unpackQ2_K(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 84) {
        const float d = readHalf(b + 80);
        const float dmin = readHalf(b + 82);
        for (int group = 0; group < 16; ++group) {
            const uint8_t* qs = b + 16 + group / 8 * 32 + group % 2 * 16;
            const int shift = group % 8 / 2 * 2;
            const float scale = d * float(low4(b[group]));
            const float minimum = dmin * float(high4(b[group]));
            for (int j = 0; j < 16; ++j)
                *out++ = scale * float(qs[j] >> shift & 3) - minimum;
        }
    }
}

} // namespace sy::quant
