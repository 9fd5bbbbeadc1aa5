// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/expression_parser.h"

namespace sy::tokenizer::jinja {

ExpressionPtr ExpressionParser::conditional()
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

ExpressionPtr ExpressionParser::logicalOr()
{
    ExpressionPtr e = logicalAnd();
    while (acceptName("or"))
        e = makeBinary(Operator::logicalOr, std::move(e), logicalAnd());
    return e;
}

ExpressionPtr ExpressionParser::logicalAnd()
{
    ExpressionPtr e = logicalNot();
    while (acceptName("and"))
        e = makeBinary(Operator::logicalAnd, std::move(e), logicalNot());
    return e;
}

ExpressionPtr ExpressionParser::logicalNot()
{
    if (!isName("not"))
        return comparison();
    const Nested nested(*this);
    take();
    ExpressionPtr e = make(Kind::unary, logicalNot());
    e->op = Operator::logicalNot;
    return e;
}

bool ExpressionParser::acceptComparison(Operator& op)
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

ExpressionPtr ExpressionParser::comparison()
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

ExpressionPtr ExpressionParser::sum()
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

ExpressionPtr ExpressionParser::concatenation()
{
    ExpressionPtr e = product();
    while (accept("~"))
        e = makeBinary(Operator::concatenate, std::move(e), product());
    return e;
}

ExpressionPtr ExpressionParser::product()
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

ExpressionPtr ExpressionParser::power()
{
    ExpressionPtr e = unary(true);
    while (accept("**"))
        e = makeBinary(Operator::power, std::move(e), unary(true));
    return e;
}

ExpressionPtr ExpressionParser::unary(bool allowFilters)
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

ExpressionPtr ExpressionParser::literal(Value value)
{
    ExpressionPtr e = make(Kind::literal);
    e->literal = std::move(value);
    return e;
}

ExpressionPtr ExpressionParser::primary()
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

ExpressionPtr ExpressionParser::list()
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

ExpressionPtr ExpressionParser::dictionary()
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

ExpressionPtr ExpressionParser::tuple(bool allowConditional, bool isInParentheses, std::initializer_list<std::string_view> ends)
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

ExpressionPtr ExpressionParser::postfix(ExpressionPtr e)
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

ExpressionPtr ExpressionParser::subscript(ExpressionPtr object)
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

std::unique_ptr<Arguments> ExpressionParser::callArguments()
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

ExpressionPtr ExpressionParser::call(ExpressionPtr callee)
{
    ExpressionPtr e = make(Kind::call, std::move(callee));
    e->arguments = callArguments();
    measureArguments(*e);
    return e;
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr e)
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

std::string ExpressionParser::dottedName()
{
    std::string text = name();
    while (accept("."))
        text += "." + name();
    return text;
}

ExpressionPtr ExpressionParser::filterCall(ExpressionPtr e, bool isFirst)
{
    if (!isFirst)
        expect("|");
    ExpressionPtr filter = make(Kind::filter, std::move(e));
    filter->text = dottedName();
    filter->arguments = isSymbol("(") ? callArguments() : std::make_unique<Arguments>();
    measureArguments(*filter);
    return filter;
}

ExpressionPtr ExpressionParser::testCall(ExpressionPtr e)
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

} // namespace sy::tokenizer::jinja
