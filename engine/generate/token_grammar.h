// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/grammar.h"
#include "engine/generate/parse_space.h"
#include "engine/generate/vocabulary_trie.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace sy::generate {

/// One bit for each token: whether it may come next.
class TokenMask {
public:
    explicit TokenMask(int32_t nTokens) : m_words(size_t(nTokens + 63) / 64) {}
    void allow(int32_t id) { m_words[size_t(id) / 64] |= uint64_t(1) << (id % 64); }
    bool allows(int32_t id) const { return size_t(id) / 64 < m_words.size() && (m_words[size_t(id) / 64] >> (id % 64) & 1); }
    bool allowsAny() const;
    void add(const TokenMask& other);

    /// -infinity for what is not allowed, and for ids beyond the mask.
    void apply(std::span<float> logits) const;

private:
    std::vector<uint64_t> m_words;
};

/// A grammar over the tokens of one vocabulary. Which tokens fit depends on the frame in which the text stands, and, for
/// tokens that go beyond the end of that frame's rule, on the frames below: the first part is computed once for each state,
/// in one walk over the vocabulary's tree, and kept; the second is a short list of places in the tree where the walk goes on
/// with the frames below (Dong et al. 2024, arXiv:2411.15100, split them likewise). Shared by all requests with the same
/// schema; thread-safe.
class TokenGrammar {
public:
    /// endIds: tokens that end the answer; they fit where the text may end.
    TokenGrammar(Grammar grammar, std::shared_ptr<const VocabularyTrie> vocabulary, std::vector<int32_t> endIds);

    const Grammar& grammar() const { return m_grammar; }
    const VocabularyTrie& vocabulary() const { return *m_vocabulary; }
    std::span<const int32_t> endIds() const { return m_endIds; }

    struct FrameMask {
        TokenMask whole;               // tokens that stay inside the frame's rule or end with it
        std::vector<int32_t> goOnFrom; // nodes of the tree behind which the frame below takes over
    };
    /// For a frame in this state. The reference stays valid.
    const FrameMask& maskFor(const ParseSpace::Frame& frame) const;

private:
    struct Key {
        int32_t state;
        uint32_t toLeast, toMost; // as far as one token can reach
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        size_t operator()(const Key& k) const noexcept
        {
            return (size_t(uint32_t(k.state)) * 4099 + k.toLeast) * 4099 + k.toMost;
        }
    };
    std::unique_ptr<const FrameMask> compute(const ParseSpace::Frame& frame) const;

    const Grammar m_grammar;
    const std::shared_ptr<const VocabularyTrie> m_vocabulary;
    const std::vector<int32_t> m_endIds;
    mutable std::mutex m_mutex; // guards the rest
    mutable ParseSpace m_space;
    mutable std::unordered_map<Key, std::unique_ptr<const FrameMask>, KeyHash> m_masks;
};

/// Where one answer stands in its grammar. Not thread-safe.
class TokenParse {
public:
    explicit TokenParse(std::shared_ptr<const TokenGrammar> grammar);

    /// The tokens that may come next. Valid until the next call of either function. Throws Unsupported when the vocabulary
    /// has none that fits.
    const TokenMask& mask();

    /// The text goes on with this token. Throws std::invalid_argument when it may not.
    void advance(int32_t id);

    bool mayEnd() const;  // the text so far is complete
    bool mustEnd() const; // and nothing can follow

private:
    std::shared_ptr<const TokenGrammar> m_grammar;
    ParseSpace m_space;
    int32_t m_parse;
    std::unordered_map<int32_t, TokenMask> m_masks; // by parse; a few, for texts that stay in one place
};

} // namespace sy::generate
