// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/piece_trie.h"

#include <algorithm>

namespace sy::tokenizer {

namespace {

// The first eight bytes as a number that sorts like them: most comparisons of the sort end there, without touching the texts.
uint64_t sortKey(std::string_view text)
{
    uint64_t key = 0;
    for (size_t i = 0; i < 8; ++i)
        key = key << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
    return key;
}

} // namespace

PieceTrie::PieceTrie(std::vector<Entry> entries)
{
    struct Sorted {
        uint64_t key;
        std::string_view text;
        int32_t value;
    };
    std::vector<Sorted> sorted;
    sorted.reserve(entries.size());
    for (const Entry& entry : entries)
        sorted.push_back({sortKey(entry.text), entry.text, entry.value});
    std::stable_sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) {
        return a.key != b.key ? a.key < b.key : a.text < b.text;
    });

    // A node is a range of the sorted pieces that agree in their first `depth` bytes; its own piece is the first of the range.
    struct Range {
        uint32_t begin, end, depth;
    };
    std::vector<Range> ranges;
    ranges.reserve(sorted.size() * 3);
    m_nodes.reserve(sorted.size() * 3);
    m_labels.reserve(sorted.size() * 3);
    const auto add = [&](uint32_t begin, uint32_t end, uint32_t depth, char label) {
        const bool isPiece = begin < end && sorted[begin].text.size() == depth && depth > 0;
        m_nodes.push_back({0, 0, isPiece ? sorted[begin].value : -1});
        m_labels.push_back(label);
        while (begin < end && sorted[begin].text.size() == depth)
            ++begin;
        ranges.push_back({begin, end, depth});
    };
    add(0, uint32_t(sorted.size()), 0, 0);
    for (uint32_t node = 0; node < ranges.size(); ++node) {
        const Range range = ranges[node];
        const auto firstChild = uint32_t(ranges.size());
        for (uint32_t begin = range.begin; begin < range.end;) {
            const char label = sorted[begin].text[range.depth];
            uint32_t end = begin + 1;
            while (end < range.end && sorted[end].text[range.depth] == label)
                ++end;
            add(begin, end, range.depth + 1, label);
            begin = end;
        }
        m_nodes[node].firstChild = firstChild;
        m_nodes[node].nChildren = uint32_t(ranges.size()) - firstChild;
    }
}

} // namespace sy::tokenizer
