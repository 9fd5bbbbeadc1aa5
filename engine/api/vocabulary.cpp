// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/vocabulary.h"

#include "engine/formats/gguf.h"
#include "engine/tokenizer/tokenizer.h"

namespace sy::api {

struct Vocabulary::State {
    tokenizer::Tokenizer tokenizer;
};

Vocabulary Vocabulary::open(const std::filesystem::path& path)
{
    const auto file = formats::GgufFile::open(path);
    return Vocabulary(std::make_shared<const State>(State{tokenizer::Tokenizer(tokenizer::readVocabulary(file.metadata()))}));
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
