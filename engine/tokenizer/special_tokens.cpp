// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/special_tokens.h"

#include <algorithm>

namespace sy::tokenizer {

SpecialTokens::SpecialTokens(std::vector<Token> tokens) : m_tokens(std::move(tokens)), m_starts{}
{
    // Equal texts: the one with the lower id counts.
    std::stable_sort(m_tokens.begin(), m_tokens.end(), [](const Token& a, const Token& b) { return a.text < b.text; });
    m_tokens.erase(std::unique(m_tokens.begin(), m_tokens.end(), [](const Token& a, const Token& b) { return a.text == b.text; }),
                   m_tokens.end());
    for (const Token& token : m_tokens) {
        const auto first = static_cast<unsigned char>(token.text[0]);
        m_starts[1][first] = true;
        if (token.isAlwaysParsed)
            m_starts[0][first] = true;
        if (token.isMarker)
            m_longestMarker = std::max(m_longestMarker, token.text.size());
    }
}

const SpecialTokens::Token* SpecialTokens::longestAt(std::string_view text, size_t at, Wanted wanted) const
{
    const auto isWanted = [wanted](const Token& token) {
        return wanted == Wanted::all || (token.isAlwaysParsed && !(wanted == Wanted::unmarked && token.isMarker));
    };
    // The sorted list as a trie: those that begin with the bytes read so far are neighbours, the shortest first.
    const Token* longest = nullptr;
    auto begin = m_tokens.begin(), end = m_tokens.end();
    for (size_t depth = 0; begin != end && at + depth < text.size(); ++depth) {
        const auto byte = static_cast<unsigned char>(text[at + depth]);
        const auto byteOf = [depth](const Token& token) {
            return depth < token.text.size() ? int(static_cast<unsigned char>(token.text[depth])) : -1;
        };
        begin = std::partition_point(begin, end, [&](const Token& token) { return byteOf(token) < byte; });
        end = std::partition_point(begin, end, [&](const Token& token) { return byteOf(token) == byte; });
        if (begin != end && begin->text.size() == depth + 1 && isWanted(*begin))
            longest = &*begin;
    }
    return longest;
}

SpecialTokens::Match SpecialTokens::findNext(std::string_view text, size_t from, bool parseSpecial,
                                             std::span<const size_t> literalAt) const
{
    const auto& starts = m_starts[parseSpecial];
    for (size_t at = from; at < text.size(); ++at) {
        if (!starts[static_cast<unsigned char>(text[at])])
            continue;
        const bool isLiteral = std::binary_search(literalAt.begin(), literalAt.end(), at);
        if (const Token* token = longestAt(text, at, isLiteral ? Wanted::unmarked : parseSpecial ? Wanted::all : Wanted::alwaysParsed))
            return {token, at, at + token->text.size()};
    }
    return {nullptr, text.size(), text.size()};
}

// Whether a marker begins like this and goes on.
bool SpecialTokens::isCutMarker(std::string_view end) const
{
    auto it = std::partition_point(m_tokens.begin(), m_tokens.end(), [&](const Token& token) { return token.text <= end; });
    for (; it != m_tokens.end() && it->text.starts_with(end); ++it) {
        if (it->isMarker)
            return true;
    }
    return false;
}

size_t SpecialTokens::findMarker(std::string_view text, size_t from) const
{
    for (size_t at = from; at < text.size(); ++at) {
        if (!m_starts[1][static_cast<unsigned char>(text[at])])
            continue;
        const Token* token = longestAt(text, at, Wanted::all);
        if ((token && token->isMarker) || (text.size() - at < m_longestMarker && isCutMarker(text.substr(at))))
            return at;
    }
    return text.size();
}

const SpecialTokens::Token* SpecialTokens::find(std::string_view text) const
{
    const auto it = std::partition_point(m_tokens.begin(), m_tokens.end(), [&](const Token& token) { return token.text < text; });
    return it != m_tokens.end() && it->text == text ? &*it : nullptr;
}

} // namespace sy::tokenizer
