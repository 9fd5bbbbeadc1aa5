// SPDX-License-Identifier: GPL-3.0-or-later
// TQ1_0 and TQ2_0: 256 ternary values under one scale; value = d * (q - 1), q = 0, 1, 2.
//
//   TQ1_0, 54 bytes    0 qs[48]   48 qh[4]   52 f16 d       five values a byte, in base 3
//   TQ2_0, 66 bytes    0 qs[64]   64 f16 d                  four values a byte, 2 bits each
//
// A byte of TQ1_0 is the fraction 0.q0 q1 q2 q3 q4 in base 3, scaled to 256 and rounded up: multiplying by 3^n (modulo 256)
// brings digit n to the front, and the integer part of three times that is the digit. Bytes lie so that a vector of bytes gives a
// run of values: qs[0..31] give values 0..159 (byte m, digit n: value 32n + m), qs[32..47] give 160..239 (160 + 16n + m),
// qh gives 240..255 (240 + 4n + m, four digits).
//
// TQ2_0: byte m of 32-byte half h, bits 2l+1..2l: value 128h + 32l + m.
//
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

constexpr uint8_t kPowersOf3[5] = {1, 3, 9, 27, 81};

float* putDigits(const uint8_t* bytes, int nBytes, int nDigits, float d, float* out) noexcept
{
    for (int n = 0; n < nDigits; ++n)
        for (int m = 0; m < nBytes; ++m) {
            const auto front = static_cast<uint8_t>(bytes[m] * kPowersOf3[n]);
            *out++ = d * float((front * 3 >> 8) - 1);
        }
    return out;
}

} // namespace

void unpackTQ1_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 54) {
        const float d = readHalf(b + 52);
        out = putDigits(b, 32, 5, d, out);
        out = putDigits(b + 32, 16, 5, d, out);
        out = putDigits(b + 48, 4, 4, d, out);
    }
}

void unpackTQ2_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 66) {
        const float d = readHalf(b + 64);
        for (int half = 0; half < 2; ++half)
            for (int shift = 0; shift < 8; shift += 2)
                for (int m = 0; m < 32; ++m)
                    *out++ = d * float((b[half * 32 + m] >> shift & 3) - 1);
    }
}

} // namespace sy::quant
