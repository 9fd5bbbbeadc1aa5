// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of small ops share: the levels this machine has, numbers that repeat, and equality of bits.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstring>
#include <random>
#include <vector>

namespace sy::test {

inline std::vector<cpu::Level> levels()
{
    std::vector<cpu::Level> list;
    for (const cpu::Level level : {cpu::Level::scalar, cpu::Level::avx2, cpu::Level::avx512}) {
        if (level <= cpu::level())
            list.push_back(level);
    }
    return list;
}

inline Tensor randomTensor(Shape shape, unsigned seed, float spread = 1.0f)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, spread);
    Tensor t = Tensor::empty(shape);
    for (int64_t i = 0; i < t.count(); ++i)
        t.f32()[i] = normal(random);
    return t;
}

inline Tensor copyOf(const Tensor& t)
{
    return Tensor::of(t.values(), t.shape());
}

inline bool sameBits(const Tensor& a, const Tensor& b)
{
    return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

} // namespace sy::test
