// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/block_compressor/block_compressor_grad.h"

#include "engine/cpu/vec.h"
#include "engine/ops/block_compressor/compress_channels.h"
#include "engine/ops/packed_texts.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace sy::ops {

namespace {

constexpr int kChannelsPerJob = 64; // channels do not depend on each other

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &compressGradChannels<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &compressGradChannels<cpu::Avx2>;
#endif
    (void)level;
    return &compressGradChannels<cpu::Scalar>;
}

} // namespace

int64_t blocksOf(const BlockCompressorConfig& config, std::span<const int64_t> lengths)
{
    return std::accumulate(lengths.begin(), lengths.end(), int64_t(0),
                           [&](int64_t sum, int64_t length) { return sum + length / config.ratio; });
}

Tensor packedBlocks(const OpContext& context, const BlockCompressorConfig& c, const Tensor& values, const Tensor& scores,
                    const Tensor& slotBias, std::span<const int64_t> lengths)
{
    requireTexts("packedBlocks", values, lengths);
    if (c.ratio < 1 || c.width < 1)
        throw std::invalid_argument("packedBlocks: a block of no tokens or channels");
    Tensor rows = Tensor::empty({blocksOf(c, lengths), c.width});
    std::vector<float> state(c.stateFloats());
    int64_t first = 0;
    float* to = rows.f32();
    for (const int64_t length : lengths) {
        const Tensor part =
            compressBlocks(context, c, values, scores, slotBias, first, length, 0, state.data(), state.data());
        to = std::copy_n(part.f32(), part.count(), to);
        first += length;
    }
    return rows;
}

BlockCompressorGrad packedBlocksGrad(const OpContext& context, const BlockCompressorConfig& c, const Tensor& values,
                                     const Tensor& scores, const Tensor& slotBias, std::span<const int64_t> lengths,
                                     const Tensor& dy)
{
    requireTexts("packedBlocks", values, lengths);
    if (c.width < 1 || c.ratio < 1 || values.cols() != c.inputWidth() || scores.shape() != values.shape() ||
        slotBias.rows() != c.ratio || slotBias.cols() != c.inputWidth() ||
        dy.shape() != Shape{blocksOf(c, lengths), c.width})
        throw std::invalid_argument("packedBlocksGrad: values " + toString(values.shape()) + ", gradient " +
                                    toString(dy.shape()));
    BlockCompressorGrad grad{Tensor::zeros(values.shape()), Tensor::zeros(values.shape())};
    const auto run = kernelFor(context.level);
    const int64_t nJobs = (c.width + kChannelsPerJob - 1) / kChannelsPerJob;
    context.pool.parallelFor(nJobs, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t channel = i * kChannelsPerJob;
            int64_t first = 0, firstBlock = 0;
            for (const int64_t length : lengths) {
                const int64_t at = first * c.inputWidth() + channel;
                CompressGradChannels job{};
                job.values = values.f32() + at;
                job.scores = scores.f32() + at;
                job.slotBias = slotBias.f32() + channel;
                job.inputStride = c.inputWidth();
                job.nTokens = length;
                job.width = c.width;
                job.ratio = c.ratio;
                job.overlaps = c.overlaps;
                job.nChannels = int(std::min<int64_t>(kChannelsPerJob, c.width - channel));
                job.dOut = dy.f32() + firstBlock * c.width + channel;
                job.dValues = grad.values.f32() + at;
                job.dScores = grad.scores.f32() + at;
                run(job);
                first += length;
                firstBlock += length / c.ratio;
            }
        }
    });
    return grad;
}

} // namespace sy::ops
