// SPDX-License-Identifier: GPL-3.0-or-later
//
// Encoders of Q4_K, Q5_K and Q6_K; the layouts are drawn beside their decoders. Every group of 32 or 16 values gets the scale that fits it
// best; the scales are rounded to their 6 or 8 bits under one scale for all 256, and the codes are chosen once more for the scales
// that are left. Kawrakow's k-quants; the weights and grids are those of the encoder whose files people know, so that errors agree with
// its table within a few per cent (reference figures in tst_quantizers).
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"
#include "engine/quant/fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sy::quant {

namespace {

constexpr int kGroups = 8, kGroupValues = 32;

struct GroupCodes {
    int scale[kGroups], minimum[kGroups]; // 6 bits each
    uint8_t codes[kGroups * kGroupValues];
};

// d and dmin go to `out` and the codes to the return value.
GroupCodes encodeGroups(const float* values, const float* importance, int largest, const FitGrid& plainGrid, uint8_t* out) noexcept
{
    const FitGrid grid = importance ? FitGrid{-0.9f, 0.05f, 36} : plainGrid;
    const float spread = 2 * meanSquare(values, kGroups * kGroupValues);
    FitWithMinimum fits[kGroups];
    float largestScale = 0, largestMinimum = 0;
    for (int g = 0; g < kGroups; ++g) {
        const float* x = values + g * kGroupValues;
        float weights[kGroupValues];
        if (importance) {
            errorWeights(x, importance + g * kGroupValues, spread, kGroupValues, weights);
        } else {
            const float typical = std::sqrt(meanSquare(x, kGroupValues));
            for (int i = 0; i < kGroupValues; ++i)
                weights[i] = typical + std::fabs(x[i]);
        }
        fits[g] = fitWithMinimum(x, weights, kGroupValues, largest, grid);
        largestScale = std::max(largestScale, fits[g].scale);
        largestMinimum = std::max(largestMinimum, fits[g].minimum);
    }
    const float d = finiteHalf(largestScale / 63, out), dmin = finiteHalf(largestMinimum / 63, out + 2);
    const float perScale = largestScale > 0 ? 63 / largestScale : 0, perMinimum = largestMinimum > 0 ? 63 / largestMinimum : 0;
    GroupCodes result{};
    for (int g = 0; g < kGroups; ++g) {
        result.scale[g] = clampedToInt(std::nearbyint(perScale * fits[g].scale), 0, 63);
        result.minimum[g] = clampedToInt(std::nearbyint(perMinimum * fits[g].minimum), 0, 63);
        const float scale = d * float(result.scale[g]), minimum = dmin * float(result.minimum[g]);
        if (scale == 0)
            continue;
        for (int i = g * kGroupValues; i < (g + 1) * kGroupValues; ++i)
            result.codes[i] = uint8_t(clampedToInt(std::nearbyint((values[i] + minimum) / scale), 0, largest));
    }
    return result;
}

void writeScales(const GroupCodes& g, uint8_t* s) noexcept
{
    for (int i = 0; i < 4; ++i) {
        s[i] = uint8_t(g.scale[i] | g.scale[i + 4] >> 4 << 6);
        s[i + 4] = uint8_t(g.minimum[i] | g.minimum[i + 4] >> 4 << 6);
        s[i + 8] = uint8_t((g.scale[i + 4] & 15) | (g.minimum[i + 4] & 15) << 4);
    }
}

// Group 2i in the low and 2i + 1 in the high nibbles of 32 bytes.
void writeNibbles(const uint8_t* codes, uint8_t* qs) noexcept
{
    for (int pair = 0; pair < kGroups / 2; ++pair)
        for (int l = 0; l < kGroupValues; ++l)
            qs[pair * 32 + l] = uint8_t((codes[pair * 64 + l] & 15) | (codes[pair * 64 + 32 + l] & 15) << 4);
}

} // namespace

void packQ4_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 144, values += 256, importance = importance ? importance + 256 : nullptr) {
        const GroupCodes groups = encodeGroups(values, importance, 15, {-1.0f, 0.1f, 20}, b);
        writeScales(groups, b + 4);
        writeNibbles(groups.codes, b + 16);
    }
}

void packQ5_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 176, values += 256, importance = importance ? importance + 256 : nullptr) {
        const GroupCodes groups = encodeGroups(values, importance, 31, {-0.5f, 0.1f, 15}, b);
        writeScales(groups, b + 4);
        uint8_t* qh = b + 16;
        std::memset(qh, 0, 32);
        for (int g = 0; g < kGroups; ++g)
            for (int l = 0; l < kGroupValues; ++l)
                qh[l] = uint8_t(qh[l] | (groups.codes[g * kGroupValues + l] >> 4) << g);
        writeNibbles(groups.codes, b + 48);
    }
}

void packQ6_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept
{
    auto* b = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 256, b += 210, values += 256, importance = importance ? importance + 256 : nullptr) {
        float scales[16], extreme = 0;
        for (int g = 0; g < 16; ++g) {
            scales[g] = fitSymmetric(values + g * 16, 16, 32, importance ? importance + g * 16 : nullptr);
            if (std::fabs(scales[g]) > std::fabs(extreme))
                extreme = scales[g];
        }
        const float inverse = extreme != 0 ? -128 / extreme : 0;
        const float d = finiteHalf(extreme != 0 ? 1 / inverse : 0, b + 208);
        int codes[256] = {};
        for (int g = 0; g < 16; ++g) {
            const int code = clampedToInt(std::nearbyint(inverse * scales[g]), -128, 127);
            b[192 + g] = static_cast<uint8_t>(code);
            const float scale = d * float(code);
            for (int l = g * 16; l < (g + 1) * 16; ++l)
                codes[l] = scale == 0 ? 32 : clampedToInt(std::nearbyint(values[l] / scale), -32, 31) + 32;
        }
        for (int half = 0; half < 2; ++half) {
            uint8_t *ql = b + half * 64, *qh = b + 128 + half * 32;
            const int* q = codes + half * 128;
            for (int l = 0; l < 32; ++l) {
                ql[l] = uint8_t((q[l] & 15) | (q[l + 64] & 15) << 4);
                ql[l + 32] = uint8_t((q[l + 32] & 15) | (q[l + 96] & 15) << 4);
                qh[l] = uint8_t(q[l] >> 4 | q[l + 32] >> 4 << 2 | q[l + 64] >> 4 << 4 | q[l + 96] >> 4 << 6);
            }
        }
    }
}

void packQ4_K(const float* values, void* blocks, int64_t nValues) noexcept
{
    packQ4_KFor(values, nullptr, blocks, nValues);
}

void packQ5_K(const float* values, void* blocks, int64_t nValues) noexcept
{
    packQ5_KFor(values, nullptr, blocks, nValues);
}

void packQ6_K(const float* values, void* blocks, int64_t nValues) noexcept
{
    packQ6_KFor(values, nullptr, blocks, nValues);
}

} // namespace sy::quant
