// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/fit.h"

#include "engine/quant/block_fields.h"

#include <algorithm>
#include <cmath>

namespace sy::quant {

namespace {

// Eight trials side by side, in two of the vectors that every processor has: each sum is still made value by value, so every
// file is the same everywhere.
constexpr int kLanes = 4, kSets = 2, kTogether = kLanes * kSets;
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;

// To the nearest whole number from low to high; low for what is no number.
inline Lanes rounded(Lanes x, float low, float high) noexcept
{
    constexpr float kRound = 12582912.0f; // 1.5 * 2^23: adding and taking it away rounds
    const Lanes least = Lanes{} + low, most = Lanes{} + high;
    const Lanes raised = x > least ? x : least;
    return ((raised < most ? raised : most) + kRound) - kRound;
}

struct Sums {
    float w = 0, x = 0;                         // each term weighted
    Lanes q[kSets]{}, qq[kSets]{}, xq[kSets]{}; // of each trial
};

// Least squares for x ~ scale * q + low. A low above zero is none that the format can hold: then it is 0. isSolved: no for a
// trial whose codes are all alike.
void solve(const Sums& s, Lanes (&scale)[kSets], Lanes (&low)[kSets], bool (&isSolved)[kTogether]) noexcept
{
    const Lanes zero{};
    for (int set = 0; set < kSets; ++set) {
        const Lanes q = s.q[set], qq = s.qq[set], xq = s.xq[set];
        const Lanes determinant = s.w * qq - q * q;
        const Lanes fitted = (qq * s.x - q * xq) / determinant;
        scale[set] = fitted > zero ? xq / qq : (s.w * xq - s.x * q) / determinant;
        low[set] = fitted > zero ? zero : fitted;
        for (int lane = 0; lane < kLanes; ++lane)
            isSolved[set * kLanes + lane] = determinant[lane] > 0;
    }
}

} // namespace

FitWithMinimum fitWithMinimum(const float* values, const float* weights, int n, int largest, const FitGrid& grid) noexcept
{
    const auto [lowest, highest] = std::minmax_element(values, values + n);
    const float low0 = std::min(*lowest, 0.0f), range = *highest - low0;
    if (!(range > 0))
        return {0, -low0};
    Sums fixed;
    for (int i = 0; i < n; ++i) {
        fixed.w += weights[i];
        fixed.x += weights[i] * values[i];
    }
    float scale = range / float(largest), low = low0, best = 0;
    // Trial -1 spreads the codes over the range and is not solved for; the grid follows.
    for (int first = -1; first <= grid.nSteps; first += kTogether) {
        Lanes inverse[kSets]{};
        for (int trial = 0; trial < kTogether; ++trial) {
            const int step = first + trial;
            inverse[trial / kLanes][trial % kLanes] =
                ((step < 0 ? 0 : grid.first + grid.step * float(step)) + float(largest)) / range;
        }
        Sums s = fixed;
        for (int i = 0; i < n; ++i) {
            for (int set = 0; set < kSets; ++set) {
                const Lanes q = rounded(inverse[set] * (values[i] - low0), 0, float(largest));
                const Lanes weighted = weights[i] * q;
                s.q[set] += weighted;
                s.qq[set] += weighted * q;
                s.xq[set] += weighted * values[i];
            }
        }
        Lanes scales[kSets], lows[kSets], error[kSets]{};
        bool isSolved[kTogether];
        solve(s, scales, lows, isSolved);
        if (first < 0) {
            scales[0][0] = scale;
            lows[0][0] = low;
        }
        for (int i = 0; i < n; ++i) {
            for (int set = 0; set < kSets; ++set) {
                const Lanes q = rounded(inverse[set] * (values[i] - low0), 0, float(largest));
                const Lanes difference = scales[set] * q + lows[set] - values[i];
                error[set] += weights[i] * difference * difference;
            }
        }
        for (int trial = 0; trial < kTogether && first + trial <= grid.nSteps; ++trial) {
            const int set = trial / kLanes, lane = trial % kLanes;
            if (first + trial >= 0 && !(isSolved[trial] && error[set][lane] < best))
                continue;
            best = error[set][lane];
            scale = scales[set][lane];
            low = lows[set][lane];
        }
    }
    return {scale, -low};
}

float fitSymmetric(const float* values, int n, int half, const float* weights) noexcept
{
    constexpr float kNothing = 1e-15f; // below it every scale is 0 in 16 bits
    constexpr int kTrials = 19;
    float extreme = 0;
    for (int i = 0; i < n; ++i)
        if (std::fabs(values[i]) > std::fabs(extreme))
            extreme = values[i];
    if (std::fabs(extreme) < kNothing)
        return 0;
    float scale = 0, best = -1;
    for (int first = 0; first < kTrials; first += kTogether) {
        Lanes inverse[kSets]{};
        for (int trial = 0; trial < kTogether; ++trial) {
            // The scale that gives the extreme value its code -half first: of equals it stays.
            const int step = first + trial;
            const float shift = step == 0 ? 0.0f : float(step <= 9 ? step - 10 : step - 9) * 0.1f;
            inverse[trial / kLanes][trial % kLanes] = -(float(half) + shift) / extreme;
        }
        Lanes xqs[kSets]{}, qqs[kSets]{};
        for (int i = 0; i < n; ++i) {
            const float weight = weights ? weights[i] : values[i] * values[i];
            for (int set = 0; set < kSets; ++set) {
                const Lanes q = rounded(inverse[set] * values[i], float(-half), float(half - 1));
                xqs[set] += weight * values[i] * q;
                qqs[set] += weight * q * q;
            }
        }
        for (int trial = 0; trial < kTogether && first + trial < kTrials; ++trial) {
            const float xq = xqs[trial / kLanes][trial % kLanes], qq = qqs[trial / kLanes][trial % kLanes];
            if (qq > 0 && (best < 0 || xq * xq > best * qq)) {
                scale = xq / qq;
                best = scale * xq;
            }
        }
    }
    return scale;
}

void errorWeights(const float* values, const float* importance, float spread, int n, float* weights) noexcept
{
    for (int i = 0; i < n; ++i)
        weights[i] = importance[i] * std::sqrt(spread + values[i] * values[i]);
}

float meanSquare(const float* values, int n) noexcept
{
    float sum = 0;
    for (int i = 0; i < n; ++i)
        sum += values[i] * values[i];
    return sum / float(n);
}

float finiteHalf(float value, uint8_t* out) noexcept
{
    const uint16_t half = floatToHalf(std::clamp(value, -65504.0f, 65504.0f));
    writeU16(out, half);
    return halfToFloat(half);
}

} // namespace sy::quant
