// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/token_grammar.h"

#include "engine/core/error.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace sy::generate {

namespace {

constexpr size_t kMostParses = 20'000; // of a space, at about a kilobyte each, before it is begun anew
constexpr size_t kMostKept = 16;       // masks of one answer

/// Walks the nodes from first to last of the tree with a parse that stands before their bytes. visit(node index, node,
/// parse).
template <typename Visit>
void walk(const VocabularyTrie& trie, ParseSpace& space, int32_t first, int32_t last, int32_t parse, Visit visit)
{
    if (first >= last)
        return;
    const auto nodes = trie.nodes();
    const size_t base = nodes[size_t(first)].depth - 1u;
    std::vector<int32_t> parses(trie.longest() + 2 - base, parse); // by depth
    for (int32_t i = first; i < last;) {
        const VocabularyTrie::Node& node = nodes[size_t(i)];
        const size_t depth = node.depth - base;
        const int32_t next = space.step(parses[depth - 1], node.byte);
        if (next == ParseSpace::kDead) {
            i = node.end;
            continue;
        }
        parses[depth] = next;
        visit(i, node, next);
        ++i;
    }
}

} // namespace

bool TokenMask::allowsAny() const
{
    return std::any_of(m_words.begin(), m_words.end(), [](uint64_t word) { return word != 0; });
}

void TokenMask::add(const TokenMask& other)
{
    for (size_t i = 0; i < m_words.size(); ++i)
        m_words[i] |= other.m_words[i];
}

void TokenMask::apply(std::span<float> logits) const
{
    constexpr float kImpossible = -std::numeric_limits<float>::infinity();
    for (size_t w = 0; w * 64 < logits.size(); ++w) {
        const auto part = logits.subspan(w * 64, std::min<size_t>(64, logits.size() - w * 64));
        const uint64_t word = w < m_words.size() ? m_words[w] : 0;
        if (word == ~uint64_t(0))
            continue;
        if (word == 0) {
            std::fill(part.begin(), part.end(), kImpossible);
            continue;
        }
        for (size_t i = 0; i < part.size(); ++i) {
            if (!(word >> i & 1))
                part[i] = kImpossible;
        }
    }
}

TokenGrammar::TokenGrammar(Grammar grammar, std::shared_ptr<const VocabularyTrie> vocabulary, std::vector<int32_t> endIds)
    : m_grammar(std::move(grammar)), m_vocabulary(std::move(vocabulary)), m_endIds(std::move(endIds)), m_space(m_grammar)
{
    if (m_grammar.root < 0)
        throw std::invalid_argument("a grammar without a text");
}

const TokenGrammar::FrameMask& TokenGrammar::maskFor(const ParseSpace::Frame& frame) const
{
    const Grammar::Rule& rule = m_grammar.rules[size_t(m_grammar.states[size_t(frame.state)].rule)];
    const auto reach = uint32_t(m_vocabulary->longest() + 1);
    const Key key{frame.state, std::min(rule.least - std::min(frame.count, rule.least), reach),
                  rule.most == Grammar::kUnlimited ? reach : std::min(rule.most - frame.count, reach)};
    const std::lock_guard lock(m_mutex);
    auto& mask = m_masks[key];
    if (!mask)
        mask = compute(frame);
    return *mask;
}

std::unique_ptr<const TokenGrammar::FrameMask> TokenGrammar::compute(const ParseSpace::Frame& frame) const
{
    auto mask = std::make_unique<FrameMask>(FrameMask{TokenMask(m_vocabulary->nTokens()), {}});
    int32_t start = m_space.only(frame.state, frame.count);
    if (m_space.size() > kMostParses)
        start = m_space.restart(start);
    walk(*m_vocabulary, m_space, 0, int32_t(m_vocabulary->nodes().size()), start,
         [&](int32_t i, const VocabularyTrie::Node& node, int32_t parse) {
             for (const int32_t id : m_vocabulary->tokensOf(node))
                 mask->whole.allow(id);
             if (m_space.isComplete(parse) && i + 1 < node.end)
                 mask->goOnFrom.push_back(i);
         });
    return mask;
}

TokenParse::TokenParse(std::shared_ptr<const TokenGrammar> grammar)
    : m_grammar(std::move(grammar)), m_space(m_grammar->grammar()), m_parse(m_space.begin())
{
}

const TokenMask& TokenParse::mask()
{
    if (const auto known = m_masks.find(m_parse); known != m_masks.end())
        return known->second;
    const VocabularyTrie& trie = m_grammar->vocabulary();
    TokenMask mask(trie.nTokens());
    const auto frames = m_space.frames(m_parse);
    for (const int32_t id : std::vector<int32_t>(frames.begin(), frames.end())) { // a copy: the space grows in the loop
        const ParseSpace::Frame frame = m_space.frame(id);
        const TokenGrammar::FrameMask& own = m_grammar->maskFor(frame);
        mask.add(own.whole);
        if (own.goOnFrom.empty())
            continue;
        const int32_t below = m_space.returnTo(frame.parent);
        if (below == ParseSpace::kDead)
            continue;
        for (const int32_t node : own.goOnFrom) {
            walk(trie, m_space, node + 1, trie.nodes()[size_t(node)].end, below,
                 [&](int32_t, const VocabularyTrie::Node& reached, int32_t) {
                     for (const int32_t token : trie.tokensOf(reached))
                         mask.allow(token);
                 });
        }
    }
    if (mayEnd()) {
        for (const int32_t end : m_grammar->endIds()) {
            if (end >= 0 && end < trie.nTokens())
                mask.allow(end);
        }
    }
    if (!mask.allowsAny())
        throw Unsupported("the JSON schema with this model", "its vocabulary has no token for what has to come next");
    if (m_masks.size() >= kMostKept)
        m_masks.clear();
    return m_masks.emplace(m_parse, std::move(mask)).first->second;
}

void TokenParse::advance(int32_t id)
{
    const auto ends = m_grammar->endIds();
    if (mayEnd() && std::find(ends.begin(), ends.end(), id) != ends.end())
        return;
    const std::string_view text = m_grammar->vocabulary().textOf(id);
    int32_t parse = text.empty() ? ParseSpace::kDead : m_parse;
    for (const char c : text)
        parse = m_space.step(parse, uint8_t(c));
    if (parse == ParseSpace::kDead)
        throw std::invalid_argument("token " + std::to_string(id) + " does not fit the grammar here");
    m_parse = parse;
    if (m_space.size() > kMostParses) {
        m_parse = m_space.restart(m_parse);
        m_masks.clear();
    }
}

bool TokenParse::mayEnd() const
{
    return m_space.isComplete(m_parse);
}

bool TokenParse::mustEnd() const
{
    return mayEnd() && m_space.frames(m_parse).empty();
}

} // namespace sy::generate
