// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen2 and Qwen2.5, Coder and Math included, and R1-Distill-Qwen. Biases on q, k and v.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadQwen2(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkvBias = nn::Bias::required;
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
