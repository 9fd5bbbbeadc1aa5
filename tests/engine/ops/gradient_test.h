// SPDX-License-Identifier: GPL-3.0-or-later
// Gradients against central differences of the definition in double.
#pragma once

#include "op_test.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace sy::test {

inline std::vector<double> doubles(const Tensor& t)
{
    return {t.values().begin(), t.values().end()};
}

/// What sum(dy * f(x)) gains for each x, f being the definition: vector<double> of x to vector<double> of y.
template <class F>
std::vector<double> differences(std::vector<double> x, const std::vector<double>& dy, F&& f)
{
    const auto total = [&] {
        const std::vector<double> y = f(x);
        double sum = 0;
        for (size_t i = 0; i < dy.size(); ++i)
            sum += dy[i] * y[i];
        return sum;
    };
    std::vector<double> slopes(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
        const double middle = x[i], step = 1e-5 * std::max(1.0, std::abs(middle));
        x[i] = middle + step;
        const double above = total();
        x[i] = middle - step;
        slopes[i] = (above - total()) / (2 * step);
        x[i] = middle;
    }
    return slopes;
}

/// The largest difference, as a share of the largest expected value.
inline double gradientError(const Tensor& gradient, const std::vector<double>& expected)
{
    if (gradient.count() != int64_t(expected.size()))
        return INFINITY;
    double largest = 1e-30, error = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(expected[i]));
        const double d = std::abs(double(gradient.f32()[i]) - expected[i]);
        error = d > error || std::isnan(d) ? d : error;
    }
    return error / largest;
}

/// The results have the same bits at every level and thread count.
inline void verifySameAnywhere(const std::function<std::vector<Tensor>(const ops::OpContext&)>& run)
{
    std::vector<Tensor> first;
    for (const cpu::Level level : levels()) {
        for (const int nThreads : {1, 2, 3}) {
            cpu::ThreadPool pool(nThreads);
            const std::vector<Tensor> results = run({pool, level});
            if (first.empty())
                first = results;
            for (size_t i = 0; i < results.size(); ++i)
                QVERIFY(sameBits(results[i], first[i]));
        }
    }
}

} // namespace sy::test
