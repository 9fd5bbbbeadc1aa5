// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/parser.h"

#include "engine/tokenizer/jinja/expression_parser.h"

namespace sy::tokenizer::jinja {

namespace {

class Parser : ExpressionParser {
public:
    using ExpressionParser::ExpressionParser;

    Block run()
    {
        Block block = statements({});
        if (peek().kind != Token::Kind::end)
            fail("unexpected tag \"" + peek(1).text + "\"");
        return block;
    }

private:
    std::unique_ptr<Statement> makeStatement(Statement::Kind kind) const
    {
        auto s = std::make_unique<Statement>();
        s->kind = kind;
        s->line = peek().line;
        return s;
    }

    void measureStatement(Statement& s) const
    {
        const auto measureBlock = [&](const Block& block) {
            for (const auto& inner : block)
                measure(s.depth, inner->depth);
        };
        for (const ExpressionPtr* e : {&s.target, &s.expression, &s.filter})
            if (*e)
                measure(s.depth, (*e)->depth);
        for (const auto& [condition, block] : s.branches) {
            measure(s.depth, condition->depth);
            measureBlock(block);
        }
        for (const auto& [target, value] : s.assignments)
            measure(s.depth, value->depth);
        measureBlock(s.body);
        measureBlock(s.otherwise);
        if (s.macro) {
            measureBlock(s.macro->body);
            for (const Parameter& p : s.macro->parameters)
                if (p.fallback)
                    measure(s.depth, p.fallback->depth);
        }
    }

    bool isTag(std::initializer_list<std::string_view> names, size_t ahead = 1) const
    {
        return peek().kind == Token::Kind::blockBegin && peek(ahead).kind == Token::Kind::name &&
               std::find(names.begin(), names.end(), peek(ahead).text) != names.end();
    }

    // Up to one of the tags in `ends`, which is left to be read, or the end of the template.
    Block statements(std::initializer_list<std::string_view> ends)
    {
        const Nested nested(*this);
        Block block;
        for (;;) {
            switch (peek().kind) {
            case Token::Kind::text: {
                auto s = makeStatement(Statement::Kind::text);
                s->text = take().text;
                block.push_back(std::move(s));
                continue;
            }
            case Token::Kind::outputBegin: {
                auto s = makeStatement(Statement::Kind::output);
                take();
                s->expression = tuple(true, false, {});
                if (peek().kind != Token::Kind::outputEnd)
                    fail("unexpected \"" + peek().text + "\" in an expression");
                take();
                measureStatement(*s);
                block.push_back(std::move(s));
                continue;
            }
            case Token::Kind::blockBegin: break;
            default: return block;
            }
            if (isTag(ends))
                return block;
            auto s = statement();
            if (!s)
                return block; // an end tag that nobody waits for: run() complains
            measureStatement(*s);
            block.push_back(std::move(s));
        }
    }

    void endTag(std::string_view name)
    {
        if (!isTag({name}))
            fail("\"" + std::string(name) + "\" is missing");
        take();
        take();
        endBlock();
    }

    std::unique_ptr<Statement> statement()
    {
        static constexpr std::pair<std::string_view, std::unique_ptr<Statement> (Parser::*)()> kTags[] = {
            {"if", &Parser::branch},         {"for", &Parser::loop},           {"set", &Parser::set},
            {"macro", &Parser::macro},       {"call", &Parser::callBlock},     {"filter", &Parser::filterBlock},
            {"with", &Parser::with},         {"generation", &Parser::generation}, {"break", &Parser::breakLoop},
            {"continue", &Parser::continueLoop}, {"do", &Parser::evaluate},
        };
        const std::string tag = peek(1).text;
        for (const auto& [name, parseTag] : kTags) {
            if (!isTag({name}))
                continue;
            m_at += 2;
            return (this->*parseTag)();
        }
        if (!tag.starts_with("end") && tag != "else" && tag != "elif")
            fail("unknown tag \"" + tag + "\"");
        return nullptr;
    }

    std::unique_ptr<Statement> branch()
    {
        auto s = makeStatement(Statement::Kind::branch);
        ExpressionPtr condition = tuple(false, false, {});
        for (;;) {
            endBlock();
            Block body = statements({"elif", "else", "endif"});
            s->branches.emplace_back(std::move(condition), std::move(body));
            if (!isTag({"elif"}))
                break;
            m_at += 2;
            condition = tuple(false, false, {});
        }
        if (isTag({"else"})) {
            m_at += 2;
            endBlock();
            s->otherwise = statements({"endif"});
        }
        endTag("endif");
        return s;
    }

    ExpressionPtr assignmentTarget()
    {
        const auto one = [this] {
            ExpressionPtr e = make(Kind::name);
            e->text = name();
            if (e->text == "true" || e->text == "false" || e->text == "none" || e->text == "not" || e->text == "and" || e->text == "or")
                fail("cannot assign to \"" + e->text + "\"");
            return e;
        };
        const bool isInParentheses = accept("(");
        ExpressionPtr first = one();
        if (!isInParentheses && accept(".")) {
            ExpressionPtr e = make(Kind::attribute, std::move(first));
            e->text = name();
            return e;
        }
        if (isSymbol(",")) {
            ExpressionPtr all = make(Kind::tuple, std::move(first));
            while (accept(",")) {
                if (peek().kind != Token::Kind::name || isName("in"))
                    break;
                append(*all, one());
            }
            first = std::move(all);
        }
        if (isInParentheses)
            expect(")");
        return first;
    }

    std::unique_ptr<Statement> loop()
    {
        auto s = makeStatement(Statement::Kind::loop);
        s->target = assignmentTarget();
        if (s->target->kind == Kind::attribute)
            fail("a loop cannot assign to an attribute");
        expectName("in");
        s->expression = tuple(false, false, {});
        if (acceptName("if"))
            s->filter = expression();
        s->isRecursive = acceptName("recursive");
        endBlock();
        ++m_nLoops;
        s->body = statements({"else", "endfor"});
        --m_nLoops;
        if (isTag({"else"})) {
            m_at += 2;
            endBlock();
            s->otherwise = statements({"endfor"});
        }
        endTag("endfor");
        return s;
    }

    std::unique_ptr<Statement> set()
    {
        auto s = makeStatement(Statement::Kind::assign);
        s->target = assignmentTarget();
        if (accept("=")) {
            s->expression = tuple(true, false, {});
            endBlock();
            return s;
        }
        s->kind = Statement::Kind::capture;
        if (isSymbol("|"))
            s->expression = filters(nullptr);
        endBlock();
        s->body = statements({"endset"});
        endTag("endset");
        return s;
    }

    std::vector<Parameter> parameters()
    {
        std::vector<Parameter> list;
        expect("(");
        while (!isSymbol(")")) {
            Parameter p{name(), nullptr};
            if (accept("="))
                p.fallback = expression();
            else if (!list.empty() && list.back().fallback)
                fail("a parameter without a default follows one with a default");
            list.push_back(std::move(p));
            if (!accept(","))
                break;
        }
        expect(")");
        return list;
    }

    // Breaks inside a macro end no loop outside it.
    Block macroBody(std::initializer_list<std::string_view> ends)
    {
        const int nOuterLoops = m_nLoops;
        m_nLoops = 0;
        Block body = statements(ends);
        m_nLoops = nOuterLoops;
        return body;
    }

    std::unique_ptr<Statement> macro()
    {
        auto s = makeStatement(Statement::Kind::macro);
        s->macro = std::make_unique<Macro>();
        s->macro->name = name();
        s->macro->parameters = parameters();
        endBlock();
        s->macro->body = macroBody({"endmacro"});
        if (isTag({"endmacro"}) && peek(2).kind == Token::Kind::name)
            m_tokens.erase(m_tokens.begin() + ptrdiff_t(m_at) + 2); // {% endmacro name %}
        endTag("endmacro");
        return s;
    }

    std::unique_ptr<Statement> callBlock()
    {
        auto s = makeStatement(Statement::Kind::callBlock);
        s->macro = std::make_unique<Macro>();
        s->macro->name = "caller";
        if (isSymbol("("))
            s->macro->parameters = parameters();
        s->expression = expression();
        if (s->expression->kind != Kind::call)
            fail("expected a call");
        endBlock();
        s->macro->body = macroBody({"endcall"});
        endTag("endcall");
        return s;
    }

    std::unique_ptr<Statement> filterBlock()
    {
        auto s = makeStatement(Statement::Kind::filterBlock);
        s->expression = filters(filterCall(nullptr, true));
        endBlock();
        s->body = statements({"endfilter"});
        endTag("endfilter");
        return s;
    }

    std::unique_ptr<Statement> with()
    {
        auto s = makeStatement(Statement::Kind::scope);
        while (peek().kind != Token::Kind::blockEnd) {
            ExpressionPtr target = assignmentTarget();
            expect("=");
            s->assignments.emplace_back(std::move(target), expression());
            if (!accept(","))
                break;
        }
        endBlock();
        s->body = statements({"endwith"});
        endTag("endwith");
        return s;
    }

    std::unique_ptr<Statement> generation()
    {
        auto s = makeStatement(Statement::Kind::body);
        endBlock();
        s->body = statements({"endgeneration"});
        endTag("endgeneration");
        return s;
    }

    std::unique_ptr<Statement> leave(Statement::Kind kind)
    {
        auto s = makeStatement(kind);
        if (m_nLoops == 0)
            fail("break or continue outside a loop");
        endBlock();
        return s;
    }
    std::unique_ptr<Statement> breakLoop() { return leave(Statement::Kind::breakLoop); }
    std::unique_ptr<Statement> continueLoop() { return leave(Statement::Kind::continueLoop); }

    std::unique_ptr<Statement> evaluate()
    {
        auto s = makeStatement(Statement::Kind::evaluate);
        s->expression = tuple(true, false, {});
        endBlock();
        return s;
    }

    int m_nLoops = 0;
};

} // namespace

Block parse(std::string_view text, const std::string& source)
{
    return Parser(text, source).run();
}

} // namespace sy::tokenizer::jinja
