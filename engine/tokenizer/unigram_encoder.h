// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/charsmap.h"
#include "engine/tokenizer/piece_trie.h"
#include "engine/tokenizer/text_encoder.h"
#include "engine/tokenizer/vocabulary.h"

#include <string>

namespace sy::tokenizer {

/// Unigram language model over pieces (Kudo 2018, arXiv:1804.10959): of all ways to cut the normalized text into pieces, the one of
/// the highest probability. Control pieces are never taken; characters without a piece are unknown, runs of them one token.
class UnigramEncoder final : public TextEncoder {
public:
    explicit UnigramEncoder(const Vocabulary& vocabulary);

    void encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const override;

private:
    struct Scratch;
    std::string normalized(std::string_view text) const;
    void encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const;

    Charsmap m_charsmap;
    PieceTrie m_trie;
    std::vector<double> m_scores; // natural-log probabilities by token; 0 for user-defined ones
    double m_unknownScore;
    int32_t m_unknown;
    bool m_addSpacePrefix;
    bool m_removeExtraWhitespace;
    bool m_isCutAtSpaces; // no piece holds a space behind anything else, so that words do not influence one another
};

} // namespace sy::tokenizer
