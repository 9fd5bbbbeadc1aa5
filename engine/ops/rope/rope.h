// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sy::ops {

/// Which values of a head turn together.
enum class RopeLayout {
    adjacent, // (0, 1), (2, 3), ...: "NORM" among GGUF's users
    halves,   // (i, i + nRotated / 2): "NEOX"
};

/// Rotary position embedding. Su et al. 2021, arXiv:2104.09864. Every scaling method comes down to one frequency per pair and
/// one factor on cosines and sines, which is all that is kept here.
struct RopeConfig {
    RopeLayout layout = RopeLayout::adjacent;
    int headDim = 0;
    int firstDim = 0;                // of the rotated values in a head
    std::vector<double> frequencies; // radians per position, one per pair
    float magnitude = 1.0f;          // on cosines and sines
    int nRotated() const { return 2 * int(frequencies.size()); }
};

/// base^(-2i / nRotated) / linearFactor for i = 0 ... nRotated / 2 - 1, each divided by factors[i] unless factors is empty.
/// Throws std::invalid_argument when nRotated is odd or factors has another length.
std::vector<double> ropeFrequencies(int nRotated, double base, double linearFactor = 1.0, std::span<const float> factors = {});

/// YaRN: high frequencies stay, low ones are divided by the factor, those between are mixed. Peng et al. 2023, arXiv:2309.00071.
struct YarnScaling {
    double factor;                // of the context, at least 1
    double originalContextLength; // that the model was trained with
    double betaFast = 32;         // turns over the original context above which a pair keeps its frequency
    double betaSlow = 1;          // turns below which it is divided
    double mix = 1;               // how much of the unscaled frequency the fast pairs get ("ext_factor")
    bool roundsBorders = true;    // the pairs between which the frequencies change over are whole numbers
};

/// Scales what ropeFrequencies() made for this base. Throws std::invalid_argument for a factor or context that is not positive.
void scaleByYarn(std::vector<double>& frequencies, double base, const YarnScaling& yarn);

/// Cosines and sines of one step's tokens, shared by all layers and by queries and keys. For `adjacent` each stands twice, the
/// sines as -sin, sin: (tokens, nRotated); for `halves` once: (tokens, nRotated / 2). f32, made in double.
struct RopeAngles {
    Tensor cosines;
    Tensor sines;
};
RopeAngles ropeAngles(const OpContext& context, const RopeConfig& config, std::span<const int32_t> positions);

/// Turns every head of x (tokens, nHeads * headDim) f32 in place. Throws std::invalid_argument when shapes do not fit.
void rope(const OpContext& context, Tensor& x, const RopeConfig& config, const RopeAngles& angles);

/// The rotation backwards, its factor kept: rope() with these turns the gradient of a rotated tensor into that of the tensor
/// itself, in place, for every layout and scaling.
RopeAngles gradientAngles(const OpContext& context, const RopeAngles& angles);

} // namespace sy::ops
