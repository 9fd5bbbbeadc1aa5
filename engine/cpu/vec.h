// SPDX-License-Identifier: GPL-3.0-or-later
// Sixteen floats at every level: one AVX-512 register, two AVX2 registers, or an array. The lane count is part of the
// arithmetic, not of the processor: a sum goes into 16 partial sums and then down one fixed tree, multiplications and additions
// are fused only where the code says fma, and division and square root are rounded correctly everywhere. So a kernel written once
// over Vec gives the same bits on all levels, and the scalar one is its definition.
//
// vec_scalar.h, vec_avx2.h and vec_avx512.h specialize Vec; a file compiled for a level includes exactly one of them. Everything
// here is a template, so that no code of one level can stand in for another's when the program is linked (STYLE.md section 8).
#pragma once

namespace sy::cpu {

struct Scalar;
struct Avx2;
struct Avx512;

inline constexpr int kLanes = 16;

/// load(p), load(p, n): n < 16 lanes, zeros behind; store(p), store(p, n); all(x): one value in every lane.
/// + - * /, fma(a, b, c) = a * b + c in one rounding, sqrt, abs, min, max. min and max return their second argument when
/// either is not a number. sum(): lanes i and i + 8, then i + 4, i + 2, i + 1.
/// swapPairs(x): lanes 1 0 3 2 5 4 ...
/// timesPowerOfTwo(x, t): x * 2^k for a t that holds k in the low bits of its mantissa, as exp() makes it.
template <class Level>
struct Vec;

/// e^x within 2 units in the last place; below -87.3 and above 88.3 the argument is taken for the limit (1e-38 and 2e38).
template <class Level>
Vec<Level> exp(Vec<Level> x)
{
    using V = Vec<Level>;
    x = min(V::all(88.3f), max(V::all(-87.3f), x));
    // Adding 1.5 * 2^23 leaves round(x / ln 2) in the low bits of the mantissa.
    const V magic = V::all(12582912.0f);
    const V shifted = fma(x, V::all(1.44269504f), magic);
    const V n = shifted - magic;
    // ln 2 in two parts, the first short enough for n times it to be exact.
    V r = fma(n, V::all(-0.693359375f), x);
    r = fma(n, V::all(2.12194440e-4f), r);
    // Taylor to the seventh power: the first term left out is 5e-9 at |r| = ln(2) / 2.
    V p = V::all(1.0f / 5040);
    p = fma(p, r, V::all(1.0f / 720));
    p = fma(p, r, V::all(1.0f / 120));
    p = fma(p, r, V::all(1.0f / 24));
    p = fma(p, r, V::all(1.0f / 6));
    p = fma(p, r, V::all(0.5f));
    p = fma(p, r, V::all(1.0f));
    p = fma(p, r, V::all(1.0f));
    return timesPowerOfTwo(p, shifted);
}

/// x / (1 + e^-x)
template <class Level>
Vec<Level> silu(Vec<Level> x)
{
    using V = Vec<Level>;
    return x / (V::all(1.0f) + exp(V::all(0.0f) - x));
}

/// erfc(x) for x >= 0, absolute error 1.5e-7. Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
template <class Level>
Vec<Level> erfcPositive(Vec<Level> x)
{
    using V = Vec<Level>;
    const V t = V::all(1.0f) / fma(V::all(0.3275911f), x, V::all(1.0f));
    V p = V::all(1.061405429f);
    p = fma(p, t, V::all(-1.453152027f));
    p = fma(p, t, V::all(1.421413741f));
    p = fma(p, t, V::all(-0.284496736f));
    p = fma(p, t, V::all(0.254829592f));
    return p * t * exp(V::all(0.0f) - x * x);
}

} // namespace sy::cpu
