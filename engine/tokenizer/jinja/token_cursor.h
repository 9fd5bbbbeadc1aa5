// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/lexer.h"

#include <algorithm>
#include <initializer_list>

namespace sy::tokenizer::jinja {

/// Walks the tokens of one template and bounds how deep parser and trees become. Everything that fails throws BadFile naming
/// the source and the line.
class TokenCursor {
public:
    /// source must outlive the cursor.
    TokenCursor(std::string_view text, const std::string& source) : m_source(source), m_tokens(tokenize(text, source)) {}

protected:
    static constexpr int kDeepest = 300; // bounds the stack of parser, renderer and destructors

    const Token& peek(size_t ahead = 0) const { return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)]; }
    Token take() { return m_tokens[m_at + 1 < m_tokens.size() ? m_at++ : m_at]; }
    bool isSymbol(std::string_view s, size_t ahead = 0) const
    {
        return peek(ahead).kind == Token::Kind::symbol && peek(ahead).text == s;
    }
    bool isName(std::string_view s, size_t ahead = 0) const { return peek(ahead).kind == Token::Kind::name && peek(ahead).text == s; }
    bool isAnyName(std::initializer_list<std::string_view> names) const
    {
        return peek().kind == Token::Kind::name && std::find(names.begin(), names.end(), peek().text) != names.end();
    }
    bool accept(std::string_view symbol)
    {
        const bool is = isSymbol(symbol);
        m_at += is;
        return is;
    }
    bool acceptName(std::string_view name)
    {
        const bool is = isName(name);
        m_at += is;
        return is;
    }
    [[noreturn]] void fail(const std::string& problem) const { failSyntax(m_source, peek().line, problem); }
    void expect(std::string_view symbol)
    {
        if (!accept(symbol))
            fail("expected \"" + std::string(symbol) + "\"");
    }
    void expectName(std::string_view name)
    {
        if (!acceptName(name))
            fail("expected \"" + std::string(name) + "\"");
    }
    std::string name()
    {
        if (peek().kind != Token::Kind::name)
            fail("expected a name");
        return take().text;
    }
    void endBlock()
    {
        if (peek().kind != Token::Kind::blockEnd)
            fail("unexpected \"" + peek().text + "\" in a tag");
        take();
    }

    // Depth: of the parser itself, and of the trees it makes (a + b + c … is a deep tree from a flat loop).

    struct Nested {
        explicit Nested(TokenCursor& p) : parser(p)
        {
            if (++parser.m_depth > kDeepest)
                parser.fail("nested too deeply");
        }
        ~Nested() { --parser.m_depth; }
        TokenCursor& parser;
    };

    void measure(int& depth, int below) const
    {
        depth = std::max(depth, below + 1);
        if (depth > kDeepest)
            fail("nested too deeply");
    }

    const std::string& m_source;
    std::vector<Token> m_tokens;
    size_t m_at = 0;
    int m_depth = 0;
};

} // namespace sy::tokenizer::jinja
