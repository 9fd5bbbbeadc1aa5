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

} // namespace sy::tokenizer
