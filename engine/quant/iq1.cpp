// SPDX-License-Identifier: GPL-3.0-or-later
// IQ1_S and IQ1_M: 256 values; eight at a time are one entry of a codebook of 2048 with levels -1, 0, 1, all moved by 1/8 up or down.
//
//   IQ1_S, 50 bytes    0 f16 d   2 index[32]   34 u16 qh[8]
//        qh of group g (32 values):  bits 3r+2 .. 3r top of run r's index, bits 14-12 scale s, bit 15 shift down
//   IQ1_M, 56 bytes    0 index[32]   32 qh[16]   48 u16 scales[4]
//        qh[i] serves runs 2i (low nibble) and 2i+1 (high):  bits 2-0 top of the index, bit 3 shift down
//        scales[w]:  four scales of 3 bits, each for two runs, in bits 11-0; bits 15-12 are nibble w of d (f16)
//
//   index of 11 bits = index[run] | top bits << 8;   value = d * (2 s + 1) * (level +- 1/8)
//
#include "engine/quant/block_fields.h"
#include "engine/quant/iq_grids.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

constexpr float kShift = 0.125f;

void putRun(int index, bool isShiftedDown, float scale, float* out) noexcept
{
    const uint16_t entry = kIq1Grid[index];
    const float shift = isShiftedDown ? -kShift : kShift;
    for (int j = 0; j < 8; ++j)
        out[j] = scale * (float(kIq1Levels[entry >> (2 * j) & 3]) + shift);
}

} // namespace

void unpackIQ1_S(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 50) {
        const float d = readHalf(b);
        for (int run = 0; run < 32; ++run, out += 8) {
            const uint16_t qh = readU16(b + 34 + run / 4 * 2);
            const int index = b[2 + run] | (qh >> (run % 4 * 3) & 7) << 8;
            putRun(index, qh >> 15, d * float(2 * (qh >> 12 & 7) + 1), out);
        }
    }
}

void unpackIQ1_M(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 56) {
        const uint8_t* scales = b + 48;
        unsigned dBits = 0;
        for (int w = 0; w < 4; ++w)
            dBits |= unsigned(readU16(scales + 2 * w) >> 12) << (4 * w);
        const float d = halfToFloat(uint16_t(dBits));
        for (int run = 0; run < 32; ++run, out += 8) {
            const int qh = b[32 + run / 2] >> (run % 2 * 4);
            const int index = b[run] | (qh & 7) << 8;
            const int s = readU16(scales + run / 8 * 2) >> (run % 8 / 2 * 3) & 7;
            putRun(index, qh & 8, d * float(2 * s + 1), out);
        }
    }
}

} // namespace sy::quant
