// SPDX-License-Identifier: GPL-3.0-or-later
// A pattern is read into a tree, since a counted part is written several times, and the tree is written as states (Thompson
// 1968, "Regular expression search algorithm"). Who walks the grammar keeps all states at once, so nothing here is made
// deterministic.
#include "engine/generate/schema_pattern.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sy::generate {

namespace {

constexpr int kMostNested = 100;
constexpr uint32_t kMostRepeats = 10'000;

struct Node {
    enum class Kind { set, sequence, choice, repeat, begin, end } kind;
    CharacterSet set;
    std::vector<Node> parts;                        // sequence, choice; repeat has one
    uint32_t least = 0, most = Grammar::kUnlimited; // repeat
};

const CharacterSet kDigits = {{'0', '9'}};
const CharacterSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CharacterSet kSpace = {{9, 13},          {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                             {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CharacterSet kLineEnds = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

class Reader {
public:
    Reader(std::string_view pattern, std::string_view where) : m_text(toUtf32(pattern)), m_pattern(pattern), m_where(where)
    {
    }

    Node read()
    {
        Node all = readChoice(0);
        if (m_at < m_text.size())
            fail("a ) without its (");
        return all;
    }

private:
    [[noreturn]] void fail(const std::string& problem) const
    {
        throw BadFile("JSON schema", "the pattern \"" + m_pattern + "\" at " + m_where + " has " + problem);
    }
    [[noreturn]] void refuse(const std::string& what) const
    {
        throw Unsupported(what + " in the pattern \"" + m_pattern + "\" at " + m_where,
                          "only what a finite automaton can check without looking around is");
    }
    bool isAtEnd() const { return m_at >= m_text.size(); }
    bool accept(char32_t c)
    {
        if (isAtEnd() || m_text[m_at] != c)
            return false;
        ++m_at;
        return true;
    }
    char32_t next(const char* missing)
    {
        if (isAtEnd())
            fail(missing);
        return m_text[m_at++];
    }

    Node readChoice(int depth)
    {
        if (depth > kMostNested)
            refuse("nesting deeper than " + std::to_string(kMostNested));
        Node choice{Node::Kind::choice, {}, {}};
        do
            choice.parts.push_back(readSequence(depth));
        while (accept('|'));
        return choice.parts.size() == 1 ? std::move(choice.parts.front()) : choice;
    }

    Node readSequence(int depth)
    {
        Node sequence{Node::Kind::sequence, {}, {}};
        while (!isAtEnd() && m_text[m_at] != '|' && m_text[m_at] != ')')
            sequence.parts.push_back(readRepeated(depth));
        return sequence;
    }

    Node readRepeated(int depth)
    {
        Node node = readOne(depth);
        while (const auto counts = readCounts()) {
            if (node.kind == Node::Kind::begin || node.kind == Node::Kind::end || node.kind == Node::Kind::repeat)
                fail("a repetition of nothing");
            accept('?'); // the shortest match first: the same texts
            Node repeat{Node::Kind::repeat, {}, {}, counts->first, counts->second};
            repeat.parts.push_back(std::move(node));
            node = std::move(repeat);
        }
        return node;
    }

    std::optional<std::pair<uint32_t, uint32_t>> readCounts()
    {
        if (accept('*'))
            return std::pair(0u, Grammar::kUnlimited);
        if (accept('+'))
            return std::pair(1u, Grammar::kUnlimited);
        if (accept('?'))
            return std::pair(0u, 1u);
        if (isAtEnd() || m_text[m_at] != '{')
            return std::nullopt;
        const size_t before = m_at++;
        const auto number = [&]() -> std::optional<uint32_t> {
            uint32_t n = 0;
            const size_t begin = m_at;
            while (!isAtEnd() && m_text[m_at] >= '0' && m_text[m_at] <= '9') {
                n = n * 10 + (m_text[m_at++] - '0');
                if (n > kMostRepeats)
                    refuse("a count above " + std::to_string(kMostRepeats));
            }
            return m_at > begin ? std::optional(n) : std::nullopt;
        };
        const auto least = number();
        auto most = least;
        if (least && accept(',')) {
            most = number();
            if (!most)
                most = Grammar::kUnlimited;
        }
        if (!least || !accept('}')) {
            m_at = before; // a brace is itself when it counts nothing
            return std::nullopt;
        }
        if (*least > *most)
            fail("a repetition of at least " + std::to_string(*least) + " and at most " + std::to_string(*most));
        return std::pair(*least, *most);
    }

    Node readOne(int depth)
    {
        const char32_t c = m_text[m_at++];
        switch (c) {
        case '^':
            return {Node::Kind::begin, {}, {}};
        case '$':
            return {Node::Kind::end, {}, {}};
        case '.':
            return set(complement(kLineEnds));
        case '[':
            return set(readClass());
        case '(':
            return readGroup(depth);
        case '\\':
            return set(readEscape(false));
        case '*':
        case '+':
        case '?':
            fail("a repetition of nothing");
        default:
            return set({{c, c}});
        }
    }

    static Node set(CharacterSet characters) { return {Node::Kind::set, std::move(characters), {}}; }

    Node readGroup(int depth)
    {
        if (accept('?')) {
            const char32_t kind = next("an open (");
            if (kind == '<' && !isAtEnd() && m_text[m_at] != '=' && m_text[m_at] != '!') {
                while (next("a group name without its >") != '>') {
                }
            } else if (kind != ':') {
                refuse("(?" + toUtf8(std::u32string(1, kind)));
            }
        }
        Node inside = readChoice(depth + 1);
        if (!accept(')'))
            fail("an open (");
        return inside;
    }

    CharacterSet readClass()
    {
        const bool isNegated = accept('^');
        CharacterSet all;
        while (!accept(']')) {
            const CharacterSet first = readClassPart();
            if (first.size() == 1 && first[0].first == first[0].last && m_at + 1 < m_text.size() && m_text[m_at] == '-' &&
                m_text[m_at + 1] != ']') {
                ++m_at;
                const CharacterSet last = readClassPart();
                if (last.size() != 1 || last[0].first != last[0].last || last[0].first < first[0].first)
                    fail("a range that is out of order");
                all.push_back({first[0].first, last[0].last});
            } else {
                all.insert(all.end(), first.begin(), first.end());
            }
        }
        all = normalized(std::move(all));
        return isNegated ? complement(all) : all;
    }

    CharacterSet readClassPart()
    {
        const char32_t c = next("an open [");
        return c == '\\' ? readEscape(true) : CharacterSet{{c, c}};
    }

    CharacterSet readEscape(bool isInClass)
    {
        const char32_t c = next("a \\ at its end");
        const auto one = [](char32_t value) { return CharacterSet{{value, value}}; };
        switch (c) {
        case 'd':
            return kDigits;
        case 'D':
            return complement(kDigits);
        case 'w':
            return kWord;
        case 'W':
            return complement(kWord);
        case 's':
            return kSpace;
        case 'S':
            return complement(kSpace);
        case 't':
            return one('\t');
        case 'n':
            return one('\n');
        case 'r':
            return one('\r');
        case 'f':
            return one('\f');
        case 'v':
            return one('\v');
        case '0':
            return one(0);
        case 'x':
            return one(readHex(2));
        case 'u':
            return one(readUnicode());
        case 'b':
            if (isInClass)
                return one('\b');
            break;
        default:
            break;
        }
        const bool isLetterOrDigit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (isLetterOrDigit)
            refuse("\\" + toUtf8(std::u32string(1, c)));
        return one(c);
    }

    char32_t readHex(int nDigits)
    {
        char32_t value = 0;
        for (int i = 0; i < nDigits; ++i) {
            const char32_t c = next("half an escape at its end");
            const bool isDigit = c >= '0' && c <= '9', isUpper = c >= 'A' && c <= 'F', isLower = c >= 'a' && c <= 'f';
            if (!isDigit && !isUpper && !isLower)
                fail("an escape that is no hexadecimal number");
            value = value * 16 + (isDigit ? c - '0' : isUpper ? c - 'A' + 10 : c - 'a' + 10);
        }
        return value;
    }

    char32_t readUnicode()
    {
        char32_t value = 0;
        if (accept('{')) {
            while (!accept('}')) {
                value = value * 16 + readHex(1);
                if (value > 0x10FFFF)
                    fail("a character beyond U+10FFFF");
            }
            return value;
        }
        value = readHex(4);
        if (value >= 0xD800 && value < 0xDC00 && accept('\\') && accept('u')) { // a pair, as JSON writes high characters
            const char32_t low = readHex(4);
            if (low < 0xDC00 || low > 0xDFFF)
                fail("half a surrogate pair");
            value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        }
        return value;
    }

    std::u32string m_text;
    std::string m_pattern;
    std::string m_where;
    size_t m_at = 0;
};

class Writer {
public:
    Writer(GrammarBuilder& builder, int32_t rule, std::string_view pattern, std::string_view where)
        : m_builder(builder), m_rule(rule), m_pattern(pattern), m_where(where)
    {
    }

    /// One alternative of the whole pattern: ^ and $ take away the right to be surrounded.
    void writeWhole(const Node& node, int32_t from, int32_t to)
    {
        if (node.kind == Node::Kind::choice) {
            for (const Node& part : node.parts)
                writeWhole(part, from, to);
            return;
        }
        std::span<const Node> parts =
            node.kind == Node::Kind::sequence ? std::span<const Node>(node.parts) : std::span(&node, 1);
        if (parts.size() == 1 && (parts[0].kind == Node::Kind::choice || parts[0].kind == Node::Kind::sequence))
            return writeWhole(parts[0], from, to); // (^a$|^b$)
        const bool begins = !parts.empty() && parts.front().kind == Node::Kind::begin;
        if (begins)
            parts = parts.subspan(1);
        const bool ends = !parts.empty() && parts.back().kind == Node::Kind::end;
        if (ends)
            parts = parts.first(parts.size() - 1);
        int32_t at = from;
        if (!begins)
            at = writeAnything(at);
        for (const Node& part : parts)
            at = write(part, at);
        if (!ends)
            at = writeAnything(at);
        m_builder.addEmpty(at, to);
    }

private:
    int32_t writeAnything(int32_t from)
    {
        const int32_t loop = m_builder.addState(m_rule);
        m_builder.addEmpty(from, loop);
        m_builder.addJsonCharacter(loop, loop, complement({}), Grammar::Counting::oneMore);
        return loop;
    }

    int32_t write(const Node& node, int32_t from)
    {
        switch (node.kind) {
        case Node::Kind::set: {
            const int32_t to = m_builder.addState(m_rule);
            m_builder.addJsonCharacter(from, to, node.set, Grammar::Counting::oneMore);
            return to;
        }
        case Node::Kind::sequence:
            for (const Node& part : node.parts)
                from = write(part, from);
            return from;
        case Node::Kind::choice: {
            const int32_t to = m_builder.addState(m_rule);
            for (const Node& part : node.parts)
                m_builder.addEmpty(write(part, from), to);
            return to;
        }
        case Node::Kind::repeat:
            return writeRepeat(node, from);
        case Node::Kind::begin:
        case Node::Kind::end:
            break;
        }
        throw Unsupported("^ or $ inside the pattern \"" + m_pattern + "\" at " + m_where,
                          "they may stand at the beginning and the end of an alternative");
    }

    int32_t writeRepeat(const Node& node, int32_t from)
    {
        const Node& part = node.parts.front();
        if (part.kind == Node::Kind::sequence && part.parts.empty())
            return from;
        for (uint32_t i = 0; i < node.least; ++i)
            from = write(part, from);
        if (node.most == Grammar::kUnlimited) {
            const int32_t loop = m_builder.addState(m_rule);
            m_builder.addEmpty(from, loop);
            m_builder.addEmpty(write(part, loop), loop);
            return loop;
        }
        const int32_t to = m_builder.addState(m_rule);
        for (uint32_t i = node.least; i < node.most; ++i) {
            m_builder.addEmpty(from, to);
            from = write(part, from);
        }
        m_builder.addEmpty(from, to);
        return to;
    }

    GrammarBuilder& m_builder;
    int32_t m_rule;
    std::string m_pattern, m_where;
};

} // namespace

void addPattern(GrammarBuilder& builder, int32_t from, int32_t to, std::string_view pattern, std::string_view where)
{
    const Node whole = Reader(pattern, where).read();
    Writer(builder, builder.ruleOf(from), pattern, where).writeWhole(whole, from, to);
}

std::string patternOfFormat(std::string_view format)
{
    // Each day that there is: 31, 30, 28, and the 29th of February of a year divisible by 4, of centuries by 400.
    static const std::string kDate =
        "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))|"
        "(\\d\\d(0[48]|[2468][048]|[13579][26])|(0[048]|[2468][048]|[13579][26])00)-02-29)";
    static const std::string kTime = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";
    static const std::string kByte = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    static const std::string kLabel = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    static const std::pair<std::string_view, std::string> kPatterns[] = {
        {"date", "^" + kDate + "$"},
        {"time", "^" + kTime + "$"},
        {"date-time", "^" + kDate + "T" + kTime + "$"},
        {"uuid", "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"},
        {"ipv4", "^(" + kByte + "\\.){3}" + kByte + "$"},
        {"email", "^[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@" + kLabel + "(\\." + kLabel + ")+$"},
        {"duration", "^P(\\d{1,4}W|\\d{1,4}D|\\d{1,4}Y(\\d{1,2}M(\\d{1,3}D)?)?|\\d{1,2}M(\\d{1,3}D)?|"
                     "T(\\d{1,4}H(\\d{1,2}M(\\d{1,2}S)?)?|\\d{1,4}M(\\d{1,2}S)?|\\d{1,4}S))$"},
    };
    const auto row =
        std::find_if(std::begin(kPatterns), std::end(kPatterns), [&](const auto& r) { return r.first == format; });
    return row == std::end(kPatterns) ? std::string() : row->second;
}

} // namespace sy::generate
