// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of a mix in double, as forward makes them; streams through its own kernels, which are linear.
#include "engine/ops/hyper_connections/hyper_connections_grad.h"

#include "engine/cpu/vec.h"
#include "engine/ops/hyper_connections/hyper_balance.h"
#include "engine/ops/hyper_connections/hyper_rows.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

auto dotsFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &streamDotsRow<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &streamDotsRow<cpu::Avx2>;
#endif
    (void)level;
    return &streamDotsRow<cpu::Scalar>;
}

double sigmoidSlope(double x)
{
    const double s = 1.0 / (1.0 + std::exp(-x));
    return s * (1 - s);
}

// a (rows, n * dim) and b (rows, m * dim): (rows, n * m) products of their streams.
Tensor dots(const OpContext& context, const Tensor& a, const Tensor& b, int n, int m)
{
    const int64_t dim = a.cols() / n;
    Tensor products = Tensor::empty({a.rows(), int64_t(n) * m});
    const auto run = dotsFor(context.level);
    parallelRows(context, a.rows(), dim * n * m, [&, out = products.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            run(a.f32() + t * a.cols(), b.f32() + t * b.cols(), n, m, dim, out + t * n * m);
    });
    return products;
}

} // namespace

Tensor hyperMixGrad(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                    const HyperConfig& config, const HyperMix& dMix)
{
    const int n = config.nStreams;
    const int64_t width = int64_t(n) * (2 + n), nRows = products.rows();
    if (n < 1 || n > kMostStreams || config.iterations < 1 || products.cols() != width || base.count() != width ||
        scale.count() != 3 || dMix.in.shape() != Shape{nRows, n} || dMix.out.shape() != Shape{nRows, n} ||
        dMix.across.shape() != Shape{nRows, int64_t(n) * n})
        throw std::invalid_argument("hyperMixGrad: products " + toString(products.shape()) + ", gradient " +
                                    toString(dMix.across.shape()));
    Tensor dProducts = Tensor::empty(products.shape());
    const float *b = base.f32(), *factor = scale.f32();
    parallelRows(
        context, nRows, 3 * width * (1 + config.iterations), [&, out = dProducts.f32()](int64_t first, int64_t end) {
            StreamBalance balance(n, config.iterations, double(config.epsilon));
            for (int64_t t = first; t < end; ++t) {
                const float* z = products.f32() + t * width;
                float* d = out + t * width;
                const auto value = [&](int i, int part) { return double(z[i]) * double(factor[part]) + double(b[i]); };
                for (int i = 0; i < n; ++i) {
                    d[i] = float(double(dMix.in.f32()[t * n + i]) * sigmoidSlope(value(i, 0)) * double(factor[0]));
                    d[n + i] =
                        float(double(dMix.out.f32()[t * n + i]) * 2 * sigmoidSlope(value(n + i, 1)) * double(factor[1]));
                }
                double across[kMostStreams * kMostStreams];
                for (int i = 0; i < n * n; ++i)
                    across[i] = value(2 * n + i, 2);
                balance.run(across);
                const float* dAcross = dMix.across.f32() + t * n * n;
                std::copy_n(dAcross, n * n, across);
                balance.back(across);
                for (int i = 0; i < n * n; ++i)
                    d[2 * n + i] = float(across[i] * double(factor[2]));
            }
        });
    return dProducts;
}

Tensor hyperWeightsGrad(const OpContext& context, const Tensor& products, const Tensor& base, const Tensor& scale,
                        const Tensor& dWeights)
{
    const int64_t n = products.cols();
    if (base.count() != n || scale.count() != 1 || dWeights.shape() != products.shape())
        throw std::invalid_argument("hyperWeightsGrad: products " + toString(products.shape()) + ", gradient " +
                                    toString(dWeights.shape()));
    Tensor dProducts = Tensor::empty(products.shape());
    parallelRows(context, products.rows(), n, [&, out = dProducts.f32()](int64_t first, int64_t end) {
        const double factor = double(scale.f32()[0]);
        for (int64_t i = first * n; i < end * n; ++i)
            out[i] = float(double(dWeights.f32()[i]) * factor *
                           sigmoidSlope(double(products.f32()[i]) * factor + double(base.f32()[i % n])));
    });
    return dProducts;
}

GatherStreamsGrad gatherStreamsGrad(const OpContext& context, const Tensor& streams, const Tensor& weights, const Tensor& dy)
{
    const auto n = int(weights.cols());
    const int64_t dim = dy.cols();
    if (n < 1 || n > kMostStreams || streams.cols() != n * dim || weights.rows() != streams.rows() ||
        dy.rows() != streams.rows())
        throw std::invalid_argument("gatherStreamsGrad: streams " + toString(streams.shape()) + ", gradient " +
                                    toString(dy.shape()));
    GatherStreamsGrad grad{Tensor::empty(streams.shape()), dots(context, streams, dy, n, 1)};
    parallelRows(context, streams.rows(), streams.cols(), [&, out = grad.streams.f32()](int64_t first, int64_t end) {
        for (int64_t i = first * n; i < end * n; ++i)
            for (int64_t c = 0; c < dim; ++c)
                out[i * dim + c] = weights.f32()[i] * dy.f32()[i / n * dim + c];
    });
    return grad;
}

MixStreamsGrad mixStreamsGrad(const OpContext& context, const Tensor& streams, const Tensor& y, const HyperMix& mix,
                              const Tensor& d)
{
    const auto n = int(mix.out.cols());
    if (n < 1 || n > kMostStreams || streams.cols() != n * y.cols() || d.shape() != streams.shape() ||
        y.rows() != streams.rows() || mix.out.rows() != streams.rows() || mix.across.rows() != streams.rows())
        throw std::invalid_argument("mixStreamsGrad: streams " + toString(streams.shape()) + ", gradient " +
                                    toString(d.shape()));
    // The same mixing the other way round, and nothing that joins.
    HyperMix turned{{}, Tensor::zeros(mix.out.shape()), Tensor::empty(mix.across.shape())};
    for (int64_t t = 0; t < streams.rows(); ++t)
        for (int s = 0; s < n; ++s)
            for (int to = 0; to < n; ++to)
                turned.across.f32()[(t * n + to) * n + s] = mix.across.f32()[(t * n + s) * n + to];
    MixStreamsGrad grad{Tensor::of(d.values(), d.shape()), gatherStreams(context, d, mix.out), dots(context, d, y, n, 1),
                        dots(context, streams, d, n, n)};
    mixStreams(context, grad.streams, y, turned);
    return grad;
}

} // namespace sy::ops
