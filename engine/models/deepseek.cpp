// SPDX-License-Identifier: GPL-3.0-or-later
// DeepSeekMoE 16B, the first of the family. Dai et al. 2024, arXiv:2401.06066. Ordinary attention, rows of q and k permuted
// as Llama's; the first layer dense, then many small experts, the shared ones stored as one. Not normalized.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadDeepSeek(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::adjacent};
    traits.experts = ExpertTraits{};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
