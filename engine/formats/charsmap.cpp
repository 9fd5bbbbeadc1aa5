// SPDX-License-Identifier: GPL-3.0-or-later
//
//   u32 bytes of the trie | trie: u32 units | replacements, each ended by NUL
//
// A unit is a node of the trie, or the value of one. The root is unit 0; the node at p has a block b, which no other node has, and
// its child by byte c is unit b ^ c, its value unit b ^ 0:
//
//   bit 31   1: this is a value, bits 30-0 are the offset of its replacement
//            0: node      bits 7-0  the byte that leads here       bit 8  has a value
//                         bit 9 and bits 30-10  b ^ p, as n or, with bit 9, as n << 8
//
// A walk checks only that the unit it lands on carries the byte it went by, hence the rule that no two nodes share a block.
#include "engine/formats/charsmap.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

namespace sy::formats {

namespace {

constexpr uint32_t kHasValue = 1u << 8;
constexpr uint32_t kIsValue = 1u << 31;
constexpr size_t kLargestOffset = size_t(1) << 21; // what a unit holds without bit 9; far more than any charsmap needs

class TrieBuilder {
public:
    // keys sorted and unique; values[i] belongs to keys[i]
    TrieBuilder(const std::vector<std::string_view>& keys, const std::vector<uint32_t>& values) : m_keys(keys), m_values(values)
    {
        grow(1);
        m_isUsed[0] = true; // the root
        if (!keys.empty())
            place(0, 0, keys.size(), 0);
    }

    std::vector<uint32_t> take() { return std::move(m_units); }

private:
    struct Child {
        uint8_t label; // 0: the value of the node itself
        size_t first;  // its keys: first … last-1
        size_t last;
    };

    // Lays out the children of the node at p, which has keys first … last-1 and stands at `depth` bytes.
    void place(size_t p, size_t first, size_t last, size_t depth)
    {
        std::vector<Child> children;
        for (size_t i = first; i < last; ++i) {
            const auto label = depth < m_keys[i].size() ? static_cast<uint8_t>(m_keys[i][depth]) : uint8_t(0);
            if (children.empty() || children.back().label != label)
                children.push_back({label, i, i + 1});
            else
                children.back().last = i + 1;
        }
        const size_t block = freeBlock(children);
        m_isBlock[block] = true;
        const size_t offset = block ^ p;
        if (offset >= kLargestOffset)
            throw std::invalid_argument("charsmap: too many rules");
        m_units[p] |= uint32_t(offset) << 10;
        for (const Child& child : children)
            m_isUsed[block ^ child.label] = true;
        for (const Child& child : children) {
            const size_t at = block ^ child.label;
            if (child.label == 0) {
                m_units[p] |= kHasValue;
                m_units[at] = kIsValue | m_values[child.first];
            } else {
                m_units[at] = child.label;
                place(at, child.first, child.last, depth + 1);
            }
        }
    }

    // The first block with room. Units only ever fill up, so for a set of labels that was placed before, the search goes on where
    // it ended then: Hangul repeats the same 27 final consonants 399 times.
    size_t freeBlock(const std::vector<Child>& children)
    {
        std::string labels;
        for (const Child& child : children)
            labels += char(child.label);
        size_t& candidate = m_searchFrom[labels];
        for (;; ++candidate) {
            grow(candidate + 1);
            const size_t block = candidate ^ children[0].label;
            const bool fits = !m_isBlock[block] && std::ranges::none_of(children, [&](const Child& child) {
                return bool(m_isUsed[block ^ child.label]);
            });
            if (fits)
                return block;
        }
    }

    // Whole blocks of 256, so that b ^ byte is always inside.
    void grow(size_t size)
    {
        const size_t rounded = (size + 255) / 256 * 256;
        if (rounded <= m_units.size())
            return;
        m_units.resize(rounded);
        m_isUsed.resize(rounded);
        m_isBlock.resize(rounded);
    }

    const std::vector<std::string_view>& m_keys;
    const std::vector<uint32_t>& m_values;
    std::vector<uint32_t> m_units;
    std::vector<bool> m_isUsed;
    std::vector<bool> m_isBlock;
    std::map<std::string, size_t> m_searchFrom; // set of labels -> first unit to try for the first of them
};

void appendU32(std::vector<uint8_t>& out, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        out.push_back(uint8_t(value >> shift));
}

} // namespace

std::vector<uint8_t> buildCharsmap(std::vector<CharRule> rules)
{
    std::ranges::sort(rules, {}, &CharRule::from);
    std::vector<std::string_view> keys;
    std::vector<uint32_t> values;
    std::map<std::string_view, uint32_t> offsets; // many spellings share one replacement
    std::string replacements;
    for (const CharRule& rule : rules) {
        if (rule.from.empty() || rule.from.find('\0') != std::string::npos || rule.to.find('\0') != std::string::npos)
            throw std::invalid_argument("charsmap: a rule is empty or contains NUL");
        if (!keys.empty() && keys.back() == rule.from)
            throw std::invalid_argument("charsmap: a rule occurs twice");
        const auto [it, isNew] = offsets.try_emplace(rule.to, uint32_t(replacements.size()));
        if (isNew)
            replacements.append(rule.to).push_back('\0');
        keys.push_back(rule.from);
        values.push_back(it->second);
    }

    const std::vector<uint32_t> units = TrieBuilder(keys, values).take();
    std::vector<uint8_t> out;
    out.reserve(4 + units.size() * 4 + replacements.size());
    appendU32(out, uint32_t(units.size() * 4));
    for (const uint32_t unit : units)
        appendU32(out, unit);
    out.insert(out.end(), replacements.begin(), replacements.end());
    return out;
}

} // namespace sy::formats
