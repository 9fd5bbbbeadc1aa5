// SPDX-License-Identifier: GPL-3.0-or-later
// Sixteen floats that every level treats alike, so that a loop written once over them gives the same bits on all of them. This is
// the definition; lanes_avx2.inl.h and lanes_avx512.inl.h have the same functions. Included only by per-level files.
#pragma once

#include "engine/cpu/exp.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sy::cpu {
namespace {

struct LanesScalar {
    float v[16];

    static LanesScalar zero() { return set1(0.0f); }
    static LanesScalar set1(float x)
    {
        LanesScalar r;
        for (float& f : r.v)
            f = x;
        return r;
    }
    static LanesScalar load(const float* p)
    {
        LanesScalar r;
        std::memcpy(r.v, p, sizeof r.v);
        return r;
    }
    void store(float* p) const { std::memcpy(p, v, sizeof v); }

    static LanesScalar loadHalf(const uint16_t* p)
    {
        LanesScalar r;
        for (int i = 0; i < 16; ++i)
            r.v[i] = halfToFloat(p[i]);
        return r;
    }

    static LanesScalar loadSigned8(const int8_t* p)
    {
        LanesScalar r;
        for (int i = 0; i < 16; ++i)
            r.v[i] = float(p[i]);
        return r;
    }

    static float halfToFloat(uint16_t h)
    {
        const uint32_t sign = uint32_t(h & 0x8000) << 16;
        const int exponent = h >> 10 & 31;
        const uint32_t mantissa = h & 1023;
        float magnitude;
        if (exponent == 31) {
            const uint32_t bits = 0x7F800000 | mantissa << 13;
            std::memcpy(&magnitude, &bits, 4);
        } else {
            magnitude = exponent ? std::ldexp(float(1024 + mantissa), exponent - 25) : std::ldexp(float(mantissa), -24);
        }
        return sign ? -magnitude : magnitude;
    }
};

inline LanesScalar operator+(LanesScalar a, LanesScalar b)
{
    for (int i = 0; i < 16; ++i)
        a.v[i] += b.v[i];
    return a;
}
inline LanesScalar operator-(LanesScalar a, LanesScalar b)
{
    for (int i = 0; i < 16; ++i)
        a.v[i] -= b.v[i];
    return a;
}
inline LanesScalar operator*(LanesScalar a, LanesScalar b)
{
    for (int i = 0; i < 16; ++i)
        a.v[i] *= b.v[i];
    return a;
}
inline LanesScalar fma(LanesScalar a, LanesScalar b, LanesScalar c)
{
    for (int i = 0; i < 16; ++i)
        c.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
    return c;
}
inline LanesScalar max(LanesScalar a, LanesScalar b)
{
    for (int i = 0; i < 16; ++i)
        a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
    return a;
}
inline LanesScalar exp(LanesScalar a)
{
    for (float& f : a.v)
        f = expDefinition(f);
    return a;
}
/// Lanes first … last-1 keep their value, the others become `other`.
inline LanesScalar keepLanes(LanesScalar a, int first, int last, float other)
{
    for (int i = 0; i < 16; ++i)
        a.v[i] = i >= first && i < last ? a.v[i] : other;
    return a;
}
inline float maxOf(LanesScalar a)
{
    float m = a.v[0];
    for (int i = 1; i < 16; ++i)
        m = m > a.v[i] ? m : a.v[i];
    return m;
}
/// Halves are folded: lane i + lane i + 8, then 4, 2, 1.
inline float sumOf(LanesScalar a)
{
    for (int n = 8; n > 0; n /= 2)
        for (int i = 0; i < n; ++i)
            a.v[i] += a.v[i + n];
    return a.v[0];
}

/// Rows become columns, in place.
inline void transpose16(LanesScalar r[16])
{
    for (int i = 0; i < 16; ++i)
        for (int j = i + 1; j < 16; ++j) {
            const float f = r[i].v[j];
            r[i].v[j] = r[j].v[i];
            r[j].v[i] = f;
        }
}

} // namespace
} // namespace sy::cpu
