// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/ast.h"
#include "engine/tokenizer/jinja/token_cursor.h"

namespace sy::tokenizer::jinja {

/// Expressions by recursive descent, with Jinja's own precedence, loosest first:
///     a if b else c    or    and    not    comparisons, in    + -    ~    * / // %    **    unary - +    . [] () | is
/// A filter or test binds tighter than a sign: -1|abs is (-1)|abs because the sign belongs to the operand.
class ExpressionParser : public TokenCursor {
public:
    using TokenCursor::TokenCursor;

protected:
    using Kind = Expression::Kind;

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

    ExpressionPtr expression(bool allowConditional = true) { return allowConditional ? conditional() : logicalOr(); }
    ExpressionPtr conditional();
    ExpressionPtr logicalOr();
    ExpressionPtr logicalAnd();
    ExpressionPtr logicalNot();
    bool acceptComparison(Operator& op);
    ExpressionPtr comparison();
    ExpressionPtr sum();
    ExpressionPtr concatenation();
    ExpressionPtr product();
    ExpressionPtr power();
    ExpressionPtr unary(bool allowFilters);
    ExpressionPtr literal(Value value);
    ExpressionPtr primary();
    ExpressionPtr list();
    ExpressionPtr dictionary();
    // One expression, or several with commas. Empty parentheses are an empty tuple.
    ExpressionPtr tuple(bool allowConditional, bool isInParentheses, std::initializer_list<std::string_view> ends);
    ExpressionPtr postfix(ExpressionPtr e);
    ExpressionPtr subscript(ExpressionPtr object);
    std::unique_ptr<Arguments> callArguments();
    ExpressionPtr call(ExpressionPtr callee);
    ExpressionPtr filters(ExpressionPtr e);
    std::string dottedName();
    ExpressionPtr filterCall(ExpressionPtr e, bool isFirst = false);
    ExpressionPtr testCall(ExpressionPtr e);
};

} // namespace sy::tokenizer::jinja
