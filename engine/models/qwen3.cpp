// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen3 dense and Qwen3-Embedding. Each head of q and k is normalized before RoPE; the head size is a key of its own, so that all
// heads together may be wider than the model. An embedding model says so by pooling_type: the last token's normed state.
#include "engine/models/architectures.h"
#include "engine/models/standard_decoder.h"

namespace sy::models {

std::unique_ptr<Model> loadQwen3(const formats::TensorSource& source)
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkNorm = nn::QkNorm::perHead;
    return loadStandardDecoder(source, traits);
}

} // namespace sy::models
