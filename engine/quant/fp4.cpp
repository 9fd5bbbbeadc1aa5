// SPDX-License-Identifier: GPL-3.0-or-later
// MXFP4 and NVFP4: values in E2M1 (a float of 4 bits: 0, .5, 1, 1.5, 2, 3, 4, 6 and their negatives) under a shared scale.
//
//   MXFP4, 17 bytes, 32 values    0 u8 e   1 qs[16]             value = 2^(e-127) * E2M1(q), nibbles as in Q4_0
//   NVFP4, 36 bytes, 64 values    0 u8 scales[4]   4 qs[4][8]   value = UE4M3(scale) * E2M1(q)
//
// NVFP4's sub-block s (16 values) has scale s and bytes qs[s]: byte j holds value j in the low, value j + 8 in the high nibble.
// UE4M3: four bits of exponent (bias 7), three of mantissa; code 0 and code 127 (NaN) count as zero. The file's per-tensor scale
// for NVFP4 is a tensor of its own and is applied after the product.
//
// Tables hold E2M1 doubled, so scales are halved: exact, because every scale here is far from the edge of float except
// MXFP4's e = 0 and 1, whose halves are subnormal floats and are built as such.
//
#include "engine/quant/block_fields.h"
#include "engine/quant/iq4_levels.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

float halfOfE8m0(uint8_t e) noexcept // 2^(e - 128)
{
    if (e < 2)
        return std::bit_cast<float>(uint32_t(0x200000) << e);
    return std::bit_cast<float>(uint32_t(e - 1) << 23);
}

float halfOfUe4m3(uint8_t code) noexcept
{
    if (code == 0 || code == 0x7F)
        return 0;
    const int exponent = code >> 3 & 15;
    const int mantissa = code & 7;
    if (exponent == 0)
        return float(mantissa) * 0x1p-10f; // subnormal: mantissa * 2^-9, halved
    return std::bit_cast<float>(uint32_t(exponent + 120 - 1) << 23 | uint32_t(mantissa) << 20);
}

} // namespace

void unpackMXFP4(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 17, out += 32) {
        const float halfScale = halfOfE8m0(b[0]);
        for (int j = 0; j < 16; ++j) {
            out[j] = halfScale * float(kE2m1Doubled[low4(b[1 + j])]);
            out[j + 16] = halfScale * float(kE2m1Doubled[high4(b[1 + j])]);
        }
    }
}

void unpackNVFP4(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 64, b += 36) {
        for (int sub = 0; sub < 4; ++sub, out += 16) {
            const float halfScale = halfOfUe4m3(b[sub]);
            const uint8_t* qs = b + 4 + sub * 8;
            for (int j = 0; j < 8; ++j) {
                out[j] = halfScale * float(kE2m1Doubled[low4(qs[j])]);
                out[j + 8] = halfScale * float(kE2m1Doubled[high4(qs[j])]);
            }
        }
    }
}

} // namespace sy::quant
