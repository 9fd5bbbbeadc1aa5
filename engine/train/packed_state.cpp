// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/packed_state.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace sy::train {

namespace {

constexpr int kExponents = 16; // the lowest one holds zero and what is below the others

// Of a code without its sign: exponents 2^0 downwards, the largest code being 2 - 1 / 2^mantissaBits.
template <int mantissaBits>
constexpr std::array<float, size_t(kExponents) << mantissaBits> magnitudes()
{
    std::array<float, size_t(kExponents) << mantissaBits> table{};
    constexpr int kSteps = 1 << mantissaBits;
    for (int code = 0; code < kExponents * kSteps; ++code) {
        const int exponent = code / kSteps, mantissa = code % kSteps;
        float power = 1;
        for (int e = std::max(exponent, 1); e < kExponents - 1; ++e)
            power /= 2;
        table[size_t(code)] = (float(exponent > 0 ? kSteps + mantissa : mantissa) / kSteps) * power;
    }
    return table;
}
constexpr auto kSigned = magnitudes<3>();
constexpr auto kUnsigned = magnitudes<4>();

// Uniform in [0, 1): a mix of seed and place (splitmix64).
float draw(uint64_t seed, uint64_t place)
{
    uint64_t z = seed + (place + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return float((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

// The code of y in 0 ... 2 - 1 / 2^mantissaBits.
template <int mantissaBits>
int codeOf(float y, float random)
{
    constexpr int kSteps = 1 << mantissaBits;
    const int exponent = std::max(int(std::bit_cast<uint32_t>(y) >> 23) - 127, 2 - kExponents); // of the step that y lies in
    const float steps = std::ldexp(y, mantissaBits - exponent); // kSteps ... 2 kSteps, or below
    const auto whole = int(std::floor(steps + random));
    return std::min((exponent + kExponents - 2) * kSteps + whole, kExponents * kSteps - 1);
}

float largest(std::span<const float> values)
{
    float most = 0;
    for (const float value : values)
        most = std::max(most, std::fabs(value));
    return most;
}

} // namespace

float packSigned(std::span<const float> values, uint64_t seed, int8_t* codes)
{
    const float scale = largest(values) / kSigned.back();
    for (size_t i = 0; i < values.size(); ++i) {
        const int code = scale > 0 ? codeOf<3>(std::fabs(values[i]) / scale, draw(seed, i)) : 0;
        codes[i] = int8_t(values[i] < 0 ? code | 0x80 : code);
    }
    return scale;
}

float packUnsigned(std::span<const float> values, uint64_t seed, int8_t* codes)
{
    const float scale = largest(values) / kUnsigned.back();
    for (size_t i = 0; i < values.size(); ++i)
        codes[i] = int8_t(values[i] > 0 ? std::max(1, codeOf<4>(values[i] / scale, draw(seed, i))) : 0);
    return scale;
}

void unpackSigned(std::span<float> values, float scale, const int8_t* codes)
{
    for (size_t i = 0; i < values.size(); ++i) {
        const float magnitude = kSigned[size_t(codes[i] & 0x7f)] * scale;
        values[i] = codes[i] < 0 ? -magnitude : magnitude;
    }
}

void unpackUnsigned(std::span<float> values, float scale, const int8_t* codes)
{
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = kUnsigned[uint8_t(codes[i])] * scale;
}

} // namespace sy::train
