// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::store {

enum class TermMode {
    document, // CJK runs give every pair and, at the same place, every single character
    query,    // CJK runs give pairs; a single character only where the run is one character long
};

/// A unit of the lexical index. [start, end) are bytes of the source text.
struct Term {
    std::string_view text; // valid during the callback
    size_t start;
    size_t end;
    bool isColocated; // stands at the same position as the term before
    bool isCjk;
};

/// Splits text into the terms that are indexed and searched.
///
/// Words are runs of letters and digits of any script, compatibility-folded (full-width to ASCII, ligatures apart, superscripts
/// down), case-folded, without diacritics; words of Latin letters alone are reduced by Porter's stemmer. Chinese characters, kana
/// and Hangul syllables have no spaces to go by and become overlapping pairs; ten characters are nine pairs and, in document
/// mode, ten singles. Invalid UTF-8 parts words. Nothing is longer than 64 bytes: the rest of a longer word is dropped.
void forEachTerm(std::string_view text, TermMode mode, const std::function<void(const Term&)>& onTerm);

/// The terms alone, in order, repeated ones too.
std::vector<std::string> termsOf(std::string_view text, TermMode mode);

/// True for code points that are indexed in pairs: Han, kana, Hangul syllables.
bool isCjk(char32_t codePoint);

} // namespace sy::store
