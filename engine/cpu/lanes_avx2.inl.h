// SPDX-License-Identifier: GPL-3.0-or-later
// lanes_scalar.inl.h on AVX2: two registers of eight.
#pragma once

#include "engine/cpu/exp_avx2.inl.h"

namespace sy::cpu {
namespace {

struct LanesAvx2 {
    __m256 a, b;
    static LanesAvx2 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    static LanesAvx2 set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static LanesAvx2 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    void store(float* p) const
    {
        _mm256_storeu_ps(p, a);
        _mm256_storeu_ps(p + 8, b);
    }
    static LanesAvx2 loadHalf(const uint16_t* p)
    {
        return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
    }
    static LanesAvx2 loadSigned8(const int8_t* p)
    {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8)))};
    }
    static float halfToFloat(uint16_t h) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h))); }
};

inline LanesAvx2 operator+(LanesAvx2 x, LanesAvx2 y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline LanesAvx2 operator-(LanesAvx2 x, LanesAvx2 y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline LanesAvx2 operator*(LanesAvx2 x, LanesAvx2 y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline LanesAvx2 fma(LanesAvx2 x, LanesAvx2 y, LanesAvx2 z)
{
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
inline LanesAvx2 max(LanesAvx2 x, LanesAvx2 y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline LanesAvx2 exp(LanesAvx2 x) { return {exp8(x.a), exp8(x.b)}; }
inline LanesAvx2 keepLanes(LanesAvx2 x, int first, int last, float other)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const auto half = [&](__m256 v, int offset) {
        const __m256i i = _mm256_add_epi32(lane, _mm256_set1_epi32(offset));
        const __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(first), i),
                                                   _mm256_cmpgt_epi32(_mm256_set1_epi32(last), i));
        return _mm256_blendv_ps(_mm256_set1_ps(other), v, _mm256_castsi256_ps(inside));
    };
    return {half(x.a, 0), half(x.b, 8)};
}
inline float maxOf(LanesAvx2 x)
{
    const __m256 eight = _mm256_max_ps(x.a, x.b);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline float sumOf(LanesAvx2 x)
{
    const __m256 eight = _mm256_add_ps(x.a, x.b);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline void transpose8(const __m256 in[8], __m256 out[8])
{
    __m256 t[8];
    for (int i = 0; i < 8; i += 4) {
        const __m256 a = _mm256_unpacklo_ps(in[i], in[i + 1]), b = _mm256_unpackhi_ps(in[i], in[i + 1]);
        const __m256 c = _mm256_unpacklo_ps(in[i + 2], in[i + 3]), d = _mm256_unpackhi_ps(in[i + 2], in[i + 3]);
        t[i] = _mm256_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm256_shuffle_ps(a, c, 0xEE);
        t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm256_shuffle_ps(b, d, 0xEE);
    }
    for (int j = 0; j < 4; ++j) {
        out[j] = _mm256_permute2f128_ps(t[j], t[4 + j], 0x20);
        out[4 + j] = _mm256_permute2f128_ps(t[j], t[4 + j], 0x31);
    }
}

inline void transpose16(LanesAvx2 r[16])
{
    __m256 in[4][8], out[4][8]; // top left, top right, bottom left, bottom right
    for (int i = 0; i < 8; ++i) {
        in[0][i] = r[i].a;
        in[1][i] = r[i].b;
        in[2][i] = r[8 + i].a;
        in[3][i] = r[8 + i].b;
    }
    for (int i = 0; i < 4; ++i)
        transpose8(in[i], out[i]);
    for (int i = 0; i < 8; ++i) {
        r[i] = {out[0][i], out[2][i]};
        r[8 + i] = {out[1][i], out[3][i]};
    }
}

} // namespace
} // namespace sy::cpu
