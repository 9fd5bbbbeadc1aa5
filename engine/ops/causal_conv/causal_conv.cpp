// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/causal_conv/causal_conv.h"

#include "engine/cpu/vec.h"
#include "engine/ops/causal_conv/causal_conv_rows.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

namespace {

constexpr int kMostKernel = 16;

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &causalConvRow<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &causalConvRow<cpu::Avx2>;
#endif
    (void)level;
    return &causalConvRow<cpu::Scalar>;
}

} // namespace

void causalConv(const OpContext& context, const Tensor& x, int64_t first, int64_t n, const Tensor& weight,
                const float* history, float* next, Tensor& y)
{
    const int64_t nChannels = weight.cols();
    const int kernel = int(weight.rows());
    if (kernel < 1 || kernel > kMostKernel || x.cols() != nChannels || y.shape() != x.shape() || first < 0 || n < 0 ||
        first + n > x.rows())
        throw std::invalid_argument("causalConv: x " + toString(x.shape()) + ", weight " + toString(weight.shape()) +
                                    ", rows " + std::to_string(first) + " to " + std::to_string(first + n));
    // The input at a time relative to the first row; negative ones are history.
    const auto input = [&](int64_t t) {
        return t < 0 ? history + (t + kernel - 1) * nChannels : x.f32() + (first + t) * nChannels;
    };
    const auto run = kernelFor(context.level);
    parallelRows(context, n, nChannels * kernel, [&, out = y.f32()](int64_t begin, int64_t end) {
        const float* inputs[kMostKernel];
        for (int64_t t = begin; t < end; ++t) {
            for (int j = 0; j < kernel; ++j)
                inputs[j] = input(t - kernel + 1 + j);
            run(inputs, weight.f32(), kernel, nChannels, out + (first + t) * nChannels);
        }
    });
    for (int j = 0; j < kernel - 1; ++j)
        std::copy_n(input(n - kernel + 1 + j), nChannels, next + j * nChannels);
}

} // namespace sy::ops
