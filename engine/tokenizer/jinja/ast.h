// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/value.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sy::tokenizer::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Operator : uint8_t {
    add, subtract, multiply, divide, floorDivide, modulo, power, concatenate,
    equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, in, notIn,
    logicalAnd, logicalOr, logicalNot, negate, plus,
};

/// Arguments of a call, filter or test.
struct Arguments {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    ExpressionPtr spread;      // *args
    ExpressionPtr namedSpread; // **kwargs
};

struct Expression {
    enum class Kind : uint8_t {
        literal,     // literal
        name,        // text
        list,        // children
        tuple,       // children
        dictionary,  // children: key, value, key, value …
        attribute,   // children[0].text
        item,        // children[0][children[1]]
        slice,       // children[0][children[1]:children[2]:children[3]]; absent ones are null
        call,        // children[0](arguments)
        filter,      // children[0]|text(arguments); children[0] is null at the head of a {% filter %} block
        test,        // children[0] is text(arguments)
        unary,       // op children[0]
        binary,      // children[0] op children[1]; logicalAnd and logicalOr stop early
        comparison,  // children[0] comparisons[0] children[1] comparisons[1] children[2] …
        conditional, // children[0] if children[1] else children[2], which may be null
    };
    Kind kind;
    int line;
    int depth = 1; // of the tree below
    Operator op = Operator::add;
    std::string text;
    Value literal;
    std::vector<ExpressionPtr> children;
    std::vector<Operator> comparisons;
    std::unique_ptr<Arguments> arguments;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

struct Parameter {
    std::string name;
    ExpressionPtr fallback; // null: none
};

/// What a macro, or the body of a call block, is made of.
struct Macro {
    std::string name;
    std::vector<Parameter> parameters;
    Block body;
};

struct Statement {
    enum class Kind : uint8_t {
        text,          // text
        output,        // expression
        evaluate,      // expression, its value dropped ({% do %})
        branch,        // branches in turn, then otherwise
        loop,          // for target in expression if filter: body, otherwise
        assign,        // target = expression
        capture,       // target = body, through the filters in expression
        macro,         // macro
        callBlock,     // expression is the call, macro its caller()
        filterBlock,   // body through the filters in expression
        scope,         // {% with %}: assignments, body
        body,          // {% generation %}: body
        breakLoop,
        continueLoop,
    };
    Kind kind;
    int line;
    int depth = 1;
    std::string text;
    ExpressionPtr target; // a name, an attribute of a name, or a tuple of names
    ExpressionPtr expression;
    ExpressionPtr filter;
    bool isRecursive = false;
    std::vector<std::pair<ExpressionPtr, Block>> branches;
    std::vector<std::pair<ExpressionPtr, ExpressionPtr>> assignments;
    Block body;
    Block otherwise;
    std::unique_ptr<Macro> macro;
};

} // namespace sy::tokenizer::jinja
