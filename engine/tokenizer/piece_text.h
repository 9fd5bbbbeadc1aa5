// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace sy::tokenizer {

/// SentencePiece writes a space as U+2581 in its pieces, and a single byte as "<0x0A>".
inline constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";

void appendWithSpaces(std::string& out, std::string_view piece); // U+2581 becomes a space
void appendEscaped(std::string& out, std::string_view text);     // and the other way
int byteOfName(std::string_view piece);                          // 10 for "<0x0A>", -1 for anything else

/// Whether a U+2581 follows another character. A vocabulary without such pieces can be applied word by word.
bool hasInnerSpace(std::string_view piece);

/// The end of the word that starts at `begin`: before the next U+2581 that follows another character.
size_t endOfWord(std::string_view escapedText, size_t begin);

/// Longer pieces are never matched (those of real vocabularies have at most 100 bytes or so), which bounds the time per character.
inline constexpr size_t kLongestMatchedPiece = 512;

} // namespace sy::tokenizer
