// SPDX-License-Identifier: GPL-3.0-or-later
// lanes_scalar.inl.h on AVX-512.
#pragma once

#include "engine/cpu/exp_avx512.inl.h"

namespace sy::cpu {
namespace {

struct LanesAvx512 {
    __m512 v;
    static LanesAvx512 zero() { return {_mm512_setzero_ps()}; }
    static LanesAvx512 set1(float x) { return {_mm512_set1_ps(x)}; }
    static LanesAvx512 load(const float* p) { return {_mm512_loadu_ps(p)}; }
    void store(float* p) const { _mm512_storeu_ps(p, v); }
    static LanesAvx512 loadHalf(const uint16_t* p)
    {
        return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
    }
    static LanesAvx512 loadSigned8(const int8_t* p)
    {
        return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
    }
    static float halfToFloat(uint16_t h) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h))); }
};

inline LanesAvx512 operator+(LanesAvx512 a, LanesAvx512 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline LanesAvx512 operator-(LanesAvx512 a, LanesAvx512 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline LanesAvx512 operator*(LanesAvx512 a, LanesAvx512 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline LanesAvx512 fma(LanesAvx512 a, LanesAvx512 b, LanesAvx512 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline LanesAvx512 max(LanesAvx512 a, LanesAvx512 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline LanesAvx512 exp(LanesAvx512 a) { return {exp16(a.v)}; }
inline LanesAvx512 keepLanes(LanesAvx512 a, int first, int last, float other)
{
    first = first < 0 ? 0 : first > 16 ? 16 : first;
    last = last < first ? first : last > 16 ? 16 : last;
    const auto mask = __mmask16((1u << last) - (1u << first));
    return {_mm512_mask_blend_ps(mask, _mm512_set1_ps(other), a.v)};
}
inline float maxOf(LanesAvx512 a) { return _mm512_reduce_max_ps(a.v); }
inline float sumOf(LanesAvx512 a)
{
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline void transpose16(LanesAvx512 r[16])
{
    // 4x4 inside 128-bit lanes, then the lanes themselves in two rounds.
    __m512 t[16];
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        const __m512 a = _mm512_unpacklo_ps(r[i].v, r[i + 1].v), b = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
        const __m512 c = _mm512_unpacklo_ps(r[i + 2].v, r[i + 3].v), d = _mm512_unpackhi_ps(r[i + 2].v, r[i + 3].v);
        t[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
        t[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
        t[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
        t[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) { // t[4 i + j] lane L holds column 4 L + j of rows 4 i … 4 i + 3
        const __m512 a = _mm512_shuffle_f32x4(t[j], t[4 + j], 0x88), b = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0x88);
        const __m512 c = _mm512_shuffle_f32x4(t[j], t[4 + j], 0xDD), d = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0xDD);
        r[j].v = _mm512_shuffle_f32x4(a, b, 0x88);
        r[8 + j].v = _mm512_shuffle_f32x4(a, b, 0xDD);
        r[4 + j].v = _mm512_shuffle_f32x4(c, d, 0x88);
        r[12 + j].v = _mm512_shuffle_f32x4(c, d, 0xDD);
    }
}

} // namespace
} // namespace sy::cpu
