// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cstdint>

namespace sy::quant {

/// Codebooks of the IQ1, IQ2 and IQ3 formats: entry e is a word of level numbers (iq_grids.cpp).
extern const uint16_t kIq1Grid[2048];    // IQ1_S and IQ1_M, 8 values an entry
extern const uint16_t kIq2XxsGrid[256];  // 8 values
extern const uint16_t kIq2XsGrid[512];   // 8 values
extern const uint16_t kIq2SGrid[1024];   // 8 values
extern const uint16_t kIq3XxsGrid[256];  // 4 values
extern const uint16_t kIq3SGrid[512];    // 4 values

/// What a level number stands for.
inline constexpr int8_t kIq1Levels[3] = {-1, 0, 1};
inline constexpr int8_t kIq2Levels[3] = {8, 25, 43};
inline constexpr int8_t kIq3XxsLevels[8] = {4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr int8_t kIq3SLevels[8] = {1, 3, 5, 7, 9, 11, 13, 15};

/// Eight signs from the seven that XXS and XS formats store: the number of negative values is even, so the eighth follows.
constexpr unsigned iqSigns(unsigned sevenBits) noexcept
{
    return sevenBits | unsigned(std::popcount(sevenBits) & 1) << 7;
}

} // namespace sy::quant
