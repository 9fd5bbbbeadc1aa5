// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen1.5-MoE and Qwen2-57B-A14B: Qwen2's attention, experts whose weights are not normalized, and one shared expert that
// each token lets in by a gate of its own.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadQwen2Moe(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkvBias = nn::Bias::required;
    traits.experts = ExpertTraits{.hasSharedGate = true, .dividesFfn = true};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
