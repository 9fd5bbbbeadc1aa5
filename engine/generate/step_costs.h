// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

namespace sy::generate {

/// What a step costs by its rows, as measured. The first row reads all weights; how much each further one adds depends on
/// the processor.
class StepCosts {
public:
    void measured(int nRows, double seconds)
    {
        if (nRows < 1 || nRows > kMost || seconds <= 0)
            return;
        double& known = m_seconds[size_t(nRows)];
        known =
            known == 0 ? seconds : 0.75 * known + 0.25 * std::min(seconds, 4 * known); // a hiccup of the machine is no news
        // Fewer rows do not take longer. A bad first measurement of one row would else stay, where guesses come with every
        // step.
        for (int n = 1; n < nRows; ++n)
            m_seconds[size_t(n)] = std::min(m_seconds[size_t(n)], known);
    }

    /// In units of a step with one row. What has not been measured lies between what has; beyond that every row is taken to
    /// add a quarter, so that trying is cheap and tells.
    double relative(int nRows) const
    {
        const double one = m_seconds[1];
        if (one == 0)
            return 1 + kGuess * (nRows - 1);
        int below = std::min(nRows, kMost), above = nRows;
        while (m_seconds[size_t(below)] == 0)
            --below;
        while (above <= kMost && m_seconds[size_t(above)] == 0)
            ++above;
        const double low = m_seconds[size_t(below)] / one;
        if (above > kMost)
            return low + kGuess * (nRows - below);
        const double high = m_seconds[size_t(above)] / one;
        return above == below ? low : low + (high - low) * (nRows - below) / (above - below);
    }

    /// 0: not known, because no step with one row has been measured.
    double seconds(int nRows) const { return m_seconds[1] == 0 ? 0 : m_seconds[1] * relative(nRows); }

    /// What several rows take is to be measured again.
    void forgetMany() { std::fill(m_seconds.begin() + 2, m_seconds.end(), 0.0); }

private:
    static constexpr int kMost = 64;
    static constexpr double kGuess = 0.25;
    std::array<double, kMost + 1> m_seconds{};
};

/// How many guesses of an answer come true.
class GuessRecord {
public:
    void verified(int nGuessed, int nTrue)
    {
        // Each guess up to the first wrong one was put to the test.
        const int nTested = std::min(nGuessed, nTrue + 1);
        for (int i = 0; i < nTested; ++i)
            m_share += (double(i < nTrue) - m_share) * kPace;
    }
    double share() const { return m_share; }

    /// Tokens for the time with n guesses, against none, beside nOthers rows of other answers. costPerGuess: what making one
    /// takes, in steps with one row.
    double gain(int n, int nOthers, const StepCosts& costs, double costPerGuess = 0) const
    {
        double expected = 1;
        for (int k = 1; k <= n; ++k)
            expected += std::pow(m_share, k);
        const double rate = (nOthers + expected) / (costs.relative(nOthers + 1 + n) + n * costPerGuess);
        return rate / ((nOthers + 1) / costs.relative(nOthers + 1));
    }

    /// The number of guesses, up to nMost, that gains most.
    int best(int nMost, int nOthers, const StepCosts& costs, double costPerGuess = 0) const
    {
        int bestLength = 0;
        double bestGain = 1;
        for (int k = 1; k <= nMost; ++k) {
            if (const double g = gain(k, nOthers, costs, costPerGuess); g > bestGain) {
                bestGain = g;
                bestLength = k;
            }
        }
        return bestLength;
    }

private:
    static constexpr double kPace = 0.15;
    double m_share = 0.7;
};

} // namespace sy::generate
