// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/rope/rope.h"

#include "engine/cpu/vec.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rope/rope_heads.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace sy::ops {

namespace {

using HeadsKernel = void (*)(float*, int64_t, int64_t, const float*, const float*, int) noexcept;

template <class Level>
HeadsKernel kernelOf(RopeLayout layout)
{
    return layout == RopeLayout::adjacent ? &ropeAdjacent<Level> : &ropeHalves<Level>;
}

HeadsKernel kernelFor(cpu::Level level, RopeLayout layout)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return kernelOf<cpu::Avx512>(layout);
    if (level == cpu::Level::avx2)
        return kernelOf<cpu::Avx2>(layout);
#endif
    (void)level;
    return kernelOf<cpu::Scalar>(layout);
}

} // namespace

std::vector<double> ropeFrequencies(int nRotated, double base, double linearFactor, std::span<const float> factors)
{
    if (nRotated < 0 || nRotated % 2 != 0 || (!factors.empty() && factors.size() != size_t(nRotated / 2)))
        throw std::invalid_argument("ropeFrequencies: " + std::to_string(nRotated) + " rotated values, " +
                                    std::to_string(factors.size()) + " factors");
    std::vector<double> frequencies(size_t(nRotated / 2));
    for (size_t i = 0; i < frequencies.size(); ++i)
        frequencies[i] = std::pow(base, -2.0 * double(i) / nRotated) / linearFactor / (factors.empty() ? 1.0 : double(factors[i]));
    return frequencies;
}

void scaleByYarn(std::vector<double>& frequencies, double base, const YarnScaling& yarn)
{
    if (!(yarn.factor > 0) || !(yarn.originalContextLength > 0) || !(yarn.betaFast > 0) || !(yarn.betaSlow > 0))
        throw std::invalid_argument("scaleByYarn: factor " + std::to_string(yarn.factor) + ", context " +
                                    std::to_string(yarn.originalContextLength));
    const double nRotated = 2 * double(frequencies.size());
    // The pair that turns `beta` times over the original context.
    const auto pairOf = [&](double beta) {
        return nRotated * std::log(yarn.originalContextLength / (2 * std::numbers::pi * beta)) / (2 * std::log(base));
    };
    const double first = pairOf(yarn.betaFast), last = pairOf(yarn.betaSlow);
    const double low = std::max(0.0, yarn.roundsBorders ? std::floor(first) : first);
    const double high = std::min(nRotated - 1, yarn.roundsBorders ? std::ceil(last) : last);
    for (size_t i = 0; i < frequencies.size(); ++i) {
        const double ramp = std::clamp((double(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
        const double kept = (1 - ramp) * yarn.mix;
        frequencies[i] = frequencies[i] / yarn.factor * (1 - kept) + frequencies[i] * kept;
    }
}

RopeAngles ropeAngles(const OpContext& context, const RopeConfig& config, std::span<const int32_t> positions)
{
    const auto nTokens = int64_t(positions.size());
    const auto nPairs = int64_t(config.frequencies.size());
    const bool isAdjacent = config.layout == RopeLayout::adjacent;
    const int64_t width = isAdjacent ? 2 * nPairs : nPairs;
    RopeAngles angles{Tensor::empty({nTokens, width}), Tensor::empty({nTokens, width})};
    float* cosines = angles.cosines.f32();
    float* sines = angles.sines.f32();
    constexpr int64_t kCost = 100; // a sine and a cosine in double, in the values that parallelRows counts
    parallelRows(context, nTokens, nPairs * kCost, [&](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t) {
            float* c = cosines + t * width;
            float* s = sines + t * width;
            for (int64_t i = 0; i < nPairs; ++i) {
                const double angle = double(positions[size_t(t)]) * config.frequencies[size_t(i)];
                const float cosine = float(std::cos(angle)) * config.magnitude;
                const float sine = float(std::sin(angle)) * config.magnitude;
                if (isAdjacent) {
                    c[2 * i] = c[2 * i + 1] = cosine;
                    s[2 * i] = -sine;
                    s[2 * i + 1] = sine;
                } else {
                    c[i] = cosine;
                    s[i] = sine;
                }
            }
        }
    });
    return angles;
}

void rope(const OpContext& context, Tensor& x, const RopeConfig& config, const RopeAngles& angles)
{
    const int nRotated = config.nRotated();
    const int64_t width = config.layout == RopeLayout::adjacent ? nRotated : nRotated / 2;
    if (config.headDim <= 0 || x.cols() % config.headDim != 0 || config.firstDim < 0 ||
        config.firstDim + nRotated > config.headDim || angles.cosines.rows() != x.rows() || angles.cosines.cols() != width)
        throw std::invalid_argument("rope: x " + toString(x.shape()) + ", heads of " + std::to_string(config.headDim) +
                                    ", angles " + toString(angles.cosines.shape()));
    const auto kernel = kernelFor(context.level, config.layout);
    const int64_t cols = x.cols();
    parallelRows(context, x.rows(), cols, [&, data = x.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            kernel(data + t * cols + config.firstDim, cols / config.headDim, config.headDim, angles.cosines.f32() + t * width,
                   angles.sines.f32() + t * width, nRotated);
    });
}

} // namespace sy::ops
