// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/random.h"

#include <random>

namespace sy::generate {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) noexcept
{
    constexpr uint32_t kMultipliers[2] = {0xD2511F53, 0xCD9E8D57};
    constexpr uint32_t kWeyl[2] = {0x9E3779B9, 0xBB67AE85};
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = uint64_t(kMultipliers[0]) * counter[0];
        const uint64_t b = uint64_t(kMultipliers[1]) * counter[2];
        counter = {uint32_t(b >> 32) ^ counter[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ counter[3] ^ key[1], uint32_t(a)};
        key[0] += kWeyl[0];
        key[1] += kWeyl[1];
    }
    return counter;
}

double uniformDraw(uint64_t seed, uint64_t n) noexcept
{
    const auto bits = philox({uint32_t(n), uint32_t(n >> 32), 0, 0}, {uint32_t(seed), uint32_t(seed >> 32)});
    return double((uint64_t(bits[1]) << 32 | bits[0]) >> 11) * 0x1.0p-53;
}

uint64_t drawSeed()
{
    std::random_device entropy;
    return (uint64_t(entropy()) << 32 | entropy()) >> 11;
}

} // namespace sy::generate
