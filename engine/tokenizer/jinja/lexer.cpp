// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/lexer.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"

#include <algorithm>
#include <charconv>

namespace sy::tokenizer::jinja {

namespace {

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isNameStart(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string normalizedLines(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            out += text[i];
            continue;
        }
        out += '\n';
        if (i + 1 < text.size() && text[i + 1] == '\n')
            ++i;
    }
    if (out.ends_with('\n')) // one final newline is not part of the template
        out.pop_back();
    return out;
}

class Lexer {
public:
    Lexer(std::string_view text, const std::string& source) : m_text(normalizedLines(text)), m_rest(m_text), m_source(source) {}

    std::vector<Token> run()
    {
        while (m_at < m_rest.size())
            nextTag();
        add(Token::Kind::end, {});
        return std::move(m_tokens);
    }

private:
    [[noreturn]] void fail(const std::string& problem) const { failSyntax(m_source, m_line, problem); }

    void add(Token::Kind kind, std::string text)
    {
        m_tokens.push_back({kind, m_line, std::move(text)});
    }

    void advanceTo(size_t end)
    {
        m_line += int(std::count(m_rest.begin() + ptrdiff_t(m_at), m_rest.begin() + ptrdiff_t(end), '\n'));
        m_at = end;
    }

    // Text up to the next tag, then that tag as a whole.
    void nextTag()
    {
        size_t tag = m_at;
        while (tag < m_rest.size() && !(m_rest[tag] == '{' && tag + 1 < m_rest.size() &&
                                        (m_rest[tag + 1] == '{' || m_rest[tag + 1] == '%' || m_rest[tag + 1] == '#')))
            ++tag;
        const bool isTag = tag < m_rest.size();
        const char opener = isTag ? m_rest[tag + 1] : ' ';
        const char sign = isTag && tag + 2 < m_rest.size() ? m_rest[tag + 2] : ' ';
        std::string_view text = m_rest.substr(m_at, tag - m_at);
        if (sign == '-' && isTag) {
            while (!text.empty() && isSpace(text.back()))
                text.remove_suffix(1);
        } else if (isTag && sign != '+' && opener != '{') {
            text = withoutIndent(text);
        }
        if (!text.empty())
            add(Token::Kind::text, std::string(text));
        advanceTo(tag);
        if (!isTag)
            return;
        m_at += 2;
        if (opener == '#') {
            comment();
            return;
        }
        if (sign == '-' || sign == '+')
            ++m_at;
        if (opener == '%' && rawBlock())
            return;
        add(opener == '{' ? Token::Kind::outputBegin : Token::Kind::blockBegin, {});
        expressionTokens(opener);
    }

    // lstrip_blocks: white space between the beginning of the line and a block or comment goes.
    std::string_view withoutIndent(std::string_view text) const
    {
        const size_t newline = text.rfind('\n');
        if (newline == std::string_view::npos && !m_isAtLineStart)
            return text;
        const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
        return std::all_of(text.begin() + ptrdiff_t(begin), text.end(), isSpace) ? text.substr(0, begin) : text;
    }

    // Behind the end of a tag: "-" takes all white space, otherwise trim_blocks takes one newline after a block or comment.
    void finishTag(char sign, bool isOutput)
    {
        size_t end = m_at;
        if (sign == '-') {
            while (end < m_rest.size() && isSpace(m_rest[end]))
                ++end;
        } else if (sign != '+' && !isOutput && end < m_rest.size() && m_rest[end] == '\n') {
            ++end;
        }
        m_isAtLineStart = end > 0 && m_rest[end - 1] == '\n';
        advanceTo(end);
    }

    void comment()
    {
        const size_t close = m_rest.find("#}", m_at);
        if (close == std::string_view::npos)
            fail("a comment has no end");
        const char sign = close > m_at && (m_rest[close - 1] == '-' || m_rest[close - 1] == '+') ? m_rest[close - 1] : ' ';
        advanceTo(close + 2);
        finishTag(sign, false);
    }

    // {% raw %} … {% endraw %} is text. Returns false when the tag is another one.
    bool rawBlock()
    {
        size_t at = skipSpace(m_at);
        if (!isWord(at, "raw"))
            return false;
        at = skipSpace(at + 3);
        const char openSign = at < m_rest.size() && (m_rest[at] == '-' || m_rest[at] == '+') ? m_rest[at++] : ' ';
        if (m_rest.substr(at, 2) != "%}")
            return false;
        advanceTo(at + 2);
        finishTag(openSign, true); // trim_blocks leaves the newline behind {% raw %}
        for (size_t close = m_rest.find("{%", m_at); close != std::string_view::npos; close = m_rest.find("{%", close + 2)) {
            size_t end = close + 2;
            const char closeSign = end < m_rest.size() && (m_rest[end] == '-' || m_rest[end] == '+') ? m_rest[end++] : ' ';
            end = skipSpace(end);
            if (!isWord(end, "endraw"))
                continue;
            end = skipSpace(end + 6);
            const char endSign = end < m_rest.size() && (m_rest[end] == '-' || m_rest[end] == '+') ? m_rest[end++] : ' ';
            if (m_rest.substr(end, 2) != "%}")
                continue;
            std::string_view text = m_rest.substr(m_at, close - m_at);
            if (closeSign == '-')
                while (!text.empty() && isSpace(text.back()))
                    text.remove_suffix(1);
            else if (closeSign != '+')
                text = withoutIndent(text);
            if (!text.empty())
                add(Token::Kind::text, std::string(text));
            advanceTo(end + 2);
            finishTag(endSign, false);
            return true;
        }
        fail("a raw block has no end");
    }

    size_t skipSpace(size_t at) const
    {
        while (at < m_rest.size() && isSpace(m_rest[at]))
            ++at;
        return at;
    }

    bool isWord(size_t at, std::string_view word) const
    {
        return m_rest.substr(at, word.size()) == word &&
               (at + word.size() >= m_rest.size() || !(isNameStart(m_rest[at + word.size()]) || isDigit(m_rest[at + word.size()])));
    }

    void expressionTokens(char opener)
    {
        const std::string_view close = opener == '{' ? "}}" : "%}";
        std::string brackets;
        for (;;) {
            advanceTo(skipSpace(m_at));
            if (m_at >= m_rest.size())
                fail("a tag has no end");
            const char c = m_rest[m_at];
            if (brackets.empty()) {
                const bool hasSign = (c == '-' || (c == '+' && opener == '%')) && m_rest.substr(m_at + 1, 2) == close;
                if (hasSign || m_rest.substr(m_at, 2) == close) {
                    add(opener == '{' ? Token::Kind::outputEnd : Token::Kind::blockEnd, {});
                    m_at += hasSign ? 3 : 2;
                    finishTag(hasSign ? c : ' ', opener == '{');
                    return;
                }
            }
            if (isNameStart(c))
                name();
            else if (isDigit(c))
                number();
            else if (c == '"' || c == '\'')
                string(c);
            else
                symbol(brackets);
        }
    }

    void name()
    {
        size_t end = m_at;
        while (end < m_rest.size() && (isNameStart(m_rest[end]) || isDigit(m_rest[end])))
            ++end;
        add(Token::Kind::name, std::string(m_rest.substr(m_at, end - m_at)));
        m_at = end;
    }

    std::string digits(size_t& at, bool (*isAllowed)(char)) const
    {
        std::string out;
        while (at < m_rest.size() && (isAllowed(m_rest[at]) || (m_rest[at] == '_' && !out.empty()))) {
            if (m_rest[at] != '_')
                out += m_rest[at];
            ++at;
        }
        return out;
    }

    void number()
    {
        size_t at = m_at;
        const std::string_view prefix = m_rest.substr(at, 2);
        int base = 10;
        if (prefix == "0x" || prefix == "0X")
            base = 16;
        else if (prefix == "0o" || prefix == "0O")
            base = 8;
        else if (prefix == "0b" || prefix == "0B")
            base = 2;
        std::string value;
        bool isReal = false;
        if (base != 10) {
            at += 2;
            value = digits(at, [](char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
        } else {
            value = digits(at, isDigit);
            // "1.x" would be an attribute, and foo.0.1 two items: no real number after a dot.
            const bool isAfterDot = m_at > 0 && m_rest[m_at - 1] == '.';
            if (!isAfterDot && at + 1 < m_rest.size() && m_rest[at] == '.' && isDigit(m_rest[at + 1])) {
                isReal = true;
                ++at;
                value.append(1, '.').append(digits(at, isDigit));
            }
            if (!isAfterDot && at < m_rest.size() && (m_rest[at] == 'e' || m_rest[at] == 'E')) {
                size_t exponent = at + 1;
                std::string sign;
                if (exponent < m_rest.size() && (m_rest[exponent] == '+' || m_rest[exponent] == '-'))
                    sign = m_rest[exponent++];
                if (exponent < m_rest.size() && isDigit(m_rest[exponent])) {
                    isReal = true;
                    at = exponent;
                    value.append(1, 'e').append(sign).append(digits(at, isDigit));
                }
            }
        }
        Token token{isReal ? Token::Kind::real : Token::Kind::integer, m_line, value};
        const char* end = value.data() + value.size();
        const auto [stop, error] = isReal ? std::from_chars(value.data(), end, token.real)
                                          : std::from_chars(value.data(), end, token.integer, base);
        if (error != std::errc() || stop != end || value.empty())
            fail("a number is out of range");
        m_tokens.push_back(std::move(token));
        m_at = at;
    }

    void string(char quote)
    {
        std::string out;
        size_t at = m_at + 1;
        for (;; ++at) {
            if (at >= m_rest.size())
                fail("a string has no end");
            if (m_rest[at] == quote)
                break;
            if (m_rest[at] == '\\' && at + 1 < m_rest.size())
                escape(out, ++at);
            else
                out += m_rest[at];
        }
        add(Token::Kind::string, std::move(out));
        advanceTo(at + 1);
    }

    // Python's escapes; `at` is on the character behind the backslash and is left on the last one of the escape.
    void escape(std::string& out, size_t& at) const
    {
        const char c = m_rest[at];
        switch (c) {
        case '\n': return;
        case 'n': out += '\n'; return;
        case 't': out += '\t'; return;
        case 'r': out += '\r'; return;
        case 'a': out += '\a'; return;
        case 'b': out += '\b'; return;
        case 'f': out += '\f'; return;
        case 'v': out += '\v'; return;
        case '\\':
        case '\'':
        case '"': out += c; return;
        default: break;
        }
        const int nDigits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (nDigits > 0) {
            char32_t value = hex(at + 1, nDigits);
            at += size_t(nDigits);
            // A pair of \u escapes may spell one character.
            if (value >= 0xD800 && value < 0xDC00 && m_rest.substr(at + 1, 2) == "\\u") {
                const char32_t low = hex(at + 3, 4);
                if (low >= 0xDC00 && low < 0xE000) {
                    value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
                    at += 6;
                }
            }
            appendUtf8(out, value);
            return;
        }
        if (c >= '0' && c <= '7') {
            char32_t value = 0;
            int n = 0;
            for (; n < 3 && at + size_t(n) < m_rest.size() && m_rest[at + size_t(n)] >= '0' && m_rest[at + size_t(n)] <= '7'; ++n)
                value = value * 8 + char32_t(m_rest[at + size_t(n)] - '0');
            at += size_t(n) - 1;
            appendUtf8(out, value);
            return;
        }
        out += '\\';
        out += c;
    }

    char32_t hex(size_t at, int n) const
    {
        uint32_t value = 0;
        const std::string_view text = m_rest.substr(std::min(at, m_rest.size()), size_t(n));
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
        if (error != std::errc() || end != text.data() + n)
            fail("a string holds a broken escape");
        return value;
    }

    void symbol(std::string& brackets)
    {
        static constexpr std::string_view kSymbols[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]",
                                                        "(",  ")",  "{",  "}",  ">",  "<",  "=", ".", ":", "|", ",", ";"};
        for (const std::string_view s : kSymbols) {
            if (m_rest.substr(m_at, s.size()) != s)
                continue;
            if (s == "(" || s == "[" || s == "{")
                brackets += s == "(" ? ')' : s == "[" ? ']' : '}';
            if (s == ")" || s == "]" || s == "}") {
                if (brackets.empty() || brackets.back() != s[0])
                    fail("unexpected \"" + std::string(s) + "\"");
                brackets.pop_back();
            }
            add(Token::Kind::symbol, std::string(s));
            m_at += s.size();
            return;
        }
        fail(std::string("unexpected character \"") + m_rest[m_at] + "\"");
    }

    const std::string m_text;
    const std::string_view m_rest;
    const std::string& m_source;
    size_t m_at = 0;
    int m_line = 1;
    bool m_isAtLineStart = true;
    std::vector<Token> m_tokens;
};

} // namespace

void failSyntax(const std::string& source, int line, const std::string& problem)
{
    throw BadFile(source, "line " + std::to_string(line) + ": " + problem);
}

std::vector<Token> tokenize(std::string_view text, const std::string& source)
{
    return Lexer(text, source).run();
}

} // namespace sy::tokenizer::jinja
