// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "engine/formats/gguf.h"

namespace sy::api {

StoredTemplate templateOf(const formats::GgufFile& file, const tokenizer::Tokenizer& tokenizer)
{
    const auto text = [&](int32_t id) { return id < 0 ? std::string() : std::string(tokenizer.tokenBytes(id)); };
    return {std::string(file.string("tokenizer.chat_template").value_or("")), text(tokenizer.bos()), text(tokenizer.eos())};
}

StoredTemplate storedTemplate(const std::filesystem::path& model)
{
    const formats::GgufFile file = formats::GgufFile::open(model);
    return templateOf(file, tokenizer::Tokenizer(tokenizer::readVocabulary(file.metadata())));
}

} // namespace sy::api
