// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/causal_model.h"
#include "engine/models/hyperparameters.h"
#include "engine/nn/rope_config.h"

#include <memory>

namespace sy::models {

/// How one of the architectures built from nn::DecoderBlock differs from its sisters.
struct DecoderTraits {
    ops::RopeLayout ropeLayout;
    nn::Bias qkvBias = nn::Bias::none;
    nn::Bias outputBias = nn::Bias::none;
    bool hasHeadNorms = false;
};

/// Reads keys and tensors of a dense decoder. Throws as loadModel says.
std::unique_ptr<Model> loadStandardDecoder(const formats::TensorSource& source, const DecoderTraits& traits);

} // namespace sy::models
