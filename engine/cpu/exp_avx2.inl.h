// SPDX-License-Identifier: GPL-3.0-or-later
// exp of 8 floats, operation by operation as engine/cpu/exp.h defines it. For files compiled for AVX2 and FMA only.
#pragma once

#include "engine/cpu/exp.h"

#include <immintrin.h>

namespace sy::cpu {
namespace {

inline __m256 exp8(__m256 x)
{
    using C = ExpConstants;
    x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(C::kLow)), _mm256_set1_ps(C::kHigh));
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(C::kLog2e)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(C::kLn2High), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(C::kLn2Low), r);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(C::kC6), r, _mm256_set1_ps(C::kC5));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(C::kC4));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(C::kC3));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(C::kC2));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

} // namespace
} // namespace sy::cpu
