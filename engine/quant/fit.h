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

/// value ~ scale * code, code -half … half-1, errors weighted by `weights`, or by the square of the value without. Tries 19 scales; 0
/// for values that are all as good as zero.
float fitSymmetric(const float* values, int n, int half, const float* weights = nullptr) noexcept;

/// How much errors of `n` values of a block count: importance * sqrt(spread + value²), where `spread` is of the size of the block's mean
/// square, so that large values do not take everything.
void errorWeights(const float* values, const float* importance, float spread, int n, float* weights) noexcept;

float meanSquare(const float* values, int n) noexcept;

/// Writes a scale as the nearest finite half; returns what a reader will see.
float finiteHalf(float value, uint8_t* out) noexcept;

} // namespace sy::quant
