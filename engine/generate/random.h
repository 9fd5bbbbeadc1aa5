// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>

namespace sy::generate {

/// Philox4x32-10. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". A function of key and counter without
/// state: a request's n-th draw depends on its seed and n alone, never on what else runs or was cancelled.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) noexcept;

/// The n-th draw of a seed, uniform in [0, 1) with 53 bits.
double uniformDraw(uint64_t seed, uint64_t n) noexcept;

/// For requests without a seed: from the system's entropy, at most 2^53 so that JSON readers keep every digit.
uint64_t drawSeed();

} // namespace sy::generate
