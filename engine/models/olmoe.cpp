// SPDX-License-Identifier: GPL-3.0-or-later
// OLMoE-1B-7B. Muennighoff et al. 2024, arXiv:2409.02060. Queries and keys are normed over all heads at once; 8 of 64
// experts, weights not normalized.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadOlmoe(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkNorm = nn::QkNorm::whole;
    traits.experts = ExpertTraits{};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
