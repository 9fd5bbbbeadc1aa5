// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/piece_table.h"
#include "engine/tokenizer/text_encoder.h"
#include "engine/tokenizer/vocabulary.h"

#include <array>
#include <string>

namespace sy::tokenizer {

/// SentencePiece's byte-pair encoding (Kudo and Richardson 2018, arXiv:1808.06226): of all neighbours whose joined text is a piece, the
/// pair of the highest score is joined, the leftmost of equals, until none is left. Characters without a piece become bytes.
class SentencePieceEncoder final : public TextEncoder {
public:
    explicit SentencePieceEncoder(const Vocabulary& vocabulary);

    void encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const override;

private:
    struct Scratch;
    void encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const;
    void mergeShort(std::string_view word, Scratch& scratch) const;
    void mergeLong(std::string_view word, Scratch& scratch) const;
    int32_t pieceAt(std::string_view word, uint32_t begin, uint32_t end) const
    {
        return end - begin <= m_longestPiece ? m_index.find(word.substr(begin, end - begin)) : -1;
    }

    PieceList m_pieces; // as in the file
    PieceIndex m_index;
    std::vector<float> m_scores;
    std::array<int32_t, 256> m_bytes;
    size_t m_longestPiece = 0;
    int32_t m_unknown;
    bool m_addSpacePrefix;
    bool m_isCutAtSpaces;
};

} // namespace sy::tokenizer
