// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/candidates.h"

#include "engine/generate/quick_exp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

namespace sy::generate {

namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();
constexpr size_t kUnrolled = 4; // independent sums and maxima, so that one need not wait for another
constexpr size_t kStep = 4 * kUnrolled;

Float4 load(const float* from) noexcept
{
    Float4 value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

} // namespace

bool hasNan(std::span<const float> values) noexcept
{
    std::array<Int4, kUnrolled> isNan{};
    size_t i = 0;
    for (; i + kStep <= values.size(); i += kStep) {
        for (size_t j = 0; j < kUnrolled; ++j) {
            const Float4 value = load(&values[i + 4 * j]);
            isNan[j] |= value != value;
        }
    }
    bool found = false;
    for (; i < values.size(); ++i)
        found |= std::isnan(values[i]);
    for (const Int4& some : isNan)
        found |= (some[0] | some[1] | some[2] | some[3]) != 0;
    return found;
}

float highest(std::span<const float> values) noexcept
{
    std::array<Float4, kUnrolled> best;
    best.fill(splat(kImpossible));
    size_t i = 0;
    for (; i + kStep <= values.size(); i += kStep) {
        for (size_t j = 0; j < kUnrolled; ++j) {
            const Float4 value = load(&values[i + 4 * j]);
            best[j] = value > best[j] ? value : best[j];
        }
    }
    float result = kImpossible;
    for (; i < values.size(); ++i)
        result = values[i] > result ? values[i] : result;
    for (const Float4& b : best)
        result = std::max({result, b[0], b[1], b[2], b[3]});
    return result;
}

double sumExp(std::span<const float> values, float shift, float scale) noexcept
{
    constexpr size_t kBlock = 1024; // float sums stay short enough to be exact to 1e-6
    double total = 0;
    for (size_t begin = 0; begin < values.size(); begin += kBlock) {
        const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        std::array<Float4, kUnrolled> sums{};
        size_t i = 0;
        for (; i + kStep <= block.size(); i += kStep) {
            for (size_t j = 0; j < kUnrolled; ++j)
                sums[j] += quickExp((load(&block[i + 4 * j]) - shift) * scale);
        }
        for (; i < block.size(); ++i)
            total += double(quickExp((block[i] - shift) * scale));
        for (const Float4& sum : sums)
            total += (double(sum[0]) + double(sum[1])) + (double(sum[2]) + double(sum[3]));
    }
    return total;
}

float Candidates::best() const
{
    if (!m_isList)
        return highest(m_logits);
    float best = kImpossible;
    for (const Candidate& c : m_list)
        best = std::max(best, c.logit);
    return best;
}

std::vector<Candidate> Candidates::atLeast(float threshold) const
{
    std::vector<Candidate> kept;
    for (size_t i = 0; i < m_logits.size(); ++i) {
        if (m_logits[i] >= threshold && m_logits[i] != kImpossible)
            kept.push_back({int32_t(i), m_logits[i]});
    }
    return kept;
}

void Candidates::keepAtLeast(float threshold)
{
    if (m_isList) {
        std::erase_if(m_list, [&](const Candidate& c) { return !(c.logit >= threshold); });
        return;
    }
    m_list = atLeast(threshold);
    m_isList = true;
}

// The k-th best of the blocks' maxima is no better than the k-th best of all, so nothing below it needs a look: of 152,000
// logits some hundred reach the selection.
void Candidates::keepBest(size_t k)
{
    if (!m_isList) {
        constexpr size_t kBlock = 64;
        const size_t nBlocks = (m_logits.size() + kBlock - 1) / kBlock;
        float bound = kImpossible;
        if (k < nBlocks) {
            std::vector<float> maxima(nBlocks);
            for (size_t b = 0; b < nBlocks; ++b)
                maxima[b] = highest(m_logits.subspan(b * kBlock, std::min(kBlock, m_logits.size() - b * kBlock)));
            std::nth_element(maxima.begin(), maxima.begin() + long(k) - 1, maxima.end(), std::greater<>());
            bound = maxima[k - 1];
        }
        m_list = atLeast(bound);
        m_isList = true;
    }
    if (k < m_list.size()) {
        std::nth_element(m_list.begin(), m_list.begin() + long(k) - 1, m_list.end(), isBetter);
        m_list.resize(k);
    }
    std::sort(m_list.begin(), m_list.end(), isBetter);
}

void Candidates::cutList(double wanted, float top)
{
    std::sort(m_list.begin(), m_list.end(), isBetter);
    double sum = 0;
    size_t n = 0;
    while (n < m_list.size() && (n == 0 || sum < wanted))
        sum += std::exp(double(m_list[n++].logit) - top);
    m_list.resize(n);
}

void Candidates::keepMass(double mass)
{
    const float top = best();
    if (m_isList) {
        double total = 0;
        for (const Candidate& c : m_list)
            total += std::exp(double(c.logit) - top);
        cutList(mass * total, top);
        return;
    }

    // A model that knows what it wants has its mass within a few logits of the best.
    constexpr float kNear = 8;
    const double wanted = mass * sumExp(m_logits, top);
    m_list = atLeast(top - kNear);
    double near = 0;
    for (const Candidate& c : m_list)
        near += double(quickExp(c.logit - top));
    m_isList = true;
    if (near >= wanted && m_list.size() < 4096) {
        cutList(wanted, top);
        return;
    }
    m_list.clear();

    // Sorting everything is not needed to know where the mass ends: probabilities are summed by slices of the logit, and only
    // the slice in which the mass is reached is sorted.
    constexpr int kSlices = 1024;
    constexpr float kSlicesPerLogit = 8;
    std::array<double, kSlices> sliceMass{};
    const auto add = [&](Float4 logits, size_t n) {
        const Float4 distance = (top - logits) * kSlicesPerLogit;
        const Int4 isNear = distance < splat(kSlices - 1); // NaN lands in the last slice, with a probability of 0
        const Int4 slice = __builtin_convertvector(isNear ? distance : splat(kSlices - 1), Int4);
        const Float4 probability = quickExp(logits - top);
        for (size_t i = 0; i < n; ++i)
            sliceMass[size_t(slice[i])] += double(probability[i]);
    };
    size_t done = 0;
    for (; done + 4 <= m_logits.size(); done += 4)
        add(load(&m_logits[done]), 4);
    Float4 rest = splat(kImpossible);
    std::memcpy(&rest, m_logits.data() + done, (m_logits.size() - done) * sizeof(float));
    add(rest, m_logits.size() - done);

    int last = 0;
    double before = 0; // mass of the slices that are kept whole
    while (last < kSlices - 1 && before + sliceMass[size_t(last)] < wanted)
        before += sliceMass[size_t(last++)];

    const float wholeBefore = float(last);
    const float boundaryBefore = last == kSlices - 1 ? -kImpossible : float(last + 1);
    std::vector<Candidate> boundary;
    for (size_t i = 0; i < m_logits.size(); ++i) {
        const float distance = (top - m_logits[i]) * kSlicesPerLogit;
        if (distance < wholeBefore)
            m_list.push_back({int32_t(i), m_logits[i]});
        else if (distance < boundaryBefore)
            boundary.push_back({int32_t(i), m_logits[i]});
    }
    std::sort(boundary.begin(), boundary.end(), isBetter);
    for (const Candidate& c : boundary) {
        m_list.push_back(c);
        before += double(quickExp(c.logit - top));
        if (before >= wanted)
            break;
    }
}

} // namespace sy::generate
