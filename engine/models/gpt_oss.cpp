// SPDX-License-Identifier: GPL-3.0-or-later
// gpt-oss 20B and 120B. OpenAI 2025, arXiv:2508.10925. Biases everywhere, experts included; every second layer sees a
// window; each head has a sink, a logit without a value; the router takes its softmax over the chosen experts; a clamped
// activation. post_attention_norm is, despite its name, the norm in front of the feed-forward.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadGptOss(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkvBias = nn::Bias::required;
    traits.outputBias = nn::Bias::required;
    traits.hasSinks = true;
    traits.feedForwardNorm = "post_attention_norm";
    traits.windowPeriod = 2;
    traits.experts = ExpertTraits{.gating = ops::Gating::softmaxOfChosen,
                                  .routerBias = nn::Bias::required,
                                  .expertBias = nn::Bias::required,
                                  .activation = {ops::GateForm::clampedSwish, 7.0f}};
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
