// SPDX-License-Identifier: GPL-3.0-or-later
// The values of expressions, calls of all kinds, and the loop object.
#include "engine/tokenizer/jinja/renderer.h"

#include "engine/tokenizer/jinja/functions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace sy::tokenizer::jinja {

namespace {

[[noreturn]] void failUndefined(const Value& value)
{
    throw TemplateError(value.undefined().hint ? *value.undefined().hint : "a value is undefined");
}

Value undefined(std::string hint)
{
    return Undefined{std::make_shared<const std::string>(std::move(hint))};
}

std::string describedType(const Value& value)
{
    return value.isNone() ? "None" : std::string(typeName(value)) + " object";
}

} // namespace

Value Renderer::evaluate(const Expression& e)
{
    const Deeper deeper(*this);
    m_budget.step();
    using Kind = Expression::Kind;
    switch (e.kind) {
    case Kind::literal: return e.literal;
    case Kind::name: return lookUp(e);
    case Kind::list:
    case Kind::tuple:
    case Kind::dictionary: return container(e);
    case Kind::attribute: return attribute(evaluate(*e.children[0]), e.text);
    case Kind::item: {
        const Value object = evaluate(*e.children[0]);
        return item(object, evaluate(*e.children[1]));
    }
    case Kind::slice: return slice(e);
    case Kind::call: return callExpression(e, nullptr);
    case Kind::filter: return filterExpression(e);
    case Kind::test: return testExpression(e);
    case Kind::unary:
        if (e.op == Operator::logicalNot)
            return !isTrue(evaluate(*e.children[0]));
        return applyOperator(*this, e.op, Value(0), evaluate(*e.children[0]));
    case Kind::binary: return binary(e);
    case Kind::comparison: return comparison(e);
    case Kind::conditional:
        if (isTrue(evaluate(*e.children[1])))
            return evaluate(*e.children[0]);
        return e.children[2] ? evaluate(*e.children[2]) : undefined("the inline if-expression evaluated to false and no else was given");
    }
    return {};
}

Value Renderer::lookUp(const Expression& e)
{
    for (const Scope* scope = m_scope; scope; scope = scope->parent)
        for (const auto& [name, value] : scope->variables)
            if (name == e.text)
                return value;
    if (const Value* value = m_context->find(std::string_view(e.text)))
        return *value;
    if (const Function function = findGlobal(e.text)) {
        Callable* callable = newCallable(Callable::Kind::function, e.text);
        callable->function = function;
        return callable;
    }
    return undefined("'" + e.text + "' is undefined");
}

Value Renderer::container(const Expression& e)
{
    if (e.kind == Expression::Kind::dictionary) {
        Map* map = m_pool.map();
        charge(sizeof(Map) + e.children.size() * 2 * sizeof(Value));
        for (size_t i = 0; i + 1 < e.children.size(); i += 2) {
            const Value key = evaluate(*e.children[i]);
            map->set(key, evaluate(*e.children[i + 1]));
        }
        return map;
    }
    std::vector<Value> items;
    items.reserve(e.children.size());
    for (const ExpressionPtr& child : e.children)
        items.push_back(evaluate(*child));
    return list(std::move(items), e.kind == Expression::Kind::tuple ? List::Kind::tuple : List::Kind::list);
}

Value Renderer::slice(const Expression& e)
{
    const Value object = evaluate(*e.children[0]);
    if (object.isUndefined())
        failUndefined(object);
    Value bounds[3];
    const Value* given[3] = {};
    for (size_t i = 0; i < 3; ++i) {
        if (!e.children[i + 1])
            continue;
        bounds[i] = evaluate(*e.children[i + 1]);
        if (!bounds[i].isNone())
            given[i] = &bounds[i];
    }
    return sliced(*this, object, given[0], given[1], given[2]);
}

Value Renderer::method(const Value& self, std::string_view name)
{
    Callable* callable = newCallable(Callable::Kind::method, std::string(name));
    callable->self = self;
    return callable;
}

Value Renderer::cycler(std::vector<Value> items)
{
    if (items.empty())
        throw TemplateError("at least one item has to be provided");
    Callable* callable = newCallable(Callable::Kind::cycler, "cycler");
    callable->items = std::move(items);
    return callable;
}

Value Renderer::joiner(Value separator)
{
    Callable* callable = newCallable(Callable::Kind::joiner, "joiner");
    callable->items.push_back(std::move(separator));
    return callable;
}

Value Renderer::attribute(const Value& object, std::string_view name)
{
    if (object.isUndefined())
        failUndefined(object);
    if (Callable* callable = object.callable(); callable && callable->kind == Callable::Kind::loop)
        return loopAttribute(*callable, name);
    const Map* map = object.map();
    if (hasMethod(object, name))
        return method(object, name);
    if (map)
        if (const Value* value = map->find(name))
            return *value;
    if (const Callable* callable = object.callable(); callable && callable->kind == Callable::Kind::cycler) {
        if (name == "current" && !callable->items.empty())
            return callable->items[callable->position % callable->items.size()];
        if (name == "next" || name == "reset")
            return method(object, name);
    }
    return undefined("'" + describedType(object) + "' has no attribute '" + std::string(name) + "'");
}

Value Renderer::item(const Value& object, const Value& key)
{
    if (object.isUndefined())
        failUndefined(object);
    if (const Map* map = object.map()) {
        if (const Value* value = key.isString() ? map->find(std::string_view(key.string())) : map->find(key))
            return *value;
    } else if (key.integer()) {
        int64_t index = *key.integer();
        if (const List* list = object.list(); list && (list->kind == List::Kind::list || list->kind == List::Kind::tuple)) {
            const auto n = int64_t(list->items.size());
            if (index >= -n && index < n)
                return list->items[size_t(index < 0 ? index + n : index)];
        } else if (object.isString()) {
            const std::string& s = object.string();
            if (index < 0)
                index += int64_t(nCodePoints(s));
            if (index >= 0) {
                const size_t begin = offsetOfCodePoint(s, size_t(index));
                if (begin < s.size())
                    return text(s.substr(begin, offsetOfCodePoint(std::string_view(s).substr(begin), 1)));
            }
        }
        return undefined("'" + describedType(object) + "' has no item " + std::to_string(*key.integer()));
    }
    if (key.isString() && !(object.map() && object.map()->isNamespace))
        return attribute(object, key.string());
    return undefined("'" + describedType(object) + "' has no item " + representation(m_budget, key));
}

Value Renderer::path(const Value& object, const Value& dottedName)
{
    if (dottedName.integer())
        return item(object, dottedName);
    if (!dottedName.isString())
        throw TemplateError("an attribute's name must be text");
    Value value = object;
    const std::string& all = dottedName.string();
    for (size_t begin = 0; begin <= all.size();) {
        const size_t end = std::min(all.find('.', begin), all.size());
        const std::string part = all.substr(begin, end - begin);
        const bool isIndex = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
        value = isIndex ? item(value, Value(int64_t(std::stoll(part)))) : item(value, Value(part));
        begin = end + 1;
    }
    return value;
}

std::vector<Value> Renderer::iterate(const Value& value)
{
    if (value.isUndefined())
        return {};
    std::vector<Value> items;
    if (List* list = value.list()) {
        charge(list->items.size() * sizeof(Value));
        if (list->kind == List::Kind::generator)
            items.swap(list->items); // used up
        else
            items = list->items;
    } else if (const Map* map = value.map(); map && !map->isNamespace) {
        charge(map->entries.size() * sizeof(Value));
        for (const auto& [key, _] : map->entries)
            items.push_back(key);
    } else if (value.isString()) {
        const std::string& s = value.string();
        charge(s.size() * sizeof(Value) * 3);
        for (size_t at = 0; at < s.size();) {
            const size_t n = offsetOfCodePoint(std::string_view(s).substr(at, 4), 1);
            items.emplace_back(s.substr(at, n));
            at += n;
        }
    } else {
        throw TemplateError("'" + std::string(typeName(value)) + "' object is not iterable");
    }
    return items;
}

CallValues Renderer::arguments(const Arguments& arguments)
{
    CallValues values;
    for (const ExpressionPtr& e : arguments.positional)
        values.positional.push_back(evaluate(*e));
    if (arguments.spread)
        for (Value& value : iterate(evaluate(*arguments.spread)))
            values.positional.push_back(std::move(value));
    for (const auto& [name, e] : arguments.named)
        values.named.emplace_back(name, evaluate(*e));
    if (arguments.namedSpread) {
        const Value spread = evaluate(*arguments.namedSpread);
        if (!spread.map())
            throw TemplateError("argument after ** must be a mapping");
        for (const auto& [key, value] : spread.map()->entries)
            values.named.emplace_back(str(key), value);
    }
    return values;
}

Value Renderer::callExpression(const Expression& e, const Value* caller)
{
    const Expression& callee = *e.children[0];
    if (callee.kind == Expression::Kind::attribute) {
        const Value object = evaluate(*callee.children[0]);
        if (!object.isUndefined() && hasMethod(object, callee.text)) {
            CallValues values = arguments(*e.arguments);
            return callMethod(*this, object, callee.text, values);
        }
        const Value function = attribute(object, callee.text);
        CallValues values = arguments(*e.arguments);
        if (caller)
            values.named.emplace_back("caller", *caller);
        return call(function, values);
    }
    const Value function = evaluate(callee);
    CallValues values = arguments(*e.arguments);
    if (caller)
        values.named.emplace_back("caller", *caller);
    return call(function, values);
}

Value Renderer::call(const Value& callee, CallValues& values)
{
    const Deeper deeper(*this);
    m_budget.step();
    if (callee.isUndefined())
        failUndefined(callee);
    Callable* callable = callee.callable();
    if (!callable)
        throw TemplateError("'" + std::string(typeName(callee)) + "' object is not callable");
    switch (callable->kind) {
    case Callable::Kind::macro: return callMacro(*callable, values);
    case Callable::Kind::function: return callable->function(*this, values);
    case Callable::Kind::method: {
        Callable* self = callable->self.callable();
        if (self && self->kind == Callable::Kind::loop)
            return callLoopMethod(*self->loop, callable->name, values);
        if (self && self->kind == Callable::Kind::cycler) {
            if (callable->name == "reset") {
                self->position = 0;
                return None{};
            }
            return self->items[self->position++ % self->items.size()];
        }
        return callMethod(*this, callable->self, callable->name, values);
    }
    case Callable::Kind::loop: {
        LoopState& state = *callable->loop;
        if (!state.statement->isRecursive)
            throw TemplateError("only a loop declared as recursive can be called");
        const Value* items = values.find(0, "iterable");
        if (!items)
            throw TemplateError("loop() needs something to iterate over");
        std::string out;
        std::string* const before = std::exchange(m_out, &out);
        iterateLoop(*state.statement, iterate(*items), state.outer, state.depth + 1);
        m_out = before;
        return text(std::move(out));
    }
    case Callable::Kind::cycler: break;
    case Callable::Kind::joiner:
        if (callable->position++ == 0)
            return "";
        return callable->items[0];
    }
    throw TemplateError("'" + callable->name + "' object is not callable");
}

Value Renderer::callMacro(const Callable& callable, CallValues& values)
{
    const Macro& macro = *callable.macro;
    Scope* const scope = newScope(callable.scope);
    Scope* const outer = std::exchange(m_scope, scope); // defaults may name earlier parameters
    const int line = m_line;
    for (size_t i = 0; i < macro.parameters.size(); ++i) {
        const Parameter& parameter = macro.parameters[i];
        const Value* given = values.find(i, parameter.name);
        Value value = given                ? *given
                      : parameter.fallback ? evaluate(*parameter.fallback)
                                           : undefined("parameter '" + parameter.name + "' was not provided");
        scope->variables.emplace_back(parameter.name, std::move(value));
    }
    if (const Value* caller = values.findNamed("caller"))
        scope->variables.emplace_back("caller", *caller);
    std::vector<Value> rest;
    for (size_t i = macro.parameters.size(); i < values.positional.size(); ++i)
        rest.push_back(values.positional[i]);
    scope->variables.emplace_back("varargs", list(std::move(rest), List::Kind::tuple));
    Map* named = m_pool.map();
    for (const auto& given : values.named) {
        const bool isKnown = given.first == "caller" || std::any_of(macro.parameters.begin(), macro.parameters.end(),
                                                                    [&](const Parameter& p) { return p.name == given.first; });
        if (!isKnown)
            named->set(given.first, given.second);
    }
    scope->variables.emplace_back("kwargs", named);
    std::string out = captured(macro.body, scope);
    m_scope = outer;
    m_line = line;
    return text(std::move(out));
}

Value Renderer::filterExpression(const Expression& e)
{
    const Value input = e.children[0] ? evaluate(*e.children[0]) : m_filterInput;
    CallValues values = arguments(*e.arguments);
    return applyFilter(e.text, input, values);
}

Value Renderer::applyFilter(std::string_view name, const Value& input, CallValues& values)
{
    const Filter filter = findFilter(name);
    if (!filter)
        throw TemplateError("No filter named '" + std::string(name) + "'.");
    const Deeper deeper(*this);
    m_budget.step();
    return filter(*this, input, values);
}

Value Renderer::testExpression(const Expression& e)
{
    const Value input = evaluate(*e.children[0]);
    CallValues values = arguments(*e.arguments);
    return applyTest(e.text, input, values);
}

bool Renderer::applyTest(std::string_view name, const Value& input, CallValues& values)
{
    const Test test = findTest(name);
    if (!test)
        throw TemplateError("No test named '" + std::string(name) + "'.");
    m_budget.step();
    return test(*this, input, values);
}

Value Renderer::binary(const Expression& e)
{
    Value left = evaluate(*e.children[0]);
    if (e.op == Operator::logicalAnd)
        return isTrue(left) ? evaluate(*e.children[1]) : left;
    if (e.op == Operator::logicalOr)
        return isTrue(left) ? left : evaluate(*e.children[1]);
    return applyOperator(*this, e.op, left, evaluate(*e.children[1]));
}

Value Renderer::comparison(const Expression& e)
{
    Value left = evaluate(*e.children[0]);
    for (size_t i = 0; i < e.comparisons.size(); ++i) {
        Value right = evaluate(*e.children[i + 1]);
        bool holds = false;
        switch (e.comparisons[i]) {
        case Operator::equal: holds = same(left, right); break;
        case Operator::notEqual: holds = !same(left, right); break;
        case Operator::less: holds = order(left, right) < 0; break;
        case Operator::lessOrEqual: holds = order(left, right) <= 0; break;
        case Operator::greater: holds = order(left, right) > 0; break;
        case Operator::greaterOrEqual: holds = order(left, right) >= 0; break;
        case Operator::in: holds = contains(*this, right, left); break;
        default: holds = !contains(*this, right, left); break;
        }
        if (!holds)
            return false;
        left = std::move(right);
    }
    return true;
}

// The loop object

Value Renderer::loopAttribute(Callable& callable, std::string_view name)
{
    LoopState& state = *callable.loop;
    const auto n = int64_t(state.items.size()), i = int64_t(state.index);
    if (name == "index")
        return i + 1;
    if (name == "index0")
        return i;
    if (name == "revindex")
        return n - i;
    if (name == "revindex0")
        return n - i - 1;
    if (name == "first")
        return i == 0;
    if (name == "last")
        return i + 1 == n;
    if (name == "length")
        return n;
    if (name == "depth")
        return state.depth + 1;
    if (name == "depth0")
        return state.depth;
    if (name == "previtem")
        return i > 0 ? state.items[size_t(i - 1)] : undefined("there is no previous item");
    if (name == "nextitem")
        return i + 1 < n ? state.items[size_t(i + 1)] : undefined("there is no next item");
    if (name == "cycle" || name == "changed")
        return method(&callable, name);
    return undefined("'LoopContext object' has no attribute '" + std::string(name) + "'");
}

Value Renderer::callLoopMethod(LoopState& state, std::string_view name, CallValues& values)
{
    if (name == "cycle") {
        if (values.positional.empty())
            throw TemplateError("no items for cycling given");
        return values.positional[state.index % values.positional.size()];
    }
    const bool isSame = state.hasChanged && state.lastChanged.size() == values.positional.size() &&
                        std::equal(values.positional.begin(), values.positional.end(), state.lastChanged.begin(),
                                   [this](const Value& a, const Value& b) { return same(a, b); });
    state.hasChanged = true;
    state.lastChanged = values.positional;
    return !isSame;
}

} // namespace sy::tokenizer::jinja
