// SPDX-License-Identifier: GPL-3.0-or-later
//
// Viterbi over byte offsets of the normalized text. best[i] is the highest sum of log-probabilities of pieces that end at byte i,
// and the piece that got there; only offsets at character boundaries are ever reached. Sums are double: scores are float32 of
// magnitude 1 to 30, so that sums of a million of them are exact and words may be cut one by one with the same result.
#include "engine/tokenizer/unigram_encoder.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/piece_text.h"

#include <algorithm>
#include <limits>

namespace sy::tokenizer {

namespace {

constexpr double kUnknownPenalty = 10; // below the least probable piece, in nats, as SentencePiece does

bool isMatched(TokenType type)
{
    return type == TokenType::normal || type == TokenType::userDefined || type == TokenType::unused;
}

PieceTrie trieOf(const Vocabulary& v)
{
    std::vector<PieceTrie::Entry> entries;
    entries.reserve(v.tokens.size());
    for (size_t id = 0; id < v.tokens.size(); ++id)
        if (isMatched(v.types[id]) && !v.tokens[id].empty() && v.tokens[id].size() <= kLongestMatchedPiece)
            entries.push_back({v.tokens[id], int32_t(id)});
    return PieceTrie(std::move(entries));
}

} // namespace

struct UnigramEncoder::Scratch {
    struct Best {
        double score;
        uint32_t from;
        int32_t id;
    };
    std::vector<Best> best;
    std::vector<int32_t> reversed;
};

UnigramEncoder::UnigramEncoder(const Vocabulary& v)
    : m_charsmap(v.charsmap, v.source), m_trie(trieOf(v)), m_unknown(v.unknown),
      m_addSpacePrefix(v.addSpacePrefix.value_or(true)), m_removeExtraWhitespace(v.removeExtraWhitespace.value_or(false)),
      m_isCutAtSpaces(true)
{
    if (m_unknown < 0)
        throw BadFile(v.source, "a unigram vocabulary without an unknown token");
    double lowest = std::numeric_limits<float>::max();
    m_scores.resize(v.tokens.size());
    for (size_t id = 0; id < v.tokens.size(); ++id) {
        m_scores[id] = v.types[id] == TokenType::userDefined ? 0.0 : double(v.scores[id]);
        if (v.types[id] == TokenType::normal)
            lowest = std::min(lowest, m_scores[id]);
        if (isMatched(v.types[id]) && hasInnerSpace(v.tokens[id]))
            m_isCutAtSpaces = false;
    }
    m_unknownScore = lowest - kUnknownPenalty;
}

std::string UnigramEncoder::normalized(std::string_view text) const
{
    std::string out;
    out.reserve(text.size() + text.size() / 4 + 4);
    bool isInWord = false;
    bool hasPrefix = false;
    for (size_t at = 0; at < text.size();) {
        const Charsmap::Step step = m_charsmap.next(text, at);
        at += step.nConsumed;
        for (const char c : step.text) {
            if (c == ' ') {
                isInWord = false;
                if (!m_removeExtraWhitespace)
                    out += kEscapedSpace;
                continue;
            }
            if (!isInWord && (m_removeExtraWhitespace || (m_addSpacePrefix && !hasPrefix))) {
                out += kEscapedSpace;
                hasPrefix = true;
            }
            isInWord = true;
            out += c;
        }
    }
    return out;
}

void UnigramEncoder::encode(std::string_view text, bool, std::vector<int32_t>& ids) const
{
    const std::string line = normalized(text);
    const std::string_view rest = line;
    const size_t before = ids.size();
    Scratch scratch;
    for (size_t begin = 0; begin < rest.size();) {
        const size_t end = m_isCutAtSpaces ? endOfWord(rest, begin) : rest.size();
        encodeWord(rest.substr(begin, end - begin), scratch, ids);
        begin = end;
    }
    const auto isSecondUnknown = [this](int32_t a, int32_t b) { return a == m_unknown && b == m_unknown; };
    ids.erase(std::unique(ids.begin() + ptrdiff_t(before), ids.end(), isSecondUnknown), ids.end());
}

void UnigramEncoder::encodeWord(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const
{
    if (word.size() >= std::numeric_limits<uint32_t>::max())
        throw Unsupported("text", "a stretch without spaces has more than 4 GiB");
    std::vector<Scratch::Best>& best = scratch.best;
    best.assign(word.size() + 1, {-std::numeric_limits<double>::infinity(), 0, m_unknown});
    best[0].score = 0;
    for (size_t at = 0; at < word.size();) {
        const size_t nBytes = size_t(decodeUtf8(word, at).nBytes);
        const double score = best[at].score;
        bool hasOwnPiece = false;
        uint32_t node = PieceTrie::kRoot;
        for (size_t end = at; end < word.size();) {
            node = m_trie.step(node, word[end++]);
            if (node == PieceTrie::kRoot)
                break;
            const int32_t id = m_trie.value(node);
            if (id < 0)
                continue;
            hasOwnPiece |= end - at == nBytes;
            if (score + m_scores[id] > best[end].score)
                best[end] = {score + m_scores[id], uint32_t(at), id};
        }
        if (!hasOwnPiece && score + m_unknownScore > best[at + nBytes].score)
            best[at + nBytes] = {score + m_unknownScore, uint32_t(at), m_unknown};
        at += nBytes;
    }
    scratch.reversed.clear();
    for (size_t end = word.size(); end > 0; end = best[end].from)
        scratch.reversed.push_back(best[end].id);
    ids.insert(ids.end(), scratch.reversed.rbegin(), scratch.reversed.rend());
}

} // namespace sy::tokenizer
