// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/encoder_model.h"
#include "engine/nn/weights.h"
#include "engine/ops/gelu/gelu.h"
#include "engine/ops/rope/rope.h"

#include <memory>
#include <optional>

namespace sy::models {

/// How the encoders of BERT's kind differ. Devlin et al. 2018, arXiv:1810.04805:
///
///     x = norm(token + position + type 0)
///     x = norm(x + attention(x));  x = norm(x + feedForward(x))          for each layer
struct PostNormTraits {
    nn::Bias bias = nn::Bias::required;  // of the products
    std::optional<ops::RopeLayout> rope; // instead of a table of positions
    bool isGated = false;                // down(SiLU(gate(x)) * up(x)) instead of down(GELU(up(x)))
    ops::GeluForm gelu = ops::GeluForm::exact;
};

/// Reads keys and tensors. Throws as loadModel says.
std::unique_ptr<Model> loadPostNormEncoder(const formats::TensorSource& source, const PostNormTraits& traits);

} // namespace sy::models
