// SPDX-License-Identifier: GPL-3.0-or-later
// Choosing the scale of a group of values so that their rounded copies are as close as possible. Used by the encoders of the block types
// that need it.
#pragma once

#include <cstdint>

namespace sy::quant {

/// value ~ scale * code - minimum, code 0 … largest, minimum >= 0.
struct FitWithMinimum {
    float scale;
    float minimum;
};

/// The trial scales: inverse scale (first + step * i + largest code) / (max - min) for i = 0 … nSteps.
struct FitGrid {
    float first, step;
    int nSteps;
};

/// Of all trial scales the one whose weighted squared error is least after scale and minimum have been solved for by least squares.
/// weights: one per value, not negative.
FitWithMinimum fitWithMinimum(const float* values, const float* weights, int n, int largest, const FitGrid& grid) noexcept;

/// value ~ scale * code, code -half … half-1, errors weighted by the square of the value. Tries 19 scales; 0 for values that are all
/// as good as zero.
float fitSymmetric(const float* values, int n, int half) noexcept;

} // namespace sy::quant
