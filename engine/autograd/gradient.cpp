// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/autograd/gradient.h"

#include <stdexcept>
#include <utility>

namespace sy::autograd {

void addInto(cpu::ThreadPool& pool, Tensor& x, const Tensor& y)
{
    if (x.shape() != y.shape())
        throw std::invalid_argument("gradient " + toString(y.shape()) + " for a value " + toString(x.shape()));
    constexpr int64_t kPiece = 16384;
    pool.parallelFor(x.count(), kPiece, [to = x.f32(), from = y.f32()](int64_t first, int64_t end) {
        for (int64_t i = first; i < end; ++i)
            to[i] += from[i];
    });
}

void GradientSum::add(cpu::ThreadPool& pool, Tensor share)
{
    if (m_sum)
        addInto(pool, m_sum, share);
    else
        m_sum = std::move(share);
}

Tensor& Parameter::sum()
{
    if (!gradient)
        gradient = Tensor::zeros(value.shape());
    return gradient;
}

} // namespace sy::autograd
