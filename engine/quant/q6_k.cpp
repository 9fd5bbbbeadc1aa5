// SPDX-License-Identifier: GPL-3.0-or-later
// Q6_K, 210 bytes: 256 values of 6 bits in 16 groups of 16, each with an 8-bit signed scale.
//
//   0    ql[128]        lower four bits
//   128  qh[64]         upper two bits
//   192  int8 scales[16]
//   208  f16 d                              value = d * scale * (q - 32)
//
// Values come in two halves of 128; a half owns 64 bytes of ql, 32 of qh and 8 scales. Inside a half, l = 0..31:
//
//   value      lower four bits        upper two bits      scale
//   l          low  nibble ql[l]      qh[l] bits 1-0      l/16
//   32 + l     low  nibble ql[l+32]   qh[l] bits 3-2      l/16 + 2
//   64 + l     high nibble ql[l]      qh[l] bits 5-4      l/16 + 4
//   96 + l     high nibble ql[l+32]   qh[l] bits 7-6      l/16 + 6
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

void unpackQ6_K(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 210) {
        const float d = readHalf(b + 208);
        for (int half = 0; half < 2; ++half) {
            const uint8_t* ql = b + half * 64;
            const uint8_t* qh = b + 128 + half * 32;
            const uint8_t* scales = b + 192 + half * 8;
            for (int group = 0; group < 8; ++group) { // 16 values each: simple enough for the compiler's vectors
                const int lane = group / 2, first = group % 2 * 16;
                const uint8_t* low = ql + lane % 2 * 32 + first;
                const int lowShift = lane / 2 * 4, highShift = lane * 2;
                const float scale = d * float(static_cast<int8_t>(scales[group]));
                for (int l = 0; l < 16; ++l) {
                    const int code = (low[l] >> lowShift & 15) | (qh[first + l] >> highShift & 3) << 4;
                    out[l] = scale * float(code - 32);
                }
                out += 16;
            }
        }
    }
}

} // namespace sy::quant
