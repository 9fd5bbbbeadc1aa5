// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

/// SentencePiece's precompiled normalization rules: "at each place, the longest rule that matches is applied".
///
/// The blob is a double-array trie and the replacements:
///     u32           bytes of the trie
///     u32 units[]   bit 31 set: a value, the offset of a replacement
///                   else bits 0-7 label, bit 8 has a value, offset = (unit >> 10) << (bit 9 ? 8 : 0)
///     bytes         replacements, each ended by NUL
/// Node 0 is the root; the child of node p along byte b stands at p ^ offset(p) ^ b if the label there is b, the value of p at
/// p ^ offset(p).
class Charsmap {
public:
    /// An empty blob has no rules. Throws BadFile (naming `source`) when the sizes contradict one another.
    Charsmap(std::string_view blob, const std::string& source);

    struct Step {
        std::string_view text; // what the input becomes: a replacement, the character itself, or U+FFFD for an invalid byte
        size_t nConsumed;      // bytes of input, at least 1
    };
    Step next(std::string_view input, size_t at) const; // at < input.size()

private:
    std::vector<uint32_t> m_units;
    std::string m_replacements; // ends with NUL unless empty
};

} // namespace sy::tokenizer
