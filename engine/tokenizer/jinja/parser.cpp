// SPDX-License-Identifier: GPL-3.0-or-later
//
// Recursive descent, with Jinja's own precedence, loosest first:
//     a if b else c    or    and    not    comparisons, in    + -    ~    * / // %    **    unary - +    . [] () | is
// A filter or test binds tighter than a sign: -1|abs is (-1)|abs because the sign belongs to the operand.
#include "engine/tokenizer/jinja/parser.h"

#include "engine/tokenizer/jinja/lexer.h"

#include <algorithm>
#include <initializer_list>

namespace sy::tokenizer::jinja {

namespace {

constexpr int kDeepest = 300; // bounds the stack of parser, renderer and destructors

class Parser {
public:
    Parser(std::string_view text, const std::string& source) : m_source(source), m_tokens(tokenize(text, source)) {}

    Block run()
    {
        Block block = statements({});
        if (peek().kind != Token::Kind::end)
            fail("unexpected tag \"" + peek(1).text + "\"");
        return block;
    }

private:
    using Kind = Expression::Kind;

    // Tokens

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
        explicit Nested(Parser& p) : parser(p)
        {
            if (++parser.m_depth > kDeepest)
                parser.fail("nested too deeply");
        }
        ~Nested() { --parser.m_depth; }
        Parser& parser;
    };

    void measure(int& depth, int below) const
    {
        depth = std::max(depth, below + 1);
        if (depth > kDeepest)
            fail("nested too deeply");
    }

    ExpressionPtr make(Kind kind) const
    {
        auto e = std::make_unique<Expression>();
        e->kind = kind;
        e->line = peek().line;
        return e;
    }

    void append(Expression& parent, ExpressionPtr child) const
    {
        if (child)
            measure(parent.depth, child->depth);
        parent.children.push_back(std::move(child));
    }

    template <typename... Children>
    ExpressionPtr make(Kind kind, Children... children) const
    {
        ExpressionPtr e = make(kind);
        (append(*e, std::move(children)), ...);
        return e;
    }

    ExpressionPtr makeBinary(Operator op, ExpressionPtr left, ExpressionPtr right) const
    {
        ExpressionPtr e = make(Kind::binary, std::move(left), std::move(right));
        e->op = op;
        return e;
    }

    void measureArguments(Expression& e) const
    {
        for (const ExpressionPtr& a : e.arguments->positional)
            measure(e.depth, a->depth);
        for (const auto& [_, a] : e.arguments->named)
            measure(e.depth, a->depth);
        for (const ExpressionPtr* a : {&e.arguments->spread, &e.arguments->namedSpread})
            if (*a)
                measure(e.depth, (*a)->depth);
    }

    // Expressions

    ExpressionPtr expression(bool allowConditional = true) { return allowConditional ? conditional() : logicalOr(); }

    ExpressionPtr conditional()
    {
        const Nested nested(*this);
        ExpressionPtr e = logicalOr();
        while (acceptName("if")) {
            ExpressionPtr condition = logicalOr();
            ExpressionPtr otherwise = acceptName("else") ? conditional() : nullptr;
            e = make(Kind::conditional, std::move(e), std::move(condition), std::move(otherwise));
        }
        return e;
    }

    ExpressionPtr logicalOr()
    {
        ExpressionPtr e = logicalAnd();
        while (acceptName("or"))
            e = makeBinary(Operator::logicalOr, std::move(e), logicalAnd());
        return e;
    }

    ExpressionPtr logicalAnd()
    {
        ExpressionPtr e = logicalNot();
        while (acceptName("and"))
            e = makeBinary(Operator::logicalAnd, std::move(e), logicalNot());
        return e;
    }

    ExpressionPtr logicalNot()
    {
        if (!isName("not"))
            return comparison();
        const Nested nested(*this);
        take();
        ExpressionPtr e = make(Kind::unary, logicalNot());
        e->op = Operator::logicalNot;
        return e;
    }

    bool acceptComparison(Operator& op)
    {
        static constexpr std::pair<std::string_view, Operator> kOperators[] = {
            {"==", Operator::equal},       {"!=", Operator::notEqual}, {"<", Operator::less},
            {"<=", Operator::lessOrEqual}, {">", Operator::greater},   {">=", Operator::greaterOrEqual},
        };
        for (const auto& [symbol, found] : kOperators) {
            if (accept(symbol)) {
                op = found;
                return true;
            }
        }
        if (acceptName("in")) {
            op = Operator::in;
            return true;
        }
        if (isName("not") && isName("in", 1)) {
            m_at += 2;
            op = Operator::notIn;
            return true;
        }
        return false;
    }

    ExpressionPtr comparison()
    {
        ExpressionPtr first = sum();
        Operator op;
        if (!acceptComparison(op))
            return first;
        ExpressionPtr e = make(Kind::comparison, std::move(first));
        do {
            e->comparisons.push_back(op);
            append(*e, sum());
        } while (acceptComparison(op));
        return e;
    }

    ExpressionPtr sum()
    {
        ExpressionPtr e = concatenation();
        for (;;) {
            if (accept("+"))
                e = makeBinary(Operator::add, std::move(e), concatenation());
            else if (accept("-"))
                e = makeBinary(Operator::subtract, std::move(e), concatenation());
            else
                return e;
        }
    }

    ExpressionPtr concatenation()
    {
        ExpressionPtr e = product();
        while (accept("~"))
            e = makeBinary(Operator::concatenate, std::move(e), product());
        return e;
    }

    ExpressionPtr product()
    {
        ExpressionPtr e = power();
        for (;;) {
            if (accept("*"))
                e = makeBinary(Operator::multiply, std::move(e), power());
            else if (accept("/"))
                e = makeBinary(Operator::divide, std::move(e), power());
            else if (accept("//"))
                e = makeBinary(Operator::floorDivide, std::move(e), power());
            else if (accept("%"))
                e = makeBinary(Operator::modulo, std::move(e), power());
            else
                return e;
        }
    }

    ExpressionPtr power()
    {
        ExpressionPtr e = unary(true);
        while (accept("**"))
            e = makeBinary(Operator::power, std::move(e), unary(true));
        return e;
    }

    ExpressionPtr unary(bool allowFilters)
    {
        const Nested nested(*this);
        ExpressionPtr e;
        if (isSymbol("-") || isSymbol("+")) {
            const Operator op = take().text == "-" ? Operator::negate : Operator::plus;
            e = make(Kind::unary, unary(false));
            e->op = op;
        } else {
            e = primary();
        }
        e = postfix(std::move(e));
        return allowFilters ? filters(std::move(e)) : std::move(e);
    }

    ExpressionPtr literal(Value value)
    {
        ExpressionPtr e = make(Kind::literal);
        e->literal = std::move(value);
        return e;
    }

    ExpressionPtr primary()
    {
        const Token& token = peek();
        switch (token.kind) {
        case Token::Kind::name: {
            const std::string text = take().text;
            if (text == "true" || text == "True" || text == "false" || text == "False")
                return literal(text[0] == 't' || text[0] == 'T');
            if (text == "none" || text == "None")
                return literal(None{});
            ExpressionPtr e = make(Kind::name);
            e->text = text;
            return e;
        }
        case Token::Kind::string: {
            std::string text = take().text;
            while (peek().kind == Token::Kind::string)
                text += take().text;
            return literal(std::move(text));
        }
        case Token::Kind::integer: return literal(take().integer);
        case Token::Kind::real: return literal(take().real);
        default: break;
        }
        if (accept("(")) {
            ExpressionPtr e = tuple(true, true, {")"});
            expect(")");
            return e;
        }
        if (isSymbol("["))
            return list();
        if (isSymbol("{"))
            return dictionary();
        fail(token.kind == Token::Kind::symbol ? "unexpected \"" + token.text + "\"" : "an expression is missing");
    }

    ExpressionPtr list()
    {
        expect("[");
        ExpressionPtr e = make(Kind::list);
        while (!isSymbol("]")) {
            append(*e, expression());
            if (!accept(","))
                break;
        }
        expect("]");
        return e;
    }

    ExpressionPtr dictionary()
    {
        expect("{");
        ExpressionPtr e = make(Kind::dictionary);
        while (!isSymbol("}")) {
            append(*e, expression());
            expect(":");
            append(*e, expression());
            if (!accept(","))
                break;
        }
        expect("}");
        return e;
    }

    // One expression, or several with commas. Empty parentheses are an empty tuple.
    ExpressionPtr tuple(bool allowConditional, bool isInParentheses, std::initializer_list<std::string_view> ends)
    {
        const auto isEnd = [&] {
            return peek().kind == Token::Kind::outputEnd || peek().kind == Token::Kind::blockEnd || isName("in") || isName("recursive") ||
                   std::any_of(ends.begin(), ends.end(), [&](std::string_view s) { return isSymbol(s); });
        };
        std::vector<ExpressionPtr> items;
        bool isTuple = false;
        while (!isEnd()) {
            items.push_back(expression(allowConditional));
            if (!accept(","))
                break;
            isTuple = true;
        }
        if (!isTuple && items.size() == 1)
            return std::move(items[0]);
        if (items.empty() && !isInParentheses)
            fail("an expression is missing");
        ExpressionPtr e = make(Kind::tuple);
        for (ExpressionPtr& item : items)
            append(*e, std::move(item));
        return e;
    }

    ExpressionPtr postfix(ExpressionPtr e)
    {
        for (;;) {
            if (accept(".")) {
                if (peek().kind == Token::Kind::integer) {
                    e = make(Kind::item, std::move(e), literal(take().integer));
                } else {
                    e = make(Kind::attribute, std::move(e));
                    e->text = name();
                }
            } else if (isSymbol("[")) {
                e = subscript(std::move(e));
            } else if (isSymbol("(")) {
                e = call(std::move(e));
            } else {
                return e;
            }
        }
    }

    ExpressionPtr subscript(ExpressionPtr object)
    {
        expect("[");
        ExpressionPtr parts[3];
        int nParts = 0;
        bool isSlice = false;
        for (; nParts < 3; ++nParts) {
            if (!isSymbol(":") && !isSymbol("]"))
                parts[nParts] = expression();
            if (!accept(":"))
                break;
            isSlice = true;
        }
        ExpressionPtr e;
        if (isSlice) {
            e = make(Kind::slice, std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2]));
        } else {
            if (!parts[0])
                fail("an index is missing");
            if (isSymbol(",")) {
                ExpressionPtr key = make(Kind::tuple, std::move(parts[0]));
                while (accept(",") && !isSymbol("]"))
                    append(*key, expression());
                parts[0] = std::move(key);
            }
            e = make(Kind::item, std::move(object), std::move(parts[0]));
        }
        expect("]");
        return e;
    }

    std::unique_ptr<Arguments> callArguments()
    {
        expect("(");
        auto arguments = std::make_unique<Arguments>();
        while (!isSymbol(")")) {
            if (accept("**")) {
                arguments->namedSpread = expression();
            } else if (accept("*")) {
                arguments->spread = expression();
            } else if (peek().kind == Token::Kind::name && isSymbol("=", 1)) {
                std::string name = take().text;
                take();
                arguments->named.emplace_back(std::move(name), expression());
            } else {
                if (!arguments->named.empty() || arguments->namedSpread)
                    fail("a positional argument follows a named one");
                arguments->positional.push_back(expression());
            }
            if (!accept(","))
                break;
        }
        expect(")");
        return arguments;
    }

    ExpressionPtr call(ExpressionPtr callee)
    {
        ExpressionPtr e = make(Kind::call, std::move(callee));
        e->arguments = callArguments();
        measureArguments(*e);
        return e;
    }

    ExpressionPtr filters(ExpressionPtr e)
    {
        for (;;) {
            if (isSymbol("|"))
                e = filterCall(std::move(e));
            else if (isName("is"))
                e = testCall(std::move(e));
            else if (isSymbol("(")) // calls may follow filters
                e = call(std::move(e));
            else
                return e;
        }
    }

    std::string dottedName()
    {
        std::string text = name();
        while (accept("."))
            text += "." + name();
        return text;
    }

    ExpressionPtr filterCall(ExpressionPtr e, bool isFirst = false)
    {
        if (!isFirst)
            expect("|");
        ExpressionPtr filter = make(Kind::filter, std::move(e));
        filter->text = dottedName();
        filter->arguments = isSymbol("(") ? callArguments() : std::make_unique<Arguments>();
        measureArguments(*filter);
        return filter;
    }

    ExpressionPtr testCall(ExpressionPtr e)
    {
        expectName("is");
        const bool isNegated = acceptName("not");
        ExpressionPtr test = make(Kind::test, std::move(e));
        test->text = dottedName();
        if (isSymbol("(")) {
            test->arguments = callArguments();
        } else {
            test->arguments = std::make_unique<Arguments>();
            const Token::Kind next = peek().kind;
            const bool isOperand = next == Token::Kind::string || next == Token::Kind::integer || next == Token::Kind::real ||
                                   isSymbol("(") || isSymbol("[") || isSymbol("{") ||
                                   (next == Token::Kind::name && !isAnyName({"else", "or", "and", "if", "in", "not", "recursive"}));
            if (isOperand) {
                if (isName("is"))
                    fail("tests cannot be chained with \"is\"");
                test->arguments->positional.push_back(postfix(primary()));
            }
        }
        measureArguments(*test);
        if (!isNegated)
            return test;
        ExpressionPtr negated = make(Kind::unary, std::move(test));
        negated->op = Operator::logicalNot;
        return negated;
    }

    // Statements

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

    const std::string& m_source;
    std::vector<Token> m_tokens;
    size_t m_at = 0;
    int m_depth = 0;
    int m_nLoops = 0;
};

} // namespace

Block parse(std::string_view text, const std::string& source)
{
    return Parser(text, source).run();
}

} // namespace sy::tokenizer::jinja
