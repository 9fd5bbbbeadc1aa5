// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace sy::tokenizer {

/// All pieces that begin at a place, found in one walk. Immutable once built.
///
/// Nodes are numbered breadth first, so that the children of one stand together and their labels are searched with memchr:
///
///     node      0 (root)     1 "a"   2 "b"   3 "ab"  4 "ba"
///     label     -            a       b       b       a
///     children  1..2         3..3    4..4    -       -
class PieceTrie {
public:
    struct Entry {
        std::string_view text; // not empty; of two equal texts the first entry counts
        int32_t value;         // >= 0
    };
    explicit PieceTrie(std::vector<Entry> entries);

    static constexpr uint32_t kRoot = 0;

    /// The child along `byte`, or kRoot when there is none.
    uint32_t step(uint32_t node, char byte) const
    {
        const Node& n = m_nodes[node];
        const char* labels = m_labels.data() + n.firstChild;
        const void* found = std::memchr(labels, byte, n.nChildren);
        return found ? n.firstChild + uint32_t(static_cast<const char*>(found) - labels) : kRoot;
    }
    int32_t value(uint32_t node) const { return m_nodes[node].value; } // -1: no piece ends here

private:
    struct Node {
        uint32_t firstChild;
        uint32_t nChildren;
        int32_t value;
    };
    std::vector<Node> m_nodes;
    std::vector<char> m_labels;
};

} // namespace sy::tokenizer
