// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/vocabulary_trie.h"

#include <algorithm>
#include <utility>

namespace sy::generate {

void VocabularyTrie::build(std::vector<std::pair<std::string, int32_t>> tokens)
{
    constexpr size_t kLongest = 4096; // whatever is longer is no word of a language; it stays out, and depths stay small
    std::erase_if(tokens, [kLongest](const auto& token) { return token.first.size() > kLongest; });
    m_offsets.assign(size_t(m_nTokens) + 1, 0);
    for (const auto& [bytes, id] : tokens) { // by id still
        m_longest = std::max(m_longest, bytes.size());
        m_offsets[size_t(id) + 1] = uint32_t(bytes.size());
        m_bytes += bytes;
    }
    for (size_t i = 1; i < m_offsets.size(); ++i)
        m_offsets[i] += m_offsets[i - 1];

    std::sort(tokens.begin(), tokens.end());
    std::vector<int32_t> path; // open nodes
    std::string_view before;
    for (const auto& [bytes, id] : tokens) {
        const size_t nShared =
            size_t(std::mismatch(bytes.begin(), bytes.end(), before.begin(), before.end()).first - bytes.begin());
        for (; path.size() > nShared; path.pop_back())
            m_nodes[size_t(path.back())].end = int32_t(m_nodes.size());
        for (size_t i = nShared; i < bytes.size(); ++i) {
            path.push_back(int32_t(m_nodes.size()));
            m_nodes.push_back({uint8_t(bytes[i]), uint16_t(i + 1), 0, int32_t(m_tokens.size()), 0});
        }
        ++m_nodes[size_t(path.back())].nTokens;
        m_tokens.push_back(id);
        before = bytes;
    }
    for (; !path.empty(); path.pop_back())
        m_nodes[size_t(path.back())].end = int32_t(m_nodes.size());
}

std::string_view VocabularyTrie::textOf(int32_t id) const
{
    const size_t begin = m_offsets[size_t(id)];
    return std::string_view(m_bytes).substr(begin, m_offsets[size_t(id) + 1] - begin);
}

} // namespace sy::generate
