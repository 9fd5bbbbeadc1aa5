// SPDX-License-Identifier: GPL-3.0-or-later
//
// Encoders of Q2_K and Q3_K; the layouts are drawn beside their decoders, and the method is that of k_pack.cpp with 16 groups of 16.
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"
#include "engine/quant/fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sy::quant {

namespace {

constexpr int kGroups = 16, kGroupValues = 16;

// Lower two bits of 256 codes: a half of 128 owns 32 bytes, each with the codes l, 32 + l, 64 + l and 96 + l.
void writePairs(const uint8_t* codes, uint8_t* qs) noexcept
{
    for (int half = 0; half < 2; ++half) {
        const uint8_t* q = codes + half * 128;
        for (int l = 0; l < 32; ++l)
            qs[half * 32 + l] = uint8_t((q[l] & 3) | (q[l + 32] & 3) << 2 | (q[l + 64] & 3) << 4 | (q[l + 96] & 3) << 6);
    }
}

} // namespace

void packQ2_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 84, values += 256, importance = importance ? importance + 256 : nullptr) {
        const FitGrid grid = importance ? FitGrid{-0.9f, 0.05f, 36} : FitGrid{-0.5f, 0.1f, 15};
        const float spread = meanSquare(values, 256);
        FitWithMinimum fits[kGroups];
        float largestScale = 0, largestMinimum = 0;
        for (int g = 0; g < kGroups; ++g) {
            const float* x = values + g * kGroupValues;
            float weights[kGroupValues];
            if (importance)
                errorWeights(x, importance + g * kGroupValues, spread, kGroupValues, weights);
            else
                std::transform(x, x + kGroupValues, weights, [](float value) { return std::fabs(value); });
            fits[g] = fitWithMinimum(x, weights, kGroupValues, 3, grid);
            largestScale = std::max(largestScale, fits[g].scale);
            largestMinimum = std::max(largestMinimum, fits[g].minimum);
        }
        const float d = finiteHalf(largestScale / 15, b + 80), dmin = finiteHalf(largestMinimum / 15, b + 82);
        const float perScale = largestScale > 0 ? 15 / largestScale : 0, perMinimum = largestMinimum > 0 ? 15 / largestMinimum : 0;
        uint8_t codes[256] = {};
        for (int g = 0; g < kGroups; ++g) {
            const int scaleCode = clampedToInt(std::nearbyint(perScale * fits[g].scale), 0, 15);
            const int minimumCode = clampedToInt(std::nearbyint(perMinimum * fits[g].minimum), 0, 15);
            b[g] = uint8_t(scaleCode | minimumCode << 4);
            const float scale = d * float(scaleCode), minimum = dmin * float(minimumCode);
            for (int l = g * kGroupValues; scale != 0 && l < (g + 1) * kGroupValues; ++l)
                codes[l] = uint8_t(clampedToInt(std::nearbyint((values[l] + minimum) / scale), 0, 3));
        }
        writePairs(codes, b + 16);
    }
}

void packQ3_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 110, values += 256, importance = importance ? importance + 256 : nullptr) {
        const float spread = 2 * meanSquare(values, 256);
        float scales[kGroups], extreme = 0;
        for (int g = 0; g < kGroups; ++g) {
            const float* x = values + g * kGroupValues;
            float weights[kGroupValues];
            if (importance)
                errorWeights(x, importance + g * kGroupValues, spread, kGroupValues, weights);
            scales[g] = fitSymmetric(x, kGroupValues, 4, importance ? weights : nullptr);
            if (std::fabs(scales[g]) > std::fabs(extreme))
                extreme = scales[g];
        }
        const float inverse = extreme != 0 ? -32 / extreme : 0;
        const float d = finiteHalf(extreme != 0 ? 1 / inverse : 0, b + 108);
        uint8_t *hmask = b, *packed = b + 96;
        std::memset(hmask, 0, 32);
        std::memset(packed, 0, 12);
        uint8_t codes[256];
        for (int g = 0; g < kGroups; ++g) {
            const int code = clampedToInt(std::nearbyint(inverse * scales[g]), -32, 31);
            const int biased = code + 32;
            packed[g % 8] = uint8_t(packed[g % 8] | (biased & 15) << (g < 8 ? 0 : 4));
            packed[8 + g % 4] = uint8_t(packed[8 + g % 4] | biased >> 4 << (g / 4 * 2));
            const float scale = d * float(code);
            for (int l = g * kGroupValues; l < (g + 1) * kGroupValues; ++l) {
                codes[l] = uint8_t(scale == 0 ? 4 : clampedToInt(std::nearbyint(values[l] / scale), -4, 3) + 4);
                hmask[l % 32] = uint8_t(hmask[l % 32] | (codes[l] >> 2) << (l / 32));
            }
        }
        writePairs(codes, b + 32);
    }
}

void packQ2_K(const float* values, void* blocks, int64_t nValues) noexcept
{
    packQ2_KFor(values, nullptr, blocks, nValues);
}

void packQ3_K(const float* values, void* blocks, int64_t nValues) noexcept
{
    packQ3_KFor(values, nullptr, blocks, nValues);
}

} // namespace sy::quant
