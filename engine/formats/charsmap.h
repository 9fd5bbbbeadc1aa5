// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sy::formats {

/// One rule of a SentencePiece normalizer: wherever `from` is the longest rule that matches, `to` replaces it.
struct CharRule {
    std::string from; // UTF-8, not empty, without NUL
    std::string to;   // UTF-8 without NUL; empty deletes
};

/// Rules for sequences that compose, to stand beside rules for single code points: every spelling of a composed letter or Hangul
/// syllable by letters and marks, in any order that Unicode holds for equal, with its half- or full-width forms, whose NFC after
/// the single rules differs from what the single rules alone would give. Sorted by `from`; `singles` has at most one rule for
/// a code point and no longer rule.
///
/// A normalizer that only knows longest matches then agrees with "map single code points, then NFC" except where a mark follows
/// a compatibility letter other than a wide or narrow one, or several marks follow that compose with nothing.
std::vector<CharRule> compositionRules(std::span<const CharRule> singles);

/// The blob that GGUF carries as tokenizer.ggml.precompiled_charsmap: a double-array trie over the rules' keys and the
/// replacements behind it. The same rules in any order give the same bytes. Throws std::invalid_argument when a key is empty,
/// contains NUL or occurs twice.
std::vector<uint8_t> buildCharsmap(std::vector<CharRule> rules);

} // namespace sy::formats
