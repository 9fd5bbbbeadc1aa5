// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/optimizer.h"

#include "engine/train/packed_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace sy::train {

namespace {

constexpr int64_t kPiece = 16384;

// One step of some numbers.
class Step {
public:
    Step(const AdamWSettings& s, double rate, double weightDecay, int64_t t)
        : m_beta1(float(s.beta1)), m_beta2(float(s.beta2)), m_epsilon(float(s.epsilon)), m_newMean(float(1 - s.beta1)),
          m_newSquare(float(1 - s.beta2)), m_size(float(rate / (1 - std::pow(s.beta1, double(t))))),
          m_rootScale(float(1 / std::sqrt(1 - std::pow(s.beta2, double(t))))), m_kept(float(1 - rate * weightDecay))
    {
    }
    void take(float* value, float* mean, float* square, const float* gradient, int64_t n) const
    {
        for (int64_t i = 0; i < n; ++i) {
            const float g = gradient[i];
            mean[i] = m_beta1 * mean[i] + m_newMean * g;
            square[i] = m_beta2 * square[i] + m_newSquare * g * g;
            value[i] = value[i] * m_kept - m_size * mean[i] / (std::sqrt(square[i]) * m_rootScale + m_epsilon);
        }
    }

private:
    float m_beta1, m_beta2, m_epsilon, m_newMean, m_newSquare, m_size, m_rootScale, m_kept;
};

// Experts of a parameter of all of them, else 1.
int64_t groupsOf(const autograd::Parameter& p)
{
    return p.value.shape().rank() == 3 ? p.value.shape()[0] : 1;
}

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
        stepOne(pool, parameter, nullptr, rate,
                m_settings.decaysVectors || parameter.value.shape().rank() > 1 ? m_settings.weightDecay : 0);
}

AdamWState AdamW::newState(const autograd::Parameter& p) const
{
    const Shape& shape = p.value.shape();
    const int64_t nGroups = groupsOf(p);
    AdamWState state;
    state.stepsDone.assign(size_t(nGroups), 0);
    if (!m_settings.isPacked) {
        state.mean = Tensor::zeros(shape);
        state.square = Tensor::zeros(shape);
        return state;
    }
    const Shape scales{nGroups, stateBlocks(p.value.count() / nGroups)};
    state.mean = Tensor::zeros(shape, DType::I8);
    state.square = Tensor::zeros(shape, DType::I8);
    state.meanScales = Tensor::zeros(scales);
    state.squareScales = Tensor::zeros(scales);
    return state;
}

void AdamW::stepOne(cpu::ThreadPool& pool, autograd::Parameter& p, const std::vector<int64_t>* expertTokens, double rate,
                    double weightDecay)
{
    const int64_t nGroups = groupsOf(p), n = p.value.count() / nGroups;
    AdamWState& state = m_states[p.name];
    if (!state.mean)
        state = newState(p);
    p.sum(); // a parameter nothing depended on has a gradient of zeros
    for (int64_t group = 0; group < nGroups; ++group) {
        if (p.value.shape().rank() == 3 && expertTokens &&
            (size_t(group) >= expertTokens->size() || (*expertTokens)[size_t(group)] == 0))
            continue;
        const Step step(m_settings, rate, weightDecay, ++state.stepsDone[size_t(group)]);
        float* value = p.value.f32() + group * n;
        const float* gradient = p.gradient.f32() + group * n;
        if (!m_settings.isPacked) {
            float* mean = state.mean.f32() + group * n;
            float* square = state.square.f32() + group * n;
            pool.parallelFor(n, kPiece, [=](int64_t first, int64_t end) {
                step.take(value + first, mean + first, square + first, gradient + first, end - first);
            });
            continue;
        }
        const int64_t nBlocks = stateBlocks(n);
        const uint64_t seed = uint64_t(state.stepsDone[size_t(group)]) << 32;
        int8_t* means = state.mean.data<int8_t>() + group * n;
        int8_t* roots = state.square.data<int8_t>() + group * n;
        float* meanScales = state.meanScales.f32() + group * nBlocks;
        float* rootScales = state.squareScales.f32() + group * nBlocks;
        pool.parallelFor(nBlocks, kPiece / kStateBlock, [=](int64_t begin, int64_t end) {
            std::array<float, kStateBlock> mean, square;
            for (int64_t block = begin; block < end; ++block) {
                const int64_t first = block * kStateBlock, size = std::min(kStateBlock, n - first);
                const std::span m(mean.data(), size_t(size)), v(square.data(), size_t(size));
                unpackSigned(m, meanScales[block], means + first);
                unpackUnsigned(v, rootScales[block], roots + first);
                for (float& root : v)
                    root *= root;
                step.take(value + first, m.data(), v.data(), gradient + first, size);
                for (float& number : v)
                    number = std::sqrt(number);
                const uint64_t place = (uint64_t(group) * uint64_t(nBlocks) + uint64_t(block)) * 2;
                meanScales[block] = packSigned(m, seed + place * kStateBlock, means + first);
                rootScales[block] = packUnsigned(v, seed + (place + 1) * kStateBlock, roots + first);
            }
        });
    }
    p.gradient = {};
}

} // namespace sy::train
