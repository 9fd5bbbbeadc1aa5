// SPDX-License-Identifier: GPL-3.0-or-later
// Gemma 3, text. Gemma team 2025, arXiv:2503.19786. Five layers with a window and a RoPE of their own for each that sees
// everything; norms before and behind each sublayer (their weights hold the "1 +" already); the embedding is scaled by the
// square root of the width and is the output matrix too.
#include "engine/models/gemma3.h"

#include "engine/models/architectures.h"

namespace sy::models {

DecoderTraits gemma3Traits()
{
    DecoderTraits traits{ops::RopeLayout::halves};
    traits.qkNorm = nn::QkNorm::perHead;
    traits.activation.form = ops::GateForm::geluTanh;
    traits.hasOutputNorms = true;
    traits.hasSoftCap = true;
    traits.scalesEmbedding = true;
    traits.windowPeriod = 6;
    traits.windowRopeBase = 10000.0;
    traits.scalesLargestByWidth = true;
    return traits;
}

std::unique_ptr<Model> loadGemma3(const formats::TensorSource& source)
{
    return loadStandardDecoder(source, gemma3Traits());
}

} // namespace sy::models
