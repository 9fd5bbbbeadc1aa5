// SPDX-License-Identifier: GPL-3.0-or-later
// The only file of half.h compiled with -mavx2 -mfma -mf16c. The last few values go through a buffer of eight, so that the
// tail is computed by the same instructions and no inline function of half.h is compiled here (STYLE.md section 8).
#include "engine/quant/half_bulk.h"

#include <immintrin.h>

namespace sy::quant {

namespace {

__m256 widenHalf(const uint16_t* in) noexcept
{
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)));
}

__m128i narrowHalf(const float* in) noexcept
{
    return _mm256_cvtps_ph(_mm256_loadu_ps(in), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

__m256 widenBf16(const uint16_t* in) noexcept
{
    const __m128i raw = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(raw), 16));
}

__m128i narrowBf16(const float* in) noexcept
{
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF))), 16);
    const __m256i quiet = _mm256_or_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(0x40));
    const __m256 value = _mm256_castsi256_ps(bits);
    const __m256i isNan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    const __m256i words = _mm256_blendv_epi8(rounded, quiet, isNan);
    return _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

template <__m256 (*widen)(const uint16_t*) noexcept>
void widenAll(const uint16_t* in, float* out, int64_t n) noexcept
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, widen(in + i));
    if (i == n)
        return;
    uint16_t last[8] = {};
    float widened[8];
    for (int64_t j = i; j < n; ++j)
        last[j - i] = in[j];
    _mm256_storeu_ps(widened, widen(last));
    for (int64_t j = i; j < n; ++j)
        out[j] = widened[j - i];
}

template <__m128i (*narrow)(const float*) noexcept>
void narrowAll(const float* in, uint16_t* out, int64_t n) noexcept
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), narrow(in + i));
    if (i == n)
        return;
    float last[8] = {};
    uint16_t narrowed[8];
    for (int64_t j = i; j < n; ++j)
        last[j - i] = in[j];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(narrowed), narrow(last));
    for (int64_t j = i; j < n; ++j)
        out[j] = narrowed[j - i];
}

} // namespace

const HalfKernels halfKernelsAvx2 = {widenAll<widenHalf>, narrowAll<narrowHalf>, widenAll<widenBf16>, narrowAll<narrowBf16>};

} // namespace sy::quant
