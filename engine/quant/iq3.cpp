// SPDX-License-Identifier: GPL-3.0-or-later
// IQ3_XXS and IQ3_S: 256 values; four at a time are one entry of a codebook of 256 or 512, each with a sign.
//
//   IQ3_XXS, 98 bytes   0 f16 d   2 index[64]   66 u32 word[8]
//        group g (32 values) has index[8g .. 8g+7]; word[g]: signs of run r (8 values) in bits 7r .. 7r+6, scale s in bits 31-28
//        value = d * (0.5 + s) / 2 * level
//   IQ3_S, 110 bytes    0 f16 d   2 index[64]   66 qh[8]   74 signs[32]   106 scales[4]
//        entry e of group g: index of 9 bits = index[8g + e] | bit e of qh[g] << 8
//        scale s of group g: nibble g of scales;   value = d * (1 + 2 s) * level
//
#include "engine/quant/block_fields.h"
#include "engine/quant/iq_grids.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

void putFour(uint16_t entry, const int8_t* levels, unsigned signs, float scale, float* out) noexcept
{
    for (int j = 0; j < 4; ++j) {
        const float magnitude = scale * float(levels[entry >> (3 * j) & 7]);
        out[j] = signs >> j & 1 ? -magnitude : magnitude;
    }
}

} // namespace

void unpackIQ3_XXS(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 98) {
        const float d = readHalf(b);
        for (int group = 0; group < 8; ++group) {
            const uint8_t* index = b + 2 + group * 8;
            const uint32_t word = readU32(b + 66 + group * 4);
            const float scale = d * (0.5f + float(word >> 28)) * 0.5f;
            for (int entry = 0; entry < 8; ++entry, out += 4) {
                const unsigned signs = iqSigns(word >> (7 * (entry / 2)) & 127);
                putFour(kIq3XxsGrid[index[entry]], kIq3XxsLevels, signs >> (entry % 2 * 4), scale, out);
            }
        }
    }
}

void unpackIQ3_S(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 110) {
        const float d = readHalf(b);
        for (int entry = 0; entry < 64; ++entry, out += 4) {
            const int group = entry / 8;
            const int index = b[2 + entry] | (b[66 + group] >> (entry % 8) & 1) << 8;
            const int s = b[106 + group / 2] >> (group % 2 * 4) & 15;
            const float scale = d * float(1 + 2 * s);
            putFour(kIq3SGrid[index], kIq3SLevels, unsigned(b[74 + entry / 2]) >> (entry % 2 * 4), scale, out);
        }
    }
}

} // namespace sy::quant
