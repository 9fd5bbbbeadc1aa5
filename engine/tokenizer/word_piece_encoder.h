// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/piece_trie.h"
#include "engine/tokenizer/text_encoder.h"
#include "engine/tokenizer/vocabulary.h"

#include <string>

namespace sy::tokenizer {

/// WordPiece as BERT uses it (Devlin et al. 2019, arXiv:1810.04805): text is normalized (controls dropped, lower case, accents
/// stripped), cut at white space, punctuation and CJK ideographs, and each word taken apart by longest match from the left. A word that
/// cannot be spelled with pieces is one unknown token.
class WordPieceEncoder final : public TextEncoder {
public:
    explicit WordPieceEncoder(const Vocabulary& vocabulary);

    void encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const override;

private:
    void encodeWord(std::string_view word, std::vector<int32_t>& ids) const; // word begins with U+2581

    PieceTrie m_trie;
    int32_t m_unknown;
    bool m_lowercase;
    bool m_stripAccents;
    AccentStripping m_accentStripping;
};

} // namespace sy::tokenizer
