// SPDX-License-Identifier: GPL-3.0-or-later
// nomic-embed-text v1 and v1.5. Nussbaum et al. 2024, arXiv:2402.01613. BERT with RoPE instead of a table of positions, a
// gated feed-forward, and no biases but those of its norms.
#include "engine/models/architectures.h"
#include "engine/models/post_norm_encoder.h"

namespace sy::models {

std::unique_ptr<Model> loadNomicBert(const formats::TensorSource& source)
{
    PostNormTraits traits;
    traits.bias = nn::Bias::optional;
    traits.rope = ops::RopeLayout::halves;
    traits.isGated = true;
    return loadPostNormEncoder(source, traits);
}

} // namespace sy::models
