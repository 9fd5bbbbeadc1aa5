// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

/// Finds tokens that are written out in a text. Where several could match, the leftmost is taken, of those the longest, as the models'
/// own tokenizers do. Linear in the text, whatever the number of tokens.
class SpecialTokens {
public:
    struct Token {
        std::string text;
        int32_t id;
        bool isAlwaysParsed; // user-defined: found even when special tokens are plain text
        bool isMarker;       // says who speaks or where something ends: what people write must not be taken for it
        bool stripsLeft, stripsRight;
    };
    explicit SpecialTokens(std::vector<Token> tokens); // texts are not empty

    struct Match {
        const Token* token; // nullptr: no more
        size_t begin;       // bytes; of the text when there is none, its end
        size_t end;
    };
    /// At the offsets literalAt, which rise, only tokens that are always parsed and no markers are found.
    Match findNext(std::string_view text, size_t from, bool parseSpecial, std::span<const size_t> literalAt) const;

    /// Where the next marker is spelled, or begins to be at the end of the text; text.size() when there is none.
    size_t findMarker(std::string_view text, size_t from) const;

    /// The token that is called exactly `text`, or nullptr.
    const Token* find(std::string_view text) const;

private:
    enum class Wanted { alwaysParsed, unmarked, all };
    const Token* longestAt(std::string_view text, size_t at, Wanted wanted) const;
    bool isCutMarker(std::string_view end) const;

    std::vector<Token> m_tokens;                   // sorted by text
    size_t m_longestMarker = 0;                    // bytes
    std::array<std::array<bool, 256>, 2> m_starts; // first bytes: [0] of those always parsed, [1] of all
};

} // namespace sy::tokenizer
