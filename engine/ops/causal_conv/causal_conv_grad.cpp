// SPDX-License-Identifier: GPL-3.0-or-later
// A task takes some channels through all tokens, so that every sum over tokens is its own.
#include "engine/ops/causal_conv/causal_conv_grad.h"

#include "engine/cpu/vec.h"
#include "engine/ops/causal_conv/causal_conv.h"
#include "engine/ops/causal_conv/causal_conv_rows.h"
#include "engine/ops/packed_texts.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

constexpr int64_t kChannelsPerJob = 64;

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &causalConvGradChannels<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &causalConvGradChannels<cpu::Avx2>;
#endif
    (void)level;
    return &causalConvGradChannels<cpu::Scalar>;
}

} // namespace

Tensor packedCausalConv(const OpContext& context, const Tensor& x, std::span<const int64_t> lengths, const Tensor& weight)
{
    requireTexts("packedCausalConv", x, lengths);
    Tensor y = Tensor::empty(x.shape());
    const std::vector<float> nothing(size_t(weight.count()), 0.0f);
    std::vector<float> ignored(nothing.size());
    int64_t first = 0;
    for (const int64_t length : lengths) {
        causalConv(context, x, first, length, weight, nothing.data(), ignored.data(), y);
        first += length;
    }
    return y;
}

Tensor packedCausalConvGrad(const OpContext& context, const Tensor& x, std::span<const int64_t> lengths,
                            const Tensor& weight, const Tensor& dy, Tensor* dWeight)
{
    requireTexts("packedCausalConv", x, lengths);
    const int64_t nChannels = x.cols();
    if (weight.cols() != nChannels || weight.rows() < 1 || dy.shape() != x.shape() ||
        (dWeight && dWeight->shape() != weight.shape()))
        throw std::invalid_argument("packedCausalConvGrad: x " + toString(x.shape()) + ", weight " +
                                    toString(weight.shape()) + ", gradient " + toString(dy.shape()));
    Tensor dx = Tensor::empty(x.shape());
    const auto run = kernelFor(context.level);
    const int64_t nJobs = (nChannels + kChannelsPerJob - 1) / kChannelsPerJob;
    context.pool.parallelFor(nJobs, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t channel = i * kChannelsPerJob;
            int64_t first = 0;
            for (const int64_t length : lengths) {
                const int64_t at = first * nChannels + channel;
                CausalConvGrad job{};
                job.x = x.f32() + at;
                job.dy = dy.f32() + at;
                job.dx = dx.f32() + at;
                job.weight = weight.f32() + channel;
                job.dWeight = dWeight ? dWeight->f32() + channel : nullptr;
                job.stride = nChannels;
                job.nTokens = length;
                job.kernel = int(weight.rows());
                job.nChannels = int(std::min(kChannelsPerJob, nChannels - channel));
                run(job);
                first += length;
            }
        }
    });
    return dx;
}

} // namespace sy::ops
