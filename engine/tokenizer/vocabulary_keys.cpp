// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/vocabulary_keys.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/formats/metadata.h"
#include "engine/tokenizer/pre_tokenizer_table.h"

#include <algorithm>
#include <cstdio>
#include <span>

namespace sy::tokenizer {

namespace {

// One spelling for one expression: characters outside ASCII and line ends as escapes.
std::string spelled(std::string_view expression)
{
    std::string out;
    for (size_t at = 0; at < expression.size();) {
        const CodePoint c = decodeUtf8(expression, at);
        at += size_t(c.nBytes);
        if (c.value == '\r' || c.value == '\n') {
            out += c.value == '\r' ? "\\r" : "\\n";
        } else if (c.value < 0x80) {
            out += char(c.value);
        } else {
            char text[16];
            std::snprintf(text, sizeof text, "\\x{%X}", unsigned(c.value));
            out += text;
        }
    }
    return out;
}

std::string_view preTokenizerOf(const Vocabulary& v)
{
    if (v.expressions.empty())
        return v.pre;
    for (const PreTokenizerRow& row : preTokenizers()) {
        if (row.usesWholeWords == v.usesWholeWords && row.name != "default" &&
            std::ranges::equal(row.expressions, v.expressions,
                               [](std::string_view a, const std::string& b) { return spelled(a) == spelled(b); }))
            return row.name;
    }
    throw Unsupported("writing this tokenizer to GGUF", "its splitting expressions have no name there");
}

int32_t only(const std::vector<int32_t>& ids)
{
    if (ids.size() > 1)
        throw Unsupported("writing this tokenizer to GGUF", "it puts several tokens around a text");
    return ids.empty() ? -1 : ids.front();
}

} // namespace

void writeVocabulary(const Vocabulary& v, formats::Metadata& m)
{
    constexpr std::string_view kModels[] = {"gpt2", "llama", "t5", "bert"};
    const auto key = [](const char* name) { return std::string("tokenizer.ggml.") + name; };
    m.setString(key("model"), kModels[size_t(v.kind)]);
    m.setString(key("pre"), v.kind == VocabularyKind::bytePair ? preTokenizerOf(v) : "default");
    std::vector<std::string> tokens(v.tokens.begin(), v.tokens.end());
    for (size_t id = 0; id < tokens.size(); ++id)
        if (tokens[id].empty()) // other readers want names
            tokens[id] = "[PAD" + std::to_string(id) + "]";
    m.setStrings(key("tokens"), std::span<const std::string>(tokens));
    if (!v.scores.empty())
        m.setReals(key("scores"), v.scores);
    std::vector<int32_t> types;
    for (const TokenType type : v.types)
        types.push_back(int32_t(type));
    if (!types.empty())
        m.setIntegers(key("token_type"), types);
    if (!v.merges.empty())
        m.setStrings(key("merges"), std::span<const std::string_view>(v.merges));
    if (!v.charsmap.empty())
        m.setBytes(key("precompiled_charsmap"), {reinterpret_cast<const uint8_t*>(v.charsmap.data()), v.charsmap.size()});

    const int32_t before = only(v.idsBefore), after = only(v.idsAfter);
    const bool isWordPiece = v.kind == VocabularyKind::wordPiece;
    const int32_t bos = before >= 0 ? before : v.bos, eos = after >= 0 && !isWordPiece ? after : v.eos;
    const int32_t separator = after >= 0 && isWordPiece ? after : v.separator;
    const std::pair<const char*, int32_t> ids[] = {{"bos", bos},         {"eos", eos},   {"unknown", v.unknown},
                                                   {"seperator", separator}, {"padding", v.padding}, {"mask", v.mask}};
    for (const auto& [name, id] : ids)
        if (id >= 0)
            m.setInteger(key(name) + "_token_id", id);
    if (isWordPiece && bos >= 0)
        m.setInteger(key("cls_token_id"), bos);
    for (const int32_t id : v.endIds) // GGUF has room for one more
        if (id != eos && !m.has(key("eot_token_id")))
            m.setInteger(key("eot_token_id"), id);
    m.setBoolean(key("add_bos_token"), before >= 0 || v.addBos.value_or(false));
    m.setBoolean(key("add_eos_token"), (after >= 0 && !isWordPiece) || v.addEos.value_or(false));
    if (isWordPiece)
        m.setBoolean(key("add_sep_token"), after >= 0 || v.addSeparator.value_or(false));
    if (v.addSpacePrefix)
        m.setBoolean(key("add_space_prefix"), *v.addSpacePrefix);
    if (v.removeExtraWhitespace)
        m.setBoolean(key("remove_extra_whitespaces"), *v.removeExtraWhitespace);
    if (v.lowercase)
        m.setBoolean(key("normalizer.lowercase"), *v.lowercase);
    if (v.stripAccents)
        m.setBoolean(key("normalizer.strip_accents"), *v.stripAccents);
}

} // namespace sy::tokenizer
