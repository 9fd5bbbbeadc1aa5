// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/piece_table.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/text_encoder.h"
#include "engine/tokenizer/vocabulary.h"

#include <array>
#include <atomic>
#include <functional>
#include <memory>

namespace sy::tokenizer {

/// Rank and result of merging two symbols: open addressing, 16 bytes a slot.
class MergeTable {
public:
    struct Merge {
        uint32_t rank;  // kNoMerge: the two do not merge
        int32_t result;
    };
    static constexpr uint32_t kNoMerge = ~0U;

    explicit MergeTable(size_t nMerges);
    void insert(int32_t left, int32_t right, Merge merge); // of two equal pairs the first counts
    Merge find(int32_t left, int32_t right) const
    {
        const uint64_t key = keyOf(left, right);
        for (uint64_t at = slotOf(key);; at = (at + 1) & m_mask) {
            const Slot& slot = m_slots[at];
            if (slot.key == key || slot.key == kFree)
                return slot.merge; // free slots hold kNoMerge
        }
    }

private:
    struct Slot {
        uint64_t key;
        Merge merge;
    };
    static constexpr uint64_t kFree = ~0ULL;
    static uint64_t keyOf(int32_t left, int32_t right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); }
    uint64_t slotOf(uint64_t key) const { return (key * 0x9E3779B97F4A7C15 >> 32 ^ key * 0xD6E8FEB86659FD93) & m_mask; }

    std::vector<Slot> m_slots;
    uint64_t m_mask;
};

/// Byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; over bytes: Radford et al. 2019).
class BytePairEncoder final : public TextEncoder {
public:
    /// `pieces` holds the bytes of every token and must outlive the encoder. Results of merges that are no tokens are added behind
    /// them: they are symbols on the way, and fall apart into bytes when they remain. isPlain(id): may come out of plain text.
    BytePairEncoder(const Vocabulary& vocabulary, const PreTokenizerRow& row, PieceList& pieces,
                    const std::function<bool(int32_t)>& isPlain);

    void encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const override;

    bool isMergeResult(int32_t id) const { return m_isMergeResult[id]; }

private:
    struct Scratch;
    void encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const;
    void mergeShort(Scratch& scratch) const;
    void mergeLong(Scratch& scratch) const;
    int32_t pieceOf(const std::string& bytes, int32_t guess);

    const PieceList* m_pieces;
    PieceList* m_growing; // the same list while the constructor runs
    int32_t m_nTokens;
    std::vector<int32_t> m_replacement; // for a byte without a token of its own
    size_t m_longestPiece = 0; // bytes
    PieceIndex m_index;
    MergeTable m_merges;
    std::array<int32_t, 256> m_byteSymbols{};
    std::vector<bool> m_isIndexed;     // by token
    std::vector<bool> m_isMergeResult; // by token
    PreTokenizer m_preTokenizer;
    bool m_usesWholeWords;

    // Whether merging a token's own bytes gives that token: found out when first asked, since nearly all words of a text are such
    // tokens. Threads that find out at once write the same value.
    enum Wholeness : uint8_t { untested, whole, inParts };
    mutable std::unique_ptr<std::atomic<uint8_t>[]> m_wholeness;
};

} // namespace sy::tokenizer
