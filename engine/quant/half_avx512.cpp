// SPDX-License-Identifier: GPL-3.0-or-later
// The only file of half.h compiled with AVX-512. Tails use masks. The processor's own conversion to bfloat16 is not used: it
// flushes subnormal numbers to zero.
#include "engine/quant/half_bulk.h"

#include <immintrin.h>

namespace sy::quant {

namespace {

__mmask16 firstOf(int64_t n) noexcept
{
    return n >= 16 ? __mmask16(0xFFFF) : __mmask16((1u << n) - 1);
}

void halfToFloat512(const uint16_t* in, float* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; i += 16) {
        const __mmask16 mask = firstOf(n - i);
        _mm512_mask_storeu_ps(out + i, mask, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, in + i)));
    }
}

void floatToHalf512(const float* in, uint16_t* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; i += 16) {
        const __mmask16 mask = firstOf(n - i);
        const __m512 values = _mm512_maskz_loadu_ps(mask, in + i);
        _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
}

void bf16ToFloat512(const uint16_t* in, float* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; i += 16) {
        const __mmask16 mask = firstOf(n - i);
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, in + i));
        _mm512_mask_storeu_epi32(out + i, mask, _mm512_slli_epi32(wide, 16));
    }
}

void floatToBf16512(const float* in, uint16_t* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; i += 16) {
        const __mmask16 mask = firstOf(n - i);
        const __m512i bits = _mm512_maskz_loadu_epi32(mask, in + i);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF))), 16);
        const __m512i quiet = _mm512_or_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
        const __m512 value = _mm512_castsi512_ps(bits);
        const __m512i words = _mm512_mask_blend_epi32(_mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), rounded, quiet);
        _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtepi32_epi16(words));
    }
}

} // namespace

const HalfKernels halfKernelsAvx512 = {halfToFloat512, floatToHalf512, bf16ToFloat512, floatToBf16512};

} // namespace sy::quant
