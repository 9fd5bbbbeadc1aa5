// SPDX-License-Identifier: GPL-3.0-or-later
//
// As in byte_pair_encoder.cpp, short words search the row of symbols for the best pair and long ones keep a heap. Symbols are ranges
// of the word, and a pair is a piece when the range of both is in the index: no table of merges is needed.
#include "engine/tokenizer/sentence_piece_encoder.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/piece_text.h"

#include <algorithm>
#include <limits>

namespace sy::tokenizer {

namespace {

constexpr float kNoPiece = -std::numeric_limits<float>::infinity();

struct Candidate {
    float score;
    uint32_t at;  // the left symbol
    uint32_t end; // where the right one ends; another end means that the entry is stale
};

// std::push_heap keeps the largest in front: the highest score, then the leftmost.
bool isWorse(const Candidate& a, const Candidate& b)
{
    return a.score != b.score ? a.score < b.score : a.at > b.at;
}

} // namespace

struct SentencePieceEncoder::Scratch {
    std::vector<uint32_t> begins; // of the symbols that are left, and the end of the word
    std::vector<float> scores;    // of symbol i joined with the next
    std::vector<uint32_t> ends, nextEnds, previous;
    std::vector<Candidate> heap;
};

SentencePieceEncoder::SentencePieceEncoder(const Vocabulary& v)
    : m_index(m_pieces, v.tokens.size()), m_scores(v.scores), m_unknown(v.unknown),
      m_addSpacePrefix(v.addSpacePrefix.value_or(true)), m_isCutAtSpaces(true)
{
    size_t nBytes = 0;
    for (const std::string_view token : v.tokens)
        nBytes += token.size();
    m_pieces.reserve(v.tokens.size(), nBytes);
    m_bytes.fill(-1);
    for (size_t id = 0; id < v.tokens.size(); ++id) {
        const std::string_view token = v.tokens[id];
        m_pieces.add(token);
        const TokenType type = v.types[id];
        const int byte = byteOfName(token);
        if (byte >= 0 && m_bytes[byte] < 0)
            m_bytes[byte] = int32_t(id);
        // A control token must not come out of plain text, and bytes are a last resort only.
        if (type == TokenType::control || type == TokenType::unknown || type == TokenType::byte || token.empty() ||
            token.size() > kLongestMatchedPiece)
            continue;
        m_index.insert(int32_t(id));
        m_longestPiece = std::max(m_longestPiece, token.size());
        if (hasInnerSpace(token))
            m_isCutAtSpaces = false;
    }
}

void SentencePieceEncoder::encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const
{
    std::string line;
    line.reserve(text.size() + text.size() / 2 + 4);
    if (m_addSpacePrefix && isAfterSpecial)
        line += kEscapedSpace;
    appendEscaped(line, text);
    if (line.size() >= std::numeric_limits<uint32_t>::max())
        throw Unsupported("text", "it is longer than 4 GiB");
    Scratch scratch;
    const std::string_view rest = line;
    for (size_t begin = 0; begin < rest.size();) {
        const size_t end = m_isCutAtSpaces ? endOfWord(rest, begin) : rest.size();
        encodeWord(rest.substr(begin, end - begin), scratch, ids);
        begin = end;
    }
}

void SentencePieceEncoder::encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const
{
    std::vector<uint32_t>& begins = scratch.begins;
    begins.clear();
    for (size_t at = 0; at < word.size(); at += size_t(decodeUtf8(word, at).nBytes))
        begins.push_back(uint32_t(at));
    begins.push_back(uint32_t(word.size()));
    if (begins.size() <= 33)
        mergeShort(word, scratch);
    else
        mergeLong(word, scratch);
    for (size_t i = 0; i + 1 < begins.size(); ++i) {
        const int32_t id = pieceAt(word, begins[i], begins[i + 1]);
        if (id >= 0) {
            ids.push_back(id);
            continue;
        }
        for (uint32_t at = begins[i]; at < begins[i + 1]; ++at) {
            const int32_t byte = m_bytes[static_cast<unsigned char>(word[at])];
            if (byte >= 0 || m_unknown >= 0)
                ids.push_back(byte >= 0 ? byte : m_unknown);
            if (byte < 0)
                break; // one unknown token for the character
        }
    }
}

void SentencePieceEncoder::mergeShort(std::string_view word, Scratch& scratch) const
{
    std::vector<uint32_t>& begins = scratch.begins;
    std::vector<float>& scores = scratch.scores;
    const auto scoreOf = [&](size_t i) {
        const int32_t id = pieceAt(word, begins[i], begins[i + 2]);
        return id < 0 ? kNoPiece : m_scores[id];
    };
    scores.clear();
    for (size_t i = 0; i + 2 < begins.size(); ++i)
        scores.push_back(scoreOf(i));
    while (!scores.empty()) {
        const auto best = std::max_element(scores.begin(), scores.end());
        if (*best == kNoPiece)
            return;
        const auto i = size_t(best - scores.begin());
        begins.erase(begins.begin() + ptrdiff_t(i) + 1);
        scores.erase(best);
        if (i > 0)
            scores[i - 1] = scoreOf(i - 1);
        if (i < scores.size())
            scores[i] = scoreOf(i);
    }
}

void SentencePieceEncoder::mergeLong(std::string_view word, Scratch& scratch) const
{
    // A symbol is named by the offset of its first byte. ends[at] is where it ends, 0 once it has been joined to the one before.
    std::vector<uint32_t>&begins = scratch.begins, &ends = scratch.ends, &previous = scratch.previous;
    std::vector<Candidate>& heap = scratch.heap;
    ends.assign(word.size(), 0);
    previous.resize(word.size());
    heap.clear();
    for (size_t i = 0; i + 1 < begins.size(); ++i) {
        ends[begins[i]] = begins[i + 1];
        previous[begins[i]] = i == 0 ? 0 : begins[i - 1];
    }
    const auto consider = [&](uint32_t at) {
        const uint32_t middle = ends[at];
        if (middle == word.size())
            return false;
        const int32_t id = pieceAt(word, at, ends[middle]);
        if (id >= 0)
            heap.push_back({m_scores[id], at, ends[middle]});
        return id >= 0;
    };
    const auto push = [&](uint32_t at) {
        if (consider(at))
            std::push_heap(heap.begin(), heap.end(), isWorse);
    };
    for (size_t i = 0; i + 1 < begins.size(); ++i)
        consider(begins[i]);
    std::make_heap(heap.begin(), heap.end(), isWorse);
    while (!heap.empty()) {
        const Candidate best = heap.front();
        std::pop_heap(heap.begin(), heap.end(), isWorse);
        heap.pop_back();
        const uint32_t middle = ends[best.at];
        if (middle == 0 || middle == word.size() || ends[middle] != best.end)
            continue;
        ends[best.at] = best.end;
        ends[middle] = 0;
        if (best.end < word.size())
            previous[best.end] = best.at;
        push(best.at);
        if (best.at > 0)
            push(previous[best.at]);
    }
    begins.clear();
    for (uint32_t at = 0; at < word.size(); at = ends[at])
        begins.push_back(at);
    begins.push_back(uint32_t(word.size()));
}

} // namespace sy::tokenizer
