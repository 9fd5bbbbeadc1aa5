// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/fit.h"

#include "engine/quant/block_fields.h"

#include <algorithm>
#include <cmath>

namespace sy::quant {

namespace {

struct Sums {
    float w = 0, x = 0, q = 0, qq = 0, xq = 0; // each term weighted
};

// Least squares for x ~ scale * q + low. A low above zero is none that the format can hold: then it is 0.
bool solve(const Sums& s, float& scale, float& low) noexcept
{
    const float determinant = s.w * s.qq - s.q * s.q;
    if (!(determinant > 0))
        return false;
    scale = (s.w * s.xq - s.x * s.q) / determinant;
    low = (s.qq * s.x - s.q * s.xq) / determinant;
    if (low > 0) {
        low = 0;
        scale = s.xq / s.qq;
    }
    return true;
}

} // namespace

FitWithMinimum fitWithMinimum(const float* values, const float* weights, int n, int largest, const FitGrid& grid) noexcept
{
    const auto [lowest, highest] = std::minmax_element(values, values + n);
    const float low0 = std::min(*lowest, 0.0f), range = *highest - low0;
    if (!(range > 0))
        return {0, -low0};
    float scale = range / float(largest), low = low0;
    Sums fixed;
    for (int i = 0; i < n; ++i) {
        fixed.w += weights[i];
        fixed.x += weights[i] * values[i];
    }
    const auto errorOf = [&](float inverse, float trialScale, float trialLow) {
        float error = 0;
        for (int i = 0; i < n; ++i) {
            const auto q = float(clampedToInt(std::nearbyint(inverse * (values[i] - low0)), 0, largest));
            const float difference = trialScale * q + trialLow - values[i];
            error += weights[i] * difference * difference;
        }
        return error;
    };
    float best = errorOf(float(largest) / range, scale, low);
    for (int step = 0; step <= grid.nSteps; ++step) {
        const float inverse = (grid.first + grid.step * float(step) + float(largest)) / range;
        Sums s = fixed;
        for (int i = 0; i < n; ++i) {
            const auto q = float(clampedToInt(std::nearbyint(inverse * (values[i] - low0)), 0, largest));
            s.q += weights[i] * q;
            s.qq += weights[i] * q * q;
            s.xq += weights[i] * q * values[i];
        }
        float trialScale = 0, trialLow = 0;
        if (!solve(s, trialScale, trialLow))
            continue;
        const float error = errorOf(inverse, trialScale, trialLow);
        if (error < best) {
            best = error;
            scale = trialScale;
            low = trialLow;
        }
    }
    return {scale, -low};
}

float fitSymmetric(const float* values, int n, int half, const float* weights) noexcept
{
    constexpr float kNothing = 1e-15f; // below it every scale is 0 in 16 bits
    float extreme = 0;
    for (int i = 0; i < n; ++i)
        if (std::fabs(values[i]) > std::fabs(extreme))
            extreme = values[i];
    if (std::fabs(extreme) < kNothing)
        return 0;
    float scale = 0, best = -1;
    for (int step = 0; step < 19; ++step) {
        // The scale that gives the extreme value its code -half first: of equals it stays.
        const float shift = step == 0 ? 0.0f : float(step <= 9 ? step - 10 : step - 9) * 0.1f;
        const float inverse = -(float(half) + shift) / extreme;
        float xq = 0, qq = 0;
        for (int i = 0; i < n; ++i) {
            const auto q = float(clampedToInt(std::nearbyint(inverse * values[i]), -half, half - 1));
            const float weight = weights ? weights[i] : values[i] * values[i];
            xq += weight * values[i] * q;
            qq += weight * q * q;
        }
        if (qq > 0 && (best < 0 || xq * xq > best * qq)) {
            scale = xq / qq;
            best = scale * xq;
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
