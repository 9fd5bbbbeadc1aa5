// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace sy::generate {

/// A set of texts, as a pushdown automaton over bytes. Each rule is a small automaton of its own; an edge that calls a rule
/// goes on behind it where that rule has ended. A rule may count (characters, items, entries), so that "at most 1000" is one
/// state and not a thousand; every call of the rule counts for itself.
struct Grammar {
    static constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

    enum class EdgeKind : uint8_t { bytes, empty, call };
    enum class Counting : uint8_t {
        none,
        oneMore, // only while the count is below the rule's most; raises it
        enough,  // only once the count has reached the rule's least
    };
    struct Edge {
        EdgeKind kind;
        Counting counting = Counting::none;
        uint8_t low = 0, high = 0; // bytes: the first and the last that match
        int32_t target = 0;        // state
        int32_t rule = -1;         // call
    };
    struct State {
        int32_t rule;
        bool isEnd = false; // the rule may end here
        std::vector<Edge> edges;
    };
    struct Rule {
        int32_t start;
        uint32_t least = 0, most = kUnlimited;
    };

    std::vector<State> states;
    std::vector<Rule> rules;
    int32_t root = -1; // rule

    /// Nothing follows an end here, so whoever calls a rule as its last act need not be remembered.
    bool isBareEnd(int32_t state) const { return states[size_t(state)].isEnd && states[size_t(state)].edges.empty(); }
};

/// Code points from first to last.
struct CharacterRange {
    char32_t first, last;
};
/// Rising, apart from each other, without surrogates: what normalized() returns.
using CharacterSet = std::vector<CharacterRange>;
CharacterSet normalized(CharacterSet ranges);
CharacterSet complement(const CharacterSet& set);

/// Puts a grammar together. States belong to the rule that they were made for; edges stay inside one rule.
class GrammarBuilder {
public:
    /// Throws Unsupported when there are more states than a sane schema needs; so does every function that adds some.
    int32_t addRule(uint32_t least = 0, uint32_t most = Grammar::kUnlimited);
    void setCounts(int32_t rule, uint32_t least, uint32_t most);
    int32_t start(int32_t rule) const { return m_grammar.rules[size_t(rule)].start; }
    int32_t addState(int32_t rule);
    int32_t ruleOf(int32_t state) const { return m_grammar.states[size_t(state)].rule; }
    void setEnd(int32_t state) { m_grammar.states[size_t(state)].isEnd = true; }

    using Counting = Grammar::Counting;
    void addBytes(int32_t from, int32_t to, uint8_t low, uint8_t high, Counting counting = Counting::none);
    void addEmpty(int32_t from, int32_t to, Counting counting = Counting::none);
    void addCall(int32_t from, int32_t to, int32_t rule, Counting counting = Counting::none);
    void addLiteral(int32_t from, int32_t to, std::string_view text); // text is not empty
    /// One character of the set in UTF-8, counted at its first byte.
    void addCharacter(int32_t from, int32_t to, const CharacterSet& set, Counting counting = Counting::none);
    /// The same inside a JSON string: what must be escaped is, everything else is itself.
    void addJsonCharacter(int32_t from, int32_t to, const CharacterSet& set, Counting counting = Counting::none);

    /// Writes the rule's counts into its states, so that nothing is left to count: each way that cannot end is then seen by
    /// finish(). Multiplies the states by the larger of least and most.
    void unrollCounts(int32_t rule);

    size_t nStates() const { return m_grammar.states.size(); }

    /// Takes away whatever cannot end. Returns a grammar without rules when the root itself cannot: no text fits. Throws
    /// Unsupported when a rule calls itself before any byte.
    Grammar finish(int32_t root);

private:
    Grammar m_grammar;
};

} // namespace sy::generate
