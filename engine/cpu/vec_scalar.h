// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/vec.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace sy::cpu {

template <>
struct Vec<Scalar> {
    float lane[kLanes];

    template <class F>
    static Vec make(F f)
    {
        Vec v;
        for (int i = 0; i < kLanes; ++i)
            v.lane[i] = f(i);
        return v;
    }

    static Vec all(float x)
    {
        return make([&](int) { return x; });
    }
    static Vec load(const float* p)
    {
        return make([&](int i) { return p[i]; });
    }
    static Vec load(const float* p, int n)
    {
        return make([&](int i) { return i < n ? p[i] : 0.0f; });
    }
    void store(float* p) const { store(p, kLanes); }
    void store(float* p, int n) const
    {
        for (int i = 0; i < n; ++i)
            p[i] = lane[i];
    }
    float sum() const
    {
        Vec v = *this;
        for (int step = kLanes / 2; step >= 1; step /= 2) {
            for (int i = 0; i < step; ++i)
                v.lane[i] += v.lane[i + step];
        }
        return v.lane[0];
    }

    friend Vec operator+(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] + b.lane[i]; });
    }
    friend Vec operator-(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] - b.lane[i]; });
    }
    friend Vec operator*(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] * b.lane[i]; });
    }
    friend Vec operator/(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] / b.lane[i]; });
    }
    friend Vec fma(const Vec& a, const Vec& b, const Vec& c)
    {
        return make([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
    }
    friend Vec sqrt(const Vec& a)
    {
        return make([&](int i) { return std::sqrt(a.lane[i]); });
    }
    friend Vec abs(const Vec& a)
    {
        return make([&](int i) { return std::fabs(a.lane[i]); });
    }
    friend Vec min(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
    }
    friend Vec max(const Vec& a, const Vec& b)
    {
        return make([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
    }
    friend Vec swapPairs(const Vec& a)
    {
        return make([&](int i) { return a.lane[i ^ 1]; });
    }
    friend Vec timesPowerOfTwo(const Vec& x, const Vec& t)
    {
        return make([&](int i) {
            return std::bit_cast<float>(std::bit_cast<uint32_t>(x.lane[i]) + (std::bit_cast<uint32_t>(t.lane[i]) << 23));
        });
    }
};

} // namespace sy::cpu
