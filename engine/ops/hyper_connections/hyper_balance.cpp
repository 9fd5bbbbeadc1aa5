// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/hyper_connections/hyper_balance.h"

#include <algorithm>
#include <cmath>

namespace sy::ops {

namespace {

void softmax(double* x, int n)
{
    const double largest = *std::max_element(x, x + n);
    double total = 0;
    for (int i = 0; i < n; ++i)
        total += x[i] = std::exp(x[i] - largest);
    for (int i = 0; i < n; ++i)
        x[i] /= total;
}

} // namespace

StreamBalance::StreamBalance(int nStreams, int iterations, double epsilon)
    : m_n(nStreams), m_nSteps(2 * iterations - 1), m_epsilon(epsilon), m_softmax(size_t(nStreams * nStreams)),
      m_results(size_t(m_nSteps) * m_softmax.size()), m_sums(size_t(m_nSteps) * size_t(nStreams))
{
}

void StreamBalance::run(double* across)
{
    const int n = m_n;
    for (int s = 0; s < n; ++s)
        softmax(across + s * n, n);
    std::copy_n(across, n * n, m_softmax.data());
    for (int i = 0; i < n * n; ++i)
        across[i] += m_epsilon;
    for (int step = 0; step < m_nSteps; ++step) {
        const int stride = isOfRows(step) ? 1 : n, next = isOfRows(step) ? n : 1;
        for (int line = 0; line < n; ++line) {
            double sum = m_epsilon;
            for (int i = 0; i < n; ++i)
                sum += across[line * next + i * stride];
            m_sums[size_t(step * n + line)] = sum;
            for (int i = 0; i < n; ++i)
                across[line * next + i * stride] /= sum;
        }
        std::copy_n(across, n * n, m_results.data() + size_t(step) * m_softmax.size());
    }
}

void StreamBalance::back(double* d) const
{
    const int n = m_n;
    // y = x / sum(x): dx = (dy - sum of dy * y) / sum
    for (int step = m_nSteps - 1; step >= 0; --step) {
        const double* results = m_results.data() + size_t(step) * m_softmax.size();
        const int stride = isOfRows(step) ? 1 : n, next = isOfRows(step) ? n : 1;
        for (int line = 0; line < n; ++line) {
            double along = 0;
            for (int i = line * next; i < line * next + n * stride; i += stride)
                along += d[i] * results[i];
            for (int i = line * next; i < line * next + n * stride; i += stride)
                d[i] = (d[i] - along) / m_sums[size_t(step * n + line)];
        }
    }
    for (int s = 0; s < n; ++s) {
        double along = 0;
        for (int i = 0; i < n; ++i)
            along += d[s * n + i] * m_softmax[size_t(s * n + i)];
        for (int i = 0; i < n; ++i)
            d[s * n + i] = m_softmax[size_t(s * n + i)] * (d[s * n + i] - along);
    }
}

} // namespace sy::ops
