// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace sy::tokenizer {

/// Byte-level vocabularies spell every byte as a printable character: those that are printable in Latin-1 as themselves, the other
/// 68 as U+0100 and up, in order ("Ġ" is a space). Appends the bytes that `text` spells; false, and nothing appended, when it
/// holds a character outside that alphabet.
bool appendByteLevel(std::string& bytes, std::string_view text);

} // namespace sy::tokenizer
