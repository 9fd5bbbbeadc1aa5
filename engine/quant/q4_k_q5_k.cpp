// SPDX-License-Identifier: GPL-3.0-or-later
// Q4_K and Q5_K: 256 values in 8 groups of 32, each group with a 6-bit scale and a 6-bit minimum.
//
//   Q4_K, 144 bytes   0 f16 d   2 f16 dmin   4 scales[12]                16 qs[128]
//   Q5_K, 176 bytes   0 f16 d   2 f16 dmin   4 scales[12]   16 qh[32]    48 qs[128]
//
//   value = d * scale * q - dmin * minimum
//
// qs: 32 bytes serve two groups, group 2i in the low and 2i+1 in the high nibbles. Fifth bit of value l of group g: bit g of qh[l].
//
// The twelve scale bytes s, 8 scales (sc) and 8 minima (mn) of 6 bits:
//
//            bits 7-6          bits 5-0                               bits 7-4         bits 3-0
//   s[0..3]  top of sc 4..7    sc 0..3                     s[8..11]   low of mn 4..7   low of sc 4..7
//   s[4..7]  top of mn 4..7    mn 0..3
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

struct ScaleAndMinimum {
    int scale;
    int minimum;
};

ScaleAndMinimum scaleOf(const uint8_t* s, int group) noexcept
{
    if (group < 4)
        return {s[group] & 63, s[group + 4] & 63};
    return {low4(s[group + 4]) | s[group - 4] >> 6 << 4, high4(s[group + 4]) | s[group] >> 6 << 4};
}

} // namespace

void unpackQ4_K(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 144) {
        const float d = readHalf(b);
        const float dmin = readHalf(b + 2);
        for (int group = 0; group < 8; ++group) {
            const ScaleAndMinimum s = scaleOf(b + 4, group);
            const float scale = d * float(s.scale);
            const float minimum = dmin * float(s.minimum);
            const uint8_t* qs = b + 16 + group / 2 * 32;
            const int shift = group % 2 * 4;
            for (int l = 0; l < 32; ++l)
                *out++ = scale * float(qs[l] >> shift & 15) - minimum;
        }
    }
}

void unpackQ5_K(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 176) {
        const float d = readHalf(b);
        const float dmin = readHalf(b + 2);
        const uint8_t* qh = b + 16;
        for (int group = 0; group < 8; ++group) {
            const ScaleAndMinimum s = scaleOf(b + 4, group);
            const float scale = d * float(s.scale);
            const float minimum = dmin * float(s.minimum);
            const uint8_t* qs = b + 48 + group / 2 * 32;
            const int shift = group % 2 * 4;
            for (int l = 0; l < 32; ++l)
                *out++ = scale * float((qs[l] >> shift & 15) | (qh[l] >> group & 1) << 4) - minimum;
        }
    }
}

} // namespace sy::quant
