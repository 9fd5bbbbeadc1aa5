// SPDX-License-Identifier: GPL-3.0-or-later
// IQ2_XXS, IQ2_XS, IQ2_S: 256 values; eight at a time are one entry of a codebook of 256, 512 or 1024, each with a sign.
//
//   IQ2_XXS, 66 bytes   0 f16 d   2 group[8] of 8 bytes
//        a group is 32 values:  0 index[4]   4 u32: signs of run r (8 values) in bits 7r .. 7r+6, scale s in bits 31-28
//   IQ2_XS, 74 bytes    0 f16 d   2 u16 run[32]                            66 scales[8]
//        a run is 8 values:  bits 8-0 index, bits 15-9 signs
//   IQ2_S, 82 bytes     0 f16 d   2 index[32]   34 signs[32]   66 qh[8]    74 scales[8]
//        run r of group g: index of 10 bits = index[4g + r] | bits 2r+1, 2r of qh[g] << 8; one whole byte of signs
//
//   value = d * (0.5 + s) / 4 * level, negative when its sign bit is set
//
// XXS has one scale for 32 values. In XS and S, scales[g] has two: low nibble for runs 0 and 1, high nibble for runs 2 and 3.
// Seven stored signs stand for eight (iqSigns).
//
#include "engine/quant/block_fields.h"
#include "engine/quant/iq_grids.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

void putRun(uint16_t entry, unsigned signs, float scale, float* out) noexcept
{
    for (int j = 0; j < 8; ++j) {
        const float magnitude = scale * float(kIq2Levels[entry >> (2 * j) & 3]);
        out[j] = signs >> j & 1 ? -magnitude : magnitude;
    }
}

float scaleOf(float d, int s) noexcept
{
    return d * (0.5f + float(s)) * 0.25f;
}

} // namespace

void unpackIQ2_XXS(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 66) {
        const float d = readHalf(b);
        for (int group = 0; group < 8; ++group) {
            const uint8_t* index = b + 2 + group * 8;
            const uint32_t word = readU32(index + 4);
            const float scale = scaleOf(d, int(word >> 28));
            for (int run = 0; run < 4; ++run, out += 8)
                putRun(kIq2XxsGrid[index[run]], iqSigns(word >> (7 * run) & 127), scale, out);
        }
    }
}

void unpackIQ2_XS(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 74) {
        const float d = readHalf(b);
        for (int run = 0; run < 32; ++run, out += 8) {
            const uint16_t word = readU16(b + 2 + 2 * run);
            const float scale = scaleOf(d, b[66 + run / 4] >> (run % 4 / 2 * 4) & 15);
            putRun(kIq2XsGrid[word & 511], iqSigns(word >> 9), scale, out);
        }
    }
}

void unpackIQ2_S(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 82) {
        const float d = readHalf(b);
        for (int run = 0; run < 32; ++run, out += 8) {
            const int index = b[2 + run] | (b[66 + run / 4] >> (run % 4 * 2) & 3) << 8;
            const float scale = scaleOf(d, b[74 + run / 4] >> (run % 4 / 2 * 4) & 15);
            putRun(kIq2SGrid[index], b[34 + run], scale, out);
        }
    }
}

} // namespace sy::quant
