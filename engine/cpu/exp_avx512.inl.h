// SPDX-License-Identifier: GPL-3.0-or-later
// exp of 16 floats, operation by operation as engine/cpu/exp.h defines it. For files compiled for AVX-512 only.
#pragma once

#include "engine/cpu/exp.h"

#include <immintrin.h>

namespace sy::cpu {
namespace {

inline __m512 exp16(__m512 x)
{
    using C = ExpConstants;
    x = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(C::kLow)), _mm512_set1_ps(C::kHigh));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(C::kLog2e)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(C::kLn2High), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(C::kLn2Low), r);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(C::kC6), r, _mm512_set1_ps(C::kC5));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(C::kC4));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(C::kC3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(C::kC2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    const __m512i power = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
    return _mm512_mul_ps(p, _mm512_castsi512_ps(power));
}

} // namespace
} // namespace sy::cpu
