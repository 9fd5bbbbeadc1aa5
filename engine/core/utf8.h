// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy {

/// One decoded code point and how many bytes it took. A byte that starts no valid sequence (overlong forms, surrogates and
/// values past U+10FFFF included) comes out as U+FFFD with nBytes 1 and isValid false, so that a loop always advances.
struct CodePoint {
    char32_t value;
    int nBytes;
    bool isValid;
};

/// Decodes at byte offset `at`, which must be inside text.
CodePoint decodeUtf8(std::string_view text, size_t at);

void appendUtf8(std::string& out, char32_t codePoint); // U+FFFD for surrogates and values past U+10FFFF
std::u32string toUtf32(std::string_view text);         // invalid bytes become U+FFFD
std::string toUtf8(std::u32string_view text);
bool isValidUtf8(std::string_view text);
std::string sanitizedUtf8(std::string_view text); // invalid bytes replaced by U+FFFD

/// How many bytes at the end of text are the beginning of a code point that is not complete yet (0..3); streaming output
/// holds them back until the next token completes them.
size_t incompleteUtf8Tail(std::string_view text);

} // namespace sy
