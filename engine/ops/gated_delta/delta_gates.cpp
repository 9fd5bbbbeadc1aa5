// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gated_delta/delta_gates.h"

#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sy::ops {

namespace {

double softplus(double x)
{
    return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

double sigmoid(double x)
{
    return 1.0 / (1.0 + std::exp(-x));
}

void requireShapes(const Tensor& x, const Tensor& alpha, const Tensor& timeBias, const Tensor& rates)
{
    if (x.shape() != alpha.shape() || timeBias.count() != x.cols() || rates.count() != x.cols())
        throw std::invalid_argument("deltaGates: x " + toString(x.shape()) + ", alpha " + toString(alpha.shape()) +
                                    ", bias " + toString(timeBias.shape()));
}

} // namespace

DeltaGates deltaGates(const OpContext& context, const Tensor& x, const Tensor& alpha, const Tensor& timeBias,
                      const Tensor& rates)
{
    requireShapes(x, alpha, timeBias, rates);
    const int64_t nHeads = x.cols();
    DeltaGates gates{Tensor::empty(x.shape()), Tensor::empty(x.shape())};
    constexpr int64_t kValuesOfOne = 16; // an exponential in double takes as long as so many sums
    parallelRows(context, x.rows(), nHeads * kValuesOfOne, [&](int64_t first, int64_t end) {
        for (int64_t i = first * nHeads; i < end * nHeads; ++i) {
            const int64_t head = i % nHeads;
            gates.beta.f32()[i] = float(sigmoid(double(x.f32()[i])));
            gates.decay.f32()[i] =
                float(softplus(double(alpha.f32()[i]) + double(timeBias.f32()[head])) * double(rates.f32()[head]));
        }
    });
    return gates;
}

DeltaGatesGrad deltaGatesGrad(const OpContext&, const Tensor& x, const Tensor& alpha, const Tensor& timeBias,
                              const Tensor& rates, const Tensor& dBeta, const Tensor& dDecay, Tensor* dTimeBias,
                              Tensor* dRates)
{
    requireShapes(x, alpha, timeBias, rates);
    if (dBeta.shape() != x.shape() || dDecay.shape() != x.shape() || (dTimeBias && dTimeBias->count() != x.cols()) ||
        (dRates && dRates->count() != x.cols()))
        throw std::invalid_argument("deltaGatesGrad: gradients " + toString(dBeta.shape()) + " and " +
                                    toString(dDecay.shape()));
    const int64_t nHeads = x.cols();
    DeltaGatesGrad grad{Tensor::empty(x.shape()), Tensor::empty(x.shape())};
    // A few heads: the sums over rows are worth no threads.
    for (int64_t i = 0; i < x.count(); ++i) {
        const int64_t head = i % nHeads;
        const double beta = sigmoid(double(x.f32()[i])), step = double(alpha.f32()[i]) + double(timeBias.f32()[head]);
        const double dStep = double(dDecay.f32()[i]) * double(rates.f32()[head]) * sigmoid(step);
        grad.x.f32()[i] = float(double(dBeta.f32()[i]) * beta * (1 - beta));
        grad.alpha.f32()[i] = float(dStep);
        if (dTimeBias)
            dTimeBias->f32()[head] += float(dStep);
        if (dRates)
            dRates->f32()[head] += float(double(dDecay.f32()[i]) * softplus(step));
    }
    return grad;
}

} // namespace sy::ops
