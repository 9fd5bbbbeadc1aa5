// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sy::train {

namespace {

constexpr int64_t kPiece = 16384;

} // namespace

double gradientNorm(cpu::ThreadPool& pool, TrainedSet& set)
{
    double total = 0;
    for (autograd::Parameter* p : set.parameters()) {
        if (!p->gradient)
            continue;
        const int64_t n = p->gradient.count();
        std::vector<double> sums(size_t((n + kPiece - 1) / kPiece), 0.0);
        pool.parallelFor(int64_t(sums.size()), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                for (int64_t j = i * kPiece; j < std::min(n, (i + 1) * kPiece); ++j)
                    sums[size_t(i)] += double(p->gradient.f32()[j]) * double(p->gradient.f32()[j]);
        });
        total = std::accumulate(sums.begin(), sums.end(), total);
    }
    return std::sqrt(total);
}

void clipGradients(cpu::ThreadPool& pool, TrainedSet& set, double norm, double limit)
{
    const double factor = limit / (norm + 1e-6);
    if (!(factor < 1))
        return;
    for (autograd::Parameter* p : set.parameters()) {
        if (!p->gradient)
            continue;
        pool.parallelFor(p->gradient.count(), kPiece,
                         [factor = float(factor), g = p->gradient.f32()](int64_t first, int64_t end) {
                             for (int64_t i = first; i < end; ++i)
                                 g[i] *= factor;
                         });
    }
}

void AdamW::step(cpu::ThreadPool& pool, TrainedSet& set, double rate)
{
    for (auto& [name, matrix] : set.updates) {
        stepOne(pool, matrix.a, &matrix.expertTokens, rate, m_settings.weightDecay);
        stepOne(pool, matrix.b, &matrix.expertTokens, rate * m_settings.rateOfB, m_settings.weightDecay);
        if (matrix.hasMagnitude())
            stepOne(pool, matrix.magnitude, nullptr, rate, 0);
        matrix.expertTokens.assign(matrix.expertTokens.size(), 0);
    }
    for (auto& [name, parameter] : set.tensors)
        stepOne(pool, parameter, nullptr, rate, m_settings.weightDecay);
}

void AdamW::stepOne(cpu::ThreadPool& pool, autograd::Parameter& p, const std::vector<int64_t>* expertTokens, double rate,
                    double weightDecay)
{
    const bool isPerExpert = expertTokens && p.value.shape().rank() == 3;
    const int64_t nGroups = isPerExpert ? p.value.shape()[0] : 1, n = p.value.count() / nGroups;
    AdamWState& state = m_states[p.name];
    if (!state.mean)
        state = {Tensor::zeros(p.value.shape()), Tensor::zeros(p.value.shape()), std::vector<int64_t>(size_t(nGroups), 0)};
    p.sum(); // a parameter nothing depended on has a gradient of zeros
    for (int64_t group = 0; group < nGroups; ++group) {
        if (isPerExpert && (size_t(group) >= expertTokens->size() || (*expertTokens)[size_t(group)] == 0))
            continue;
        const auto t = double(++state.stepsDone[size_t(group)]);
        const auto beta1 = float(m_settings.beta1), beta2 = float(m_settings.beta2), epsilon = float(m_settings.epsilon);
        const auto newMean = float(1 - m_settings.beta1), newSquare = float(1 - m_settings.beta2);
        const auto size = float(rate / (1 - std::pow(m_settings.beta1, t)));
        const auto rootScale = float(1 / std::sqrt(1 - std::pow(m_settings.beta2, t)));
        const auto kept = float(1 - rate * weightDecay);
        float* value = p.value.f32() + group * n;
        float* mean = state.mean.f32() + group * n;
        float* square = state.square.f32() + group * n;
        const float* gradient = p.gradient.f32() + group * n;
        pool.parallelFor(n, kPiece, [=](int64_t first, int64_t end) {
            for (int64_t i = first; i < end; ++i) {
                const float g = gradient[i];
                mean[i] = beta1 * mean[i] + newMean * g;
                square[i] = beta2 * square[i] + newSquare * g * g;
                value[i] = value[i] * kept - size * mean[i] / (std::sqrt(square[i]) * rootScale + epsilon);
            }
        });
    }
    p.gradient = {};
}

} // namespace sy::train
