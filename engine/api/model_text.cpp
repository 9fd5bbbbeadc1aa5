// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_text.h"

#include "engine/formats/model_file.h"
#include "engine/tokenizer/tokenizer_folder.h"
#include "engine/tokenizer/vocabulary_keys.h"

namespace sy::api {

namespace {

constexpr std::string_view kNoTokenizer = "none"; // what converters write for a model of token ids

} // namespace

ModelText readModelText(const formats::ModelFile& file)
{
    const formats::Metadata& keys = file.metadata();
    if (const auto folder = formats::safetensorsFolderOf(keys.source()); !folder.empty()) {
        const std::string architecture(keys.requireString("general.architecture"));
        auto text = tokenizer::readTokenizerFolder(folder, keys.integer(architecture + ".vocab_size").value_or(0));
        return text ? ModelText{std::move(text->vocabulary), std::move(text->chatTemplate)} : ModelText();
    }
    ModelText text;
    if (keys.string("tokenizer.ggml.model") != kNoTokenizer)
        text.vocabulary = tokenizer::readVocabulary(keys);
    text.chatTemplate = std::string(keys.string("tokenizer.chat_template").value_or(""));
    return text;
}

void writeModelKeys(const formats::ModelFile& model, formats::Metadata& out)
{
    const formats::Metadata& in = model.metadata();
    for (size_t i = 0; i < in.size(); ++i) {
        const std::string_view key = in.keyAt(i);
        if (!key.starts_with("split.") && key != "general.alignment")
            out.copy(key, in);
    }
    if (in.has("tokenizer.ggml.model"))
        return;
    const ModelText text = readModelText(model);
    if (text.vocabulary)
        tokenizer::writeVocabulary(*text.vocabulary, out);
    else
        out.setString("tokenizer.ggml.model", std::string(kNoTokenizer));
    if (!text.chatTemplate.empty())
        out.setString("tokenizer.chat_template", text.chatTemplate);
}

} // namespace sy::api
