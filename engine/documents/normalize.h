// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sy::documents {

/// What happens to one code point on its way into Page::text.
struct NormalizeOptions {
    bool foldsGlyphForms = false; // PDF: ligatures U+FB00..FB06 and Kangxi radicals become the letters they stand for,
                                  // soft hyphens at a line's end are left for the line joiner
};

/// Appends text (valid UTF-8) to out in the form that Document promises: NFC; line ends \n; no zero-width,
/// bidirectional-control, tag, private-line or control characters; every kind of space except the ideographic one a plain
/// space; tabs kept. U+200C and U+200D stay between letters of scripts that need them and in emoji sequences.
void appendNormalized(std::string& out, std::string_view text, const NormalizeOptions& options = {});

std::string normalized(std::string_view text, const NormalizeOptions& options = {});

// --- what kind of character ---
bool isCjk(char32_t c); // Han, kana, bopomofo, CJK punctuation and full-width forms: scripts written without spaces
bool isHan(char32_t c);
bool isRightToLeft(char32_t c); // Hebrew, Arabic and relatives
bool isLetter(char32_t c);
bool isLowercase(char32_t c);
bool isUppercase(char32_t c);
bool isDigit(char32_t c); // ASCII and full-width
bool isSpace(char32_t c); // space, tab, line feed, U+3000, U+00A0
/// Private-use, unassigned, surrogate, replacement and control characters: what a broken glyph map turns into.
bool isUnreadable(char32_t c);

int64_t countCodePoints(std::string_view utf8); // text must be valid UTF-8

} // namespace sy::documents
