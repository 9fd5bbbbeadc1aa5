// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen3-30B-A3B, 235B-A22B and Coder: Qwen3's attention, experts in every layer, weights normalized, none shared.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadQwen3Moe(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkNorm = nn::QkNorm::perHead;
    traits.experts = ExpertTraits{.normalizes = true};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
