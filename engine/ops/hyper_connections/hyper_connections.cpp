// SPDX-License-Identifier: GPL-3.0-or-later
// The few numbers of a mix are made in double: their cost is nothing beside the streams', and sums that divide themselves
// over and over lose little.
#include "engine/ops/hyper_connections/hyper_connections.h"

#include "engine/cpu/vec.h"
#include "engine/ops/hyper_connections/hyper_balance.h"
#include "engine/ops/hyper_connections/hyper_rows.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sy::ops {

namespace {

struct Kernels {
    decltype(&gatherStreamsRow<cpu::Scalar>) gather;
    decltype(&mixStreamsRow<cpu::Scalar>) mix;
};

Kernels kernelsFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return {&gatherStreamsRow<cpu::Avx512>, &mixStreamsRow<cpu::Avx512>};
    if (level == cpu::Level::avx2)
        return {&gatherStreamsRow<cpu::Avx2>, &mixStreamsRow<cpu::Avx2>};
#endif
    (void)level;
    return {&gatherStreamsRow<cpu::Scalar>, &mixStreamsRow<cpu::Scalar>};
}

double sigmoid(double x)
{
    return 1.0 / (1.0 + std::exp(-x));
}

} // namespace

HyperMix hyperMix(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                  const HyperConfig& config)
{
    const int n = config.nStreams;
    const int64_t width = int64_t(n) * (2 + n), nRows = products.rows();
    if (n < 1 || n > kMostStreams || config.iterations < 1 || products.cols() != width || base.count() != width ||
        scale.count() != 3)
        throw std::invalid_argument("hyperMix: products " + toString(products.shape()) + " for " + std::to_string(n) +
                                    " streams");
    HyperMix mix{Tensor::empty({nRows, n}), Tensor::empty({nRows, n}), Tensor::empty({nRows, int64_t(n) * n})};
    const float *b = base.f32(), *factor = scale.f32();
    parallelRows(context, nRows, width * (1 + config.iterations), [&](int64_t first, int64_t end) {
        StreamBalance balance(n, config.iterations, double(config.epsilon));
        for (int64_t t = first; t < end; ++t) {
            const float* z = products.f32() + t * width;
            const auto value = [&](int i, int part) { return double(z[i]) * double(factor[part]) + double(b[i]); };
            for (int i = 0; i < n; ++i) {
                mix.in.f32()[t * n + i] = float(sigmoid(value(i, 0)) + double(config.epsilon));
                mix.out.f32()[t * n + i] = float(2 * sigmoid(value(n + i, 1)));
            }
            double across[kMostStreams * kMostStreams];
            for (int i = 0; i < n * n; ++i)
                across[i] = value(2 * n + i, 2);
            balance.run(across);
            std::copy_n(across, n * n, mix.across.f32() + t * n * n);
        }
    });
    return mix;
}

Tensor hyperWeights(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale, float epsilon)
{
    const int64_t n = products.cols();
    if (base.count() != n || scale.count() != 1)
        throw std::invalid_argument("hyperWeights: products " + toString(products.shape()) + ", base " +
                                    toString(base.shape()));
    Tensor weights = Tensor::empty(products.shape());
    parallelRows(context, products.rows(), n, [&](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            weights.f32()[i] = float(
                sigmoid(double(products.f32()[i]) * double(scale.f32()[0]) + double(base.f32()[i % n])) + double(epsilon));
    });
    return weights;
}

Tensor toStreams(const OpContext& context, const Tensor& x, int nStreams)
{
    const int64_t dim = x.cols();
    Tensor streams = Tensor::empty({x.rows(), nStreams * dim});
    parallelRows(context, x.rows(), nStreams * dim, [&](int64_t first, int64_t end) {
        for (int64_t i = first * nStreams; i < end * nStreams; ++i)
            std::copy_n(x.f32() + i / nStreams * dim, dim, streams.f32() + i * dim);
    });
    return streams;
}

Tensor gatherStreams(const OpContext& context, const Tensor& streams, const Tensor& weights)
{
    const auto n = int(weights.cols());
    if (n < 1 || n > kMostStreams || weights.rows() != streams.rows() || streams.cols() % n != 0)
        throw std::invalid_argument("gatherStreams: streams " + toString(streams.shape()) + ", weights " +
                                    toString(weights.shape()));
    const int64_t dim = streams.cols() / n;
    Tensor y = Tensor::empty({streams.rows(), dim});
    const Kernels kernels = kernelsFor(context.level);
    parallelRows(context, streams.rows(), streams.cols(), [&](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            kernels.gather(streams.f32() + t * n * dim, weights.f32() + t * n, n, dim, y.f32() + t * dim);
    });
    return y;
}

void mixStreams(const OpContext& context, Tensor& streams, const Tensor& y, const HyperMix& mix)
{
    const auto n = int(mix.out.cols());
    const int64_t nRows = streams.rows(), dim = y.cols();
    if (n < 1 || n > kMostStreams || streams.cols() != n * dim || y.rows() != nRows || mix.out.rows() != nRows ||
        mix.across.rows() != nRows || mix.across.cols() != int64_t(n) * n)
        throw std::invalid_argument("mixStreams: streams " + toString(streams.shape()) + ", y " + toString(y.shape()));
    const Kernels kernels = kernelsFor(context.level);
    parallelRows(context, nRows, n * n * dim, [&](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            kernels.mix(streams.f32() + t * n * dim, y.f32() + t * dim, mix.out.f32() + t * n, mix.across.f32() + t * n * n,
                        n, dim);
    });
}

} // namespace sy::ops
