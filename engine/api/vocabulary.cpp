// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/vocabulary.h"

#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/formats/model_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace sy::api {

struct Vocabulary::State {
    tokenizer::Tokenizer tokenizer;
};

Vocabulary Vocabulary::open(const std::filesystem::path& path)
{
    ModelText text = readModelText(*formats::openModelFile(path));
    if (!text.vocabulary)
        throw Unsupported("text with " + path.filename().string(), "the model has no tokenizer; it takes token ids only");
    return Vocabulary(std::make_shared<const State>(State{tokenizer::Tokenizer(std::move(*text.vocabulary))}));
}

std::vector<int32_t> Vocabulary::tokenize(const std::string& text, bool isSpecial) const
{
    return m_state->tokenizer.encode(text, {.parseSpecial = isSpecial, .addSpecial = isSpecial});
}

std::string Vocabulary::tokenText(int32_t id) const
{
    return std::string(m_state->tokenizer.tokenBytes(id));
}

std::string Vocabulary::detokenize(std::span<const int32_t> ids) const
{
    return m_state->tokenizer.decode(ids);
}

} // namespace sy::api
