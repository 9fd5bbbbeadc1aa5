// SPDX-License-Identifier: GPL-3.0-or-later
// BERT encoders: BGE, MiniLM, E5, GTE and, converted, XLM-RoBERTa's.
#include "engine/core/error.h"
#include "engine/models/architectures.h"
#include "engine/models/post_norm_encoder.h"

namespace sy::models {

namespace {

// GGUF files name no activation, and every BERT that is in use was trained with the exact form. A source that does know says it
// in the words of its config.json.
ops::GeluForm geluForm(const formats::Metadata& metadata)
{
    const std::string_view name = metadata.string("bert.hidden_activation").value_or("gelu");
    if (name == "gelu")
        return ops::GeluForm::exact;
    if (name == "gelu_new" || name == "gelu_pytorch_tanh")
        return ops::GeluForm::tanh;
    throw Unsupported("the activation \"" + std::string(name) + "\" in a BERT model", "this version knows the two forms of GELU");
}

} // namespace

std::unique_ptr<Model> loadBert(const formats::TensorSource& source)
{
    PostNormTraits traits;
    traits.gelu = geluForm(source.metadata());
    return loadPostNormEncoder(source, traits);
}

} // namespace sy::models
