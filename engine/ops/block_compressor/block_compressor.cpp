// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/block_compressor/block_compressor.h"

#include "engine/cpu/vec.h"
#include "engine/ops/block_compressor/compress_channels.h"

#include <algorithm>
#include <stdexcept>

namespace sy::ops {

namespace {

constexpr int kChannelsPerJob = 64; // channels do not depend on each other

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &compressChannels<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &compressChannels<cpu::Avx2>;
#endif
    (void)level;
    return &compressChannels<cpu::Scalar>;
}

} // namespace

Tensor compressBlocks(const OpContext& context, const BlockCompressorConfig& c, const Tensor& values, const Tensor& scores,
                      const Tensor& slotBias, int64_t first, int64_t n, int64_t firstPosition, const float* state,
                      float* next)
{
    if (c.width < 1 || c.ratio < 1 || values.cols() != c.inputWidth() || scores.shape() != values.shape() ||
        slotBias.rows() != c.ratio || slotBias.cols() != c.inputWidth() || first < 0 || n < 0 || firstPosition < 0 ||
        first + n > values.rows())
        throw std::invalid_argument("compressBlocks: values " + toString(values.shape()) + ", scores " +
                                    toString(scores.shape()) + ", bias " + toString(slotBias.shape()) + ", rows " +
                                    std::to_string(first) + " to " + std::to_string(first + n));
    const int64_t nBlocks = (firstPosition + n) / c.ratio - firstPosition / c.ratio;
    Tensor out = Tensor::empty({nBlocks, c.width});
    if (next != state) {
        if (firstPosition == 0) // nothing is read
            std::fill_n(next, c.stateFloats(), 0.0f);
        else
            std::copy_n(state, c.stateFloats(), next);
    }
    const auto run = kernelFor(context.level);
    const int64_t nJobs = (c.width + kChannelsPerJob - 1) / kChannelsPerJob;
    context.pool.parallelFor(nJobs, std::max<int64_t>(1, 16 / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t channel = i * kChannelsPerJob, at = first * c.inputWidth() + channel;
            CompressChannels job{};
            job.values = values.f32() + at;
            job.scores = scores.f32() + at;
            job.slotBias = slotBias.f32() + channel;
            job.inputStride = c.inputWidth();
            job.nTokens = n;
            job.firstPosition = firstPosition;
            job.width = c.width;
            job.ratio = c.ratio;
            job.overlaps = c.overlaps;
            job.nChannels = int(std::min<int64_t>(kChannelsPerJob, c.width - channel));
            job.state = next + channel;
            job.out = out.f32() + channel;
            run(job);
        }
    });
    return out;
}

} // namespace sy::ops
