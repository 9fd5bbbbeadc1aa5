// SPDX-License-Identifier: GPL-3.0-or-later
// Llama 1 to 3, Mistral and many others. GGUF converters have permuted the rows of q and k so that the values that RoPE turns
// together are adjacent. Llama 3.1 and later carry their context extension as divisors in rope_freqs.weight. A few derivatives
// have biases. With experts it is Mixtral: softmax, two of eight, normalized. The sliding window of the first Mistral 7B is not applied, as its other runtimes do not either.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadLlama(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::adjacent};
    traits.qkvBias = nn::Bias::optional;
    traits.outputBias = nn::Bias::optional;
    traits.experts = ExpertTraits{.normalizes = true};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
