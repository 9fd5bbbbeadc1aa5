// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/grammar.h"

#include "engine/core/error.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sy::generate {

namespace {

using Edge = Grammar::Edge;
using EdgeKind = Grammar::EdgeKind;
using Counting = Grammar::Counting;

constexpr size_t kMostStates = 200'000; // some 10 MB

struct ByteRange {
    uint8_t low, high;
    auto operator<=>(const ByteRange&) const = default;
};
using ByteRanges = std::vector<ByteRange>; // one for each byte of a character

// The continuation bytes hold six bits each, so a range of code points becomes byte ranges where it begins and ends at a
// multiple of 64 (4096 …): cut it until it does.
void splitUtf8(uint32_t first, uint32_t last, int nBytes, std::vector<ByteRanges>& out)
{
    for (int i = 1; i < nBytes; ++i) {
        const uint32_t mask = (1u << (6 * i)) - 1;
        if ((first & ~mask) == (last & ~mask))
            continue;
        if (first & mask) {
            splitUtf8(first, first | mask, nBytes, out);
            splitUtf8((first | mask) + 1, last, nBytes, out);
            return;
        }
        if ((last & mask) != mask) {
            splitUtf8(first, (last & ~mask) - 1, nBytes, out);
            splitUtf8(last & ~mask, last, nBytes, out);
            return;
        }
    }
    constexpr uint8_t kLead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    ByteRanges bytes;
    for (int i = nBytes - 1; i >= 0; --i) {
        const bool isLead = i == nBytes - 1;
        const uint8_t mark = isLead ? kLead[nBytes] : 0x80;
        const uint32_t bits = isLead ? 0x7F : 0x3F;
        bytes.push_back({uint8_t(mark | (first >> (6 * i) & bits)), uint8_t(mark | (last >> (6 * i) & bits))});
    }
    out.push_back(std::move(bytes));
}

std::vector<ByteRanges> utf8Of(const CharacterSet& set)
{
    constexpr uint32_t kLast[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    std::vector<ByteRanges> result;
    for (const auto& [first, last] : set) {
        for (int n = 1; n <= 4; ++n) {
            const uint32_t low = std::max<uint32_t>(first, n == 1 ? 0 : kLast[n - 1] + 1),
                           high = std::min<uint32_t>(last, kLast[n]);
            if (low <= high)
                splitUtf8(low, high, n, result);
        }
    }
    return result;
}

} // namespace

CharacterSet normalized(CharacterSet ranges)
{
    CharacterSet apart;
    for (auto [first, last] : ranges) {
        last = std::min<char32_t>(last, 0x10FFFF);
        if (first < 0xD800 && last >= 0xD800)
            apart.push_back({first, 0xD7FF});
        else if (first < 0xD800)
            apart.push_back({first, last});
        if (last > 0xDFFF)
            apart.push_back({std::max<char32_t>(first, 0xE000), last});
    }
    std::erase_if(apart, [](const CharacterRange& r) { return r.first > r.last; });
    std::sort(apart.begin(), apart.end(),
              [](const CharacterRange& a, const CharacterRange& b) { return a.first < b.first; });
    CharacterSet merged;
    for (const CharacterRange& r : apart) {
        if (!merged.empty() && r.first <= merged.back().last + 1)
            merged.back().last = std::max(merged.back().last, r.last);
        else
            merged.push_back(r);
    }
    return merged;
}

CharacterSet complement(const CharacterSet& set)
{
    CharacterSet rest;
    char32_t next = 0;
    for (const CharacterRange& r : set) {
        if (r.first > next)
            rest.push_back({next, r.first - 1});
        next = r.last + 1;
    }
    if (next <= 0x10FFFF)
        rest.push_back({next, 0x10FFFF});
    return normalized(rest);
}

int32_t GrammarBuilder::addRule(uint32_t least, uint32_t most)
{
    const auto rule = int32_t(m_grammar.rules.size());
    m_grammar.rules.push_back({-1, least, most});
    m_grammar.rules.back().start = addState(rule);
    return rule;
}

void GrammarBuilder::setCounts(int32_t rule, uint32_t least, uint32_t most)
{
    m_grammar.rules[size_t(rule)].least = least;
    m_grammar.rules[size_t(rule)].most = most;
}

int32_t GrammarBuilder::addState(int32_t rule)
{
    if (nStates() >= kMostStates)
        throw Unsupported("this JSON schema",
                          "it is too large: it needs more than " + std::to_string(kMostStates) + " states");
    m_grammar.states.push_back({rule, false, {}});
    return int32_t(nStates()) - 1;
}

void GrammarBuilder::addBytes(int32_t from, int32_t to, uint8_t low, uint8_t high, Counting counting)
{
    m_grammar.states[size_t(from)].edges.push_back({EdgeKind::bytes, counting, low, high, to});
}

void GrammarBuilder::addEmpty(int32_t from, int32_t to, Counting counting)
{
    m_grammar.states[size_t(from)].edges.push_back({EdgeKind::empty, counting, 0, 0, to});
}

void GrammarBuilder::addCall(int32_t from, int32_t to, int32_t rule, Counting counting)
{
    m_grammar.states[size_t(from)].edges.push_back({EdgeKind::call, counting, 0, 0, to, rule});
}

void GrammarBuilder::addLiteral(int32_t from, int32_t to, std::string_view text)
{
    const int32_t rule = m_grammar.states[size_t(from)].rule;
    for (size_t i = 0; i < text.size(); ++i) {
        const int32_t next = i + 1 == text.size() ? to : addState(rule);
        addBytes(from, next, uint8_t(text[i]), uint8_t(text[i]));
        from = next;
    }
}

void GrammarBuilder::addCharacter(int32_t from, int32_t to, const CharacterSet& set, Counting counting)
{
    const int32_t rule = m_grammar.states[size_t(from)].rule;
    std::map<ByteRanges, int32_t> behind; // what is still to come of a character: the state that awaits it
    for (const ByteRanges& bytes : utf8Of(set)) {
        int32_t target = to;
        for (size_t i = bytes.size() - 1; i > 0; --i) { // from the last byte on, so that equal endings share their states
            const ByteRanges ending(bytes.begin() + long(i), bytes.end());
            const auto [at, isNew] = behind.try_emplace(ending, -1);
            if (isNew) {
                at->second = addState(rule);
                addBytes(at->second, target, bytes[i].low, bytes[i].high);
            }
            target = at->second;
        }
        addBytes(from, target, bytes[0].low, bytes[0].high, counting);
    }
}

void GrammarBuilder::addJsonCharacter(int32_t from, int32_t to, const CharacterSet& set, Counting counting)
{
    const int32_t rule = m_grammar.states[size_t(from)].rule;
    const auto holds = [&](char32_t c) {
        return std::any_of(set.begin(), set.end(), [&](const CharacterRange& r) { return r.first <= c && c <= r.last; });
    };
    CharacterSet plain;
    for (const CharacterRange& part :
         {CharacterRange{0x20, 0x21}, CharacterRange{0x23, 0x5B}, CharacterRange{0x5D, 0x10FFFF}}) {
        for (const CharacterRange& r : set) {
            if (r.first <= part.last && r.last >= part.first)
                plain.push_back({std::max(r.first, part.first), std::min(r.last, part.last)});
        }
    }
    addCharacter(from, to, normalized(plain), counting);

    int32_t backslash = -1;
    const auto escape = [&] {
        if (backslash < 0) {
            backslash = addState(rule);
            addBytes(from, backslash, '\\', '\\', counting);
        }
        return backslash;
    };
    constexpr std::pair<char, char> kShort[] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                                {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    for (const auto& [c, letter] : kShort) {
        if (holds(char32_t(c)))
            addBytes(escape(), to, uint8_t(letter), uint8_t(letter));
    }
    for (char32_t c = 0; c < 0x20; ++c) {
        const bool hasShort =
            std::any_of(std::begin(kShort), std::end(kShort), [&](const auto& s) { return char32_t(s.first) == c; });
        if (!holds(c) || hasShort)
            continue;
        const int32_t last = addState(rule);
        addLiteral(escape(), last, c < 0x10 ? "u000" : "u001");
        const char digit = "0123456789abcdef"[c & 15];
        addBytes(last, to, uint8_t(digit), uint8_t(digit));
        if (digit >= 'a')
            addBytes(last, to, uint8_t(digit - 32), uint8_t(digit - 32));
    }
}

void GrammarBuilder::unrollCounts(int32_t rule)
{
    const auto [oldStart, least, most] = m_grammar.rules[size_t(rule)];
    const uint32_t highest = most == Grammar::kUnlimited ? least : most;
    std::map<std::pair<int32_t, uint32_t>, int32_t> made; // old state and count: new state
    std::vector<std::pair<int32_t, uint32_t>> open;
    const auto stateFor = [&](int32_t state, uint32_t count) {
        const auto [at, isNew] = made.try_emplace({state, count}, -1);
        if (isNew) {
            at->second = addState(rule);
            open.emplace_back(state, count);
        }
        return at->second;
    };
    const int32_t newStart = stateFor(oldStart, 0);
    while (!open.empty()) {
        const auto [state, count] = open.back();
        open.pop_back();
        const int32_t from = made.at({state, count});
        const std::vector<Edge> edges = m_grammar.states[size_t(state)].edges;
        if (m_grammar.states[size_t(state)].isEnd)
            setEnd(from);
        for (Edge edge : edges) {
            uint32_t after = count;
            if ((edge.counting == Counting::enough && count < least) ||
                (edge.counting == Counting::oneMore && count >= most))
                continue;
            if (edge.counting == Counting::oneMore)
                after = std::min(count + 1, highest);
            edge.counting = Counting::none;
            edge.target = stateFor(edge.target, after);
            m_grammar.states[size_t(from)].edges.push_back(edge);
        }
    }
    m_grammar.rules[size_t(rule)] = {newStart};
}

namespace {

/// Which states can reach the end of their rule.
std::vector<bool> statesThatEnd(const Grammar& grammar)
{
    std::vector<bool> ends(grammar.states.size());
    std::vector<std::vector<int32_t>> before(
        grammar.states.size()); // states that look at this one, or at the rule it starts
    for (size_t s = 0; s < grammar.states.size(); ++s) {
        for (const Edge& edge : grammar.states[s].edges) {
            before[size_t(edge.target)].push_back(int32_t(s));
            if (edge.kind == EdgeKind::call)
                before[size_t(grammar.rules[size_t(edge.rule)].start)].push_back(int32_t(s));
        }
    }
    std::vector<int32_t> open;
    for (size_t s = 0; s < grammar.states.size(); ++s)
        open.push_back(int32_t(s));
    while (!open.empty()) {
        const auto s = size_t(open.back());
        open.pop_back();
        const Grammar::State& state = grammar.states[s];
        const bool canEnd = state.isEnd || std::any_of(state.edges.begin(), state.edges.end(), [&](const Edge& edge) {
                                return ends[size_t(edge.target)] &&
                                       (edge.kind != EdgeKind::call || ends[size_t(grammar.rules[size_t(edge.rule)].start)]);
                            });
        if (canEnd && !ends[s]) {
            ends[s] = true;
            open.insert(open.end(), before[s].begin(), before[s].end());
        }
    }
    return ends;
}

/// No rule matches the empty text here, so a call is at the left exactly when no byte and no other call comes before it.
bool hasLeftRecursion(const Grammar& grammar)
{
    std::vector<std::vector<int32_t>> calls(grammar.rules.size());
    std::vector<bool> isSeen(grammar.states.size()); // once is enough: a state belongs to one rule
    for (size_t r = 0; r < grammar.rules.size(); ++r) {
        std::vector<int32_t> open{grammar.rules[r].start};
        while (!open.empty()) {
            const int32_t s = open.back();
            open.pop_back();
            for (const Edge& edge : grammar.states[size_t(s)].edges) {
                if (edge.kind == EdgeKind::call)
                    calls[r].push_back(edge.rule);
                else if (edge.kind == EdgeKind::empty && !isSeen[size_t(edge.target)]) {
                    isSeen[size_t(edge.target)] = true;
                    open.push_back(edge.target);
                }
            }
        }
    }
    // Rules are taken away as long as one calls none of those left; a circle stays.
    std::vector<size_t> nCalls(grammar.rules.size());
    std::vector<std::vector<int32_t>> callers(grammar.rules.size());
    std::vector<int32_t> open;
    size_t nLeft = grammar.rules.size();
    for (size_t r = 0; r < calls.size(); ++r) {
        nCalls[r] = calls[r].size();
        for (const int32_t callee : calls[r])
            callers[size_t(callee)].push_back(int32_t(r));
        if (nCalls[r] == 0)
            open.push_back(int32_t(r));
    }
    while (!open.empty()) {
        const int32_t r = open.back();
        open.pop_back();
        --nLeft;
        for (const int32_t caller : callers[size_t(r)]) {
            if (--nCalls[size_t(caller)] == 0)
                open.push_back(caller);
        }
    }
    return nLeft > 0;
}

} // namespace

Grammar GrammarBuilder::finish(int32_t root)
{
    Grammar grammar = std::move(m_grammar);
    m_grammar = {};
    const std::vector<bool> ends = statesThatEnd(grammar);
    if (!ends[size_t(grammar.rules[size_t(root)].start)])
        return {};
    for (Grammar::State& state : grammar.states) {
        std::erase_if(state.edges, [&](const Edge& edge) {
            return !ends[size_t(edge.target)] ||
                   (edge.kind == EdgeKind::call && !ends[size_t(grammar.rules[size_t(edge.rule)].start)]);
        });
    }
    if (hasLeftRecursion(grammar))
        throw Unsupported("this JSON schema", "a \"$ref\" leads back to itself with nothing in between");
    grammar.root = root;
    return grammar;
}

} // namespace sy::generate
