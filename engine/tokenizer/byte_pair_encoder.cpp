// SPDX-License-Identifier: GPL-3.0-or-later
//
// A word is a row of symbols, at first its bytes. Of all neighbours that a merge joins, the pair of the best rank is joined, the
// leftmost of equals, until none is left:
//
//     l o w e r     ranks  l+o 7   o+w 2   w+e -   e+r 1
//     l o w er                     o+w 2   w+er -
//     l ow er               l+ow 5         ow+er 9
//     low er                               low+er 3
//     lower
//
// Words of up to 32 symbols search the row for the best rank each time, which fits in a few cache lines. Longer ones (a megabyte
// of one letter is a word, too) keep a heap of candidate pairs over a linked list: entries that a merge made stale are
// recognised when they come up, because the pair's current rank is another.
#include "engine/tokenizer/byte_pair_encoder.h"

#include "engine/core/error.h"
#include "engine/tokenizer/byte_level.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <queue>

namespace sy::tokenizer {

MergeTable::MergeTable(size_t nMerges)
{
    const size_t nSlots = std::bit_ceil(nMerges + nMerges / 2 + 8);
    m_slots.assign(nSlots, {kFree, {kNoMerge, -1}});
    m_mask = nSlots - 1;
}

void MergeTable::insert(int32_t left, int32_t right, Merge merge)
{
    const uint64_t key = keyOf(left, right);
    uint64_t at = slotOf(key);
    while (m_slots[at].key != kFree) {
        if (m_slots[at].key == key)
            return;
        at = (at + 1) & m_mask;
    }
    m_slots[at] = {key, merge};
}

struct BytePairEncoder::Scratch {
    std::vector<int32_t> symbols;
    std::vector<uint32_t> ranks;          // of symbol i and the next one
    std::vector<uint32_t> previous, next; // mergeLong only
    std::vector<uint64_t> heap;           // rank << 32 | position
};

BytePairEncoder::BytePairEncoder(const Vocabulary& vocabulary, const PreTokenizerRow& row, PieceList& pieces,
                                 const std::function<bool(int32_t)>& isPlain)
    : m_pieces(&pieces), m_growing(&pieces), m_nTokens(int32_t(vocabulary.tokens.size())), m_index(pieces, vocabulary.tokens.size()), m_merges(vocabulary.merges.size()), m_isIndexed(vocabulary.tokens.size()), m_isMergeResult(vocabulary.tokens.size()),
      m_preTokenizer(row, vocabulary.source), m_usesWholeWords(row.usesWholeWords),
      m_wholeness(std::make_unique<std::atomic<uint8_t>[]>(vocabulary.tokens.size()))
{
    for (int32_t id = 0; id < m_nTokens; ++id) {
        if (pieces[id].empty() || !isPlain(id))
            continue;
        m_isIndexed[id] = m_index.insert(id);
        m_longestPiece = std::max(m_longestPiece, pieces[id].size());
    }
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        m_byteSymbols[byte] = pieceOf(std::string(1, char(byte)), -1);

    std::string left, right;
    int32_t previousResult = -1;
    for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
        const std::string_view merge = vocabulary.merges[rank];
        const size_t space = merge.find(' ', 1);
        if (space == std::string_view::npos || space + 1 == merge.size())
            throw BadFile(vocabulary.source, "merge " + std::to_string(rank) + " of the vocabulary has no two parts");
        left.clear();
        right.clear();
        // A merge outside the byte-level alphabet can never apply.
        if (!appendByteLevel(left, merge.substr(0, space)) || !appendByteLevel(right, merge.substr(space + 1)))
            continue;
        const int32_t leftSymbol = pieceOf(left, -1), rightSymbol = pieceOf(right, -1);
        // Vocabularies list their tokens in the order of the merges, nearly: the next one is the best guess.
        const int32_t result = pieceOf(left += right, previousResult < 0 ? -1 : previousResult + 1);
        previousResult = result;
        m_merges.insert(leftSymbol, rightSymbol, {uint32_t(rank), result});
        if (result < m_nTokens)
            m_isMergeResult[result] = true;
    }
    m_growing = nullptr;

    // Some vocabularies have no token for the bytes that valid text never holds.
    const std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
    std::vector<int32_t> replacement;
    if (std::all_of(kReplacementCharacter.begin(), kReplacementCharacter.end(),
                    [this](char byte) { return m_byteSymbols[static_cast<unsigned char>(byte)] < m_nTokens; })) {
        Scratch scratch;
        encodeWord(kReplacementCharacter, scratch, replacement);
    } else if (vocabulary.unknown >= 0) {
        replacement = {vocabulary.unknown};
    }
    m_replacement = std::move(replacement);
}

int32_t BytePairEncoder::pieceOf(const std::string& bytes, int32_t guess)
{
    if (guess >= 0 && guess < m_nTokens && m_isIndexed[guess] && (*m_pieces)[guess] == bytes)
        return guess;
    const int32_t known = m_index.find(bytes);
    if (known >= 0)
        return known;
    m_growing->add(bytes);
    const auto added = int32_t(m_growing->size() - 1);
    m_index.insert(added);
    return added;
}

void BytePairEncoder::encode(std::string_view text, bool, std::vector<int32_t>& ids) const
{
    std::vector<size_t> ends;
    m_preTokenizer.split(text, ends);
    Scratch scratch;
    size_t begin = 0;
    for (const size_t end : ends) {
        encodeWord(text.substr(begin, end - begin), scratch, ids);
        begin = end;
    }
}

void BytePairEncoder::encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const
{
    int32_t token = word.size() <= m_longestPiece ? m_index.find(word) : -1;
    if (token >= m_nTokens)
        token = -1;
    if (token >= 0 && (m_usesWholeWords || m_wholeness[token].load(std::memory_order_relaxed) == whole)) {
        ids.push_back(token);
        return;
    }
    scratch.symbols.clear();
    for (const char byte : word)
        scratch.symbols.push_back(m_byteSymbols[static_cast<unsigned char>(byte)]);
    if (word.size() <= 32)
        mergeShort(scratch);
    else
        mergeLong(scratch);
    if (token >= 0)
        m_wholeness[token].store(scratch.symbols.size() == 1 ? whole : inParts, std::memory_order_relaxed);

    for (const int32_t symbol : scratch.symbols) {
        if (symbol < m_nTokens) {
            ids.push_back(symbol);
            continue;
        }
        for (const char byte : (*m_pieces)[symbol]) {
            const int32_t byteSymbol = m_byteSymbols[static_cast<unsigned char>(byte)];
            if (byteSymbol < m_nTokens)
                ids.push_back(byteSymbol);
            else
                ids.insert(ids.end(), m_replacement.begin(), m_replacement.end());
        }
    }
}

void BytePairEncoder::mergeShort(Scratch& scratch) const
{
    std::vector<int32_t>& symbols = scratch.symbols;
    std::vector<uint32_t>& ranks = scratch.ranks;
    ranks.clear();
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
        ranks.push_back(m_merges.find(symbols[i], symbols[i + 1]).rank);
    while (!ranks.empty()) {
        const auto best = std::min_element(ranks.begin(), ranks.end());
        if (*best == MergeTable::kNoMerge)
            return;
        const auto i = size_t(best - ranks.begin());
        symbols[i] = m_merges.find(symbols[i], symbols[i + 1]).result;
        symbols.erase(symbols.begin() + i + 1);
        ranks.erase(best);
        if (i > 0)
            ranks[i - 1] = m_merges.find(symbols[i - 1], symbols[i]).rank;
        if (i < ranks.size())
            ranks[i] = m_merges.find(symbols[i], symbols[i + 1]).rank;
    }
}

void BytePairEncoder::mergeLong(Scratch& scratch) const
{
    constexpr uint32_t kNone = ~0U;
    std::vector<int32_t>& symbols = scratch.symbols;
    if (symbols.size() >= kNone) // positions are 32 bits: 4 GiB without a break between words
        throw Unsupported("text", "a single word has more than 4 GiB");
    const auto n = uint32_t(symbols.size());
    std::vector<uint32_t>&ranks = scratch.ranks, &previous = scratch.previous, &next = scratch.next;
    std::vector<uint64_t>& heap = scratch.heap;
    ranks.assign(n, MergeTable::kNoMerge);
    previous.resize(n);
    next.resize(n);
    heap.clear();
    for (uint32_t i = 0; i < n; ++i) {
        previous[i] = i == 0 ? kNone : i - 1;
        next[i] = i + 1 == n ? kNone : i + 1;
        if (i + 1 == n)
            break;
        ranks[i] = m_merges.find(symbols[i], symbols[i + 1]).rank;
        if (ranks[i] != MergeTable::kNoMerge)
            heap.push_back(uint64_t(ranks[i]) << 32 | i);
    }
    std::make_heap(heap.begin(), heap.end(), std::greater<>());

    const auto rerank = [&](uint32_t i) {
        ranks[i] = next[i] == kNone ? MergeTable::kNoMerge : m_merges.find(symbols[i], symbols[next[i]]).rank;
        if (ranks[i] != MergeTable::kNoMerge) {
            heap.push_back(uint64_t(ranks[i]) << 32 | i);
            std::push_heap(heap.begin(), heap.end(), std::greater<>());
        }
    };
    while (!heap.empty()) {
        const auto rank = uint32_t(heap.front() >> 32), i = uint32_t(heap.front());
        std::pop_heap(heap.begin(), heap.end(), std::greater<>());
        heap.pop_back();
        if (ranks[i] != rank)
            continue;
        const uint32_t joined = next[i];
        symbols[i] = m_merges.find(symbols[i], symbols[joined]).result;
        ranks[joined] = MergeTable::kNoMerge;
        next[i] = next[joined];
        if (next[i] != kNone)
            previous[next[i]] = i;
        rerank(i);
        if (previous[i] != kNone)
            rerank(previous[i]);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i != kNone; i = next[i])
        symbols[kept++] = symbols[i];
    symbols.resize(kept);
}

} // namespace sy::tokenizer
