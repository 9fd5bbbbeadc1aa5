// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::generate {

/// The bytes of a vocabulary's tokens as a tree, laid out in the order of a walk: a node's subtree is the range behind it,
/// so that a walk is one loop and what does not fit is jumped over.
class VocabularyTrie {
public:
    /// text(id) for 0 <= id < nTokens; empty for tokens that are no text (control tokens), which no text contains.
    template <typename TextOf>
    VocabularyTrie(int32_t nTokens, TextOf text) : m_nTokens(nTokens)
    {
        std::vector<std::pair<std::string, int32_t>> tokens;
        for (int32_t id = 0; id < nTokens; ++id) {
            std::string bytes(text(id));
            if (!bytes.empty())
                tokens.emplace_back(std::move(bytes), id);
        }
        build(std::move(tokens));
    }

    struct Node {
        uint8_t byte;
        uint16_t depth;     // bytes up to and with this one
        int32_t end;        // the first node that is not below this one
        int32_t firstToken; // in tokens()
        int32_t nTokens;    // whose bytes end here
    };
    std::span<const Node> nodes() const { return m_nodes; }
    std::span<const int32_t> tokensOf(const Node& node) const
    {
        return std::span(m_tokens).subspan(size_t(node.firstToken), size_t(node.nTokens));
    }
    int32_t nTokens() const { return m_nTokens; }
    size_t longest() const { return m_longest; } // bytes of the longest token
    std::string_view textOf(int32_t id) const;   // empty for those that are no text

private:
    void build(std::vector<std::pair<std::string, int32_t>> tokens);

    int32_t m_nTokens;
    size_t m_longest = 0;
    std::vector<Node> m_nodes;
    std::vector<int32_t> m_tokens;
    std::string m_bytes; // of all tokens, by id
    std::vector<uint32_t> m_offsets;
};

} // namespace sy::generate
