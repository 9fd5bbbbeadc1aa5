// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/word_piece_encoder.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/piece_text.h"

#include <utf8proc.h>

namespace sy::tokenizer {

namespace {

PieceTrie trieOf(const Vocabulary& v)
{
    std::vector<PieceTrie::Entry> entries;
    entries.reserve(v.tokens.size());
    for (size_t id = 0; id < v.tokens.size(); ++id) {
        // Control tokens carry no U+2581, but "[PAD]" without one could still continue a word.
        const bool isMatched = v.types[id] != TokenType::control && v.types[id] != TokenType::unknown;
        if (isMatched && !v.tokens[id].empty() && v.tokens[id].size() <= kLongestMatchedPiece)
            entries.push_back({v.tokens[id], int32_t(id)});
    }
    return PieceTrie(std::move(entries));
}

bool isIdeograph(char32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool isWhiteSpace(char32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

enum class CharacterClass : uint8_t { space, dropped, alone, letter };

CharacterClass classOf(char32_t c)
{
    if (isWhiteSpace(c))
        return CharacterClass::space;
    if (c == 0xFFFD)
        return CharacterClass::dropped;
    switch (utf8proc_category(utf8proc_int32_t(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS: return CharacterClass::dropped;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return CharacterClass::alone;
    case UTF8PROC_CATEGORY_SM: // the ASCII symbols count as punctuation: $ + < = > ^ ` |
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO: return c < 0x80 ? CharacterClass::alone : CharacterClass::letter;
    default: return isIdeograph(c) ? CharacterClass::alone : CharacterClass::letter;
    }
}

bool isAccent(char32_t c, AccentStripping stripping)
{
    const utf8proc_category_t category = utf8proc_category(utf8proc_int32_t(c));
    return category == UTF8PROC_CATEGORY_MN ||
           (stripping == AccentStripping::asGguf && (category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME));
}

// BERT gives up on words of more than 100 characters; and U+2581, if the text holds one, is no letter of any piece.
bool canBeSpelled(std::string_view word)
{
    size_t nCharacters = 0;
    for (size_t at = kEscapedSpace.size(); at < word.size() && nCharacters <= 100; ++nCharacters)
        at += size_t(decodeUtf8(word, at).nBytes);
    return nCharacters <= 100 && word.find(kEscapedSpace, 1) == std::string_view::npos;
}

} // namespace

WordPieceEncoder::WordPieceEncoder(const Vocabulary& v)
    : m_trie(trieOf(v)), m_unknown(v.unknown), m_lowercase(v.lowercase.value_or(true)),
      m_stripAccents(v.stripAccents.value_or(m_lowercase)), m_accentStripping(v.accentStripping)
{
    if (m_unknown < 0)
        throw BadFile(v.source, "a WordPiece vocabulary without an unknown token");
}

void WordPieceEncoder::encode(std::string_view text, bool, std::vector<int32_t>& ids) const
{
    std::string word(kEscapedSpace);
    const auto finishWord = [&] {
        if (word.size() > kEscapedSpace.size())
            encodeWord(word, ids);
        word.resize(kEscapedSpace.size());
    };
    const auto take = [&](char32_t c) {
        const CharacterClass characterClass = classOf(c);
        if (characterClass == CharacterClass::space)
            finishWord();
        if (characterClass == CharacterClass::space || characterClass == CharacterClass::dropped ||
            (m_stripAccents && isAccent(c, m_accentStripping)))
            return;
        if (characterClass == CharacterClass::alone)
            finishWord();
        appendUtf8(word, m_lowercase ? char32_t(utf8proc_tolower(utf8proc_int32_t(c))) : c);
        if (characterClass == CharacterClass::alone)
            finishWord();
    };
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        at += size_t(c.nBytes);
        if (!m_stripAccents || c.value < 0x80) {
            take(c.value);
            continue;
        }
        utf8proc_int32_t parts[8]; // no canonical decomposition of one character has more than four
        int boundary = 0;
        const auto n = utf8proc_decompose_char(utf8proc_int32_t(c.value), parts, 8, UTF8PROC_DECOMPOSE, &boundary);
        if (n < 1 || n > 8)
            take(c.value);
        const auto nTaken = m_accentStripping == AccentStripping::asGguf ? 1 : n;
        for (int i = 0; i < nTaken && n >= 1 && n <= 8; ++i)
            take(char32_t(parts[i]));
    }
    finishWord();
}

void WordPieceEncoder::encodeWord(std::string_view word, std::vector<int32_t>& ids) const
{
    if (m_accentStripping == AccentStripping::asBert && !canBeSpelled(word)) {
        ids.push_back(m_unknown);
        return;
    }
    const size_t before = ids.size();
    for (size_t at = 0; at < word.size();) {
        int32_t longest = -1;
        size_t longestEnd = at;
        uint32_t node = PieceTrie::kRoot;
        for (size_t end = at; end < word.size();) {
            node = m_trie.step(node, word[end++]);
            if (node == PieceTrie::kRoot)
                break;
            if (m_trie.value(node) >= 0) {
                longest = m_trie.value(node);
                longestEnd = end;
            }
        }
        if (longest < 0) {
            ids.resize(before);
            ids.push_back(m_unknown);
            return;
        }
        ids.push_back(longest);
        at = longestEnd;
    }
}

} // namespace sy::tokenizer
