// SPDX-License-Identifier: GPL-3.0-or-later
// Statements.
#include "engine/tokenizer/jinja/renderer.h"

#include "engine/tokenizer/jinja/functions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace sy::tokenizer::jinja {

Renderer::Renderer(const TemplateOptions& options)
    : m_options(options), m_budget(options.limits)
{
}

std::string Renderer::render(const Block& block, const nlohmann::ordered_json& variables)
{
    m_context = fromJson(variables, m_pool).map();
    for (const auto& [name, value] : {std::pair("bos_token", &m_options.bos), std::pair("eos_token", &m_options.eos)})
        if (!m_context->find(std::string_view(name)))
            m_context->set(name, *value);
    std::string out;
    m_out = &out;
    m_scope = newScope(nullptr);
    try {
        execute(block);
    } catch (TemplateError& error) {
        if (error.line == 0)
            throw TemplateError(error.message, m_line, error.wasRaised);
        throw;
    }
    return out;
}

void Renderer::write(std::string_view text)
{
    if (text.size() > m_options.limits.outputBytes - std::min(m_out->size(), m_options.limits.outputBytes))
        throw TemplateError("the template writes too much text");
    charge(text.size());
    *m_out += text;
}

Value Renderer::text(std::string s)
{
    charge(s.size() + sizeof(Value));
    return Value(std::move(s));
}

Value Renderer::list(std::vector<Value> items, List::Kind kind)
{
    charge((items.size() + 4) * sizeof(Value));
    return m_pool.list(std::move(items), kind);
}

Scope* Renderer::newScope(Scope* parent)
{
    charge(sizeof(Scope) + 4 * sizeof(Value));
    m_scopes.push_back({parent, {}});
    return &m_scopes.back();
}

Callable* Renderer::newCallable(Callable::Kind kind, std::string name)
{
    charge(sizeof(Callable));
    m_callables.push_back({kind, std::move(name)});
    return &m_callables.back();
}

// Statements

Renderer::Flow Renderer::execute(const Block& block)
{
    for (const auto& statement : block) {
        const Flow flow = execute(*statement);
        if (flow != Flow::next)
            return flow;
    }
    return Flow::next;
}

Renderer::Flow Renderer::execute(const Statement& s)
{
    const Deeper deeper(*this);
    m_budget.step();
    m_line = s.line;
    switch (s.kind) {
    case Statement::Kind::text: write(s.text); break;
    case Statement::Kind::output: write(str(evaluate(*s.expression))); break;
    case Statement::Kind::evaluate: evaluate(*s.expression); break;
    case Statement::Kind::branch: return branch(s);
    case Statement::Kind::loop: loop(s); break;
    case Statement::Kind::assign: assign(*s.target, evaluate(*s.expression)); break;
    case Statement::Kind::capture: {
        Value value = text(captured(s.body, newScope(m_scope)));
        assign(*s.target, filterCaptured(s.expression.get(), std::move(value)));
        break;
    }
    case Statement::Kind::macro: {
        Callable* macro = newCallable(Callable::Kind::macro, s.macro->name);
        macro->macro = s.macro.get();
        macro->scope = m_scope;
        for (auto& [name, value] : m_scope->variables) {
            if (name == s.macro->name) {
                value = macro;
                return Flow::next;
            }
        }
        m_scope->variables.emplace_back(s.macro->name, macro);
        break;
    }
    case Statement::Kind::callBlock: {
        Callable* caller = newCallable(Callable::Kind::macro, "caller");
        caller->macro = s.macro.get();
        caller->scope = m_scope;
        const Value callerValue(caller);
        write(str(callExpression(*s.expression, &callerValue)));
        break;
    }
    case Statement::Kind::filterBlock:
        write(str(filterCaptured(s.expression.get(), text(captured(s.body, newScope(m_scope))))));
        break;
    case Statement::Kind::scope: {
        Scope* const outer = m_scope;
        Scope* const inner = newScope(outer);
        std::vector<Value> values;
        for (const auto& [target, value] : s.assignments)
            values.push_back(evaluate(*value));
        m_scope = inner;
        for (size_t i = 0; i < values.size(); ++i)
            assign(*s.assignments[i].first, values[i]);
        const Flow flow = execute(s.body);
        m_scope = outer;
        return flow;
    }
    case Statement::Kind::body: return execute(s.body);
    case Statement::Kind::breakLoop: return Flow::breakLoop;
    case Statement::Kind::continueLoop: return Flow::continueLoop;
    }
    return Flow::next;
}

Renderer::Flow Renderer::branch(const Statement& s)
{
    for (const auto& [condition, body] : s.branches)
        if (isTrue(evaluate(*condition)))
            return execute(body);
    return execute(s.otherwise);
}

void Renderer::loop(const Statement& s)
{
    iterateLoop(s, iterate(evaluate(*s.expression)), m_scope, 0);
}

void Renderer::iterateLoop(const Statement& s, std::vector<Value> items, Scope* outer, int64_t depth)
{
    Scope* const before = m_scope;
    if (s.filter) {
        std::vector<Value> kept;
        for (Value& item : items) {
            m_scope = newScope(outer);
            assign(*s.target, item);
            if (isTrue(evaluate(*s.filter)))
                kept.push_back(std::move(item));
        }
        items = std::move(kept);
    }
    charge(sizeof(LoopState) + items.size() * sizeof(Value));
    LoopState& state = m_loops.emplace_back();
    state.items = std::move(items);
    state.depth = depth;
    state.statement = &s;
    state.outer = outer;
    Callable* const object = newCallable(Callable::Kind::loop, "loop");
    object->loop = &state;
    for (; state.index < state.items.size(); ++state.index) {
        m_budget.step();
        m_scope = newScope(outer);
        m_scope->variables.emplace_back("loop", object);
        assign(*s.target, state.items[state.index]);
        if (execute(s.body) == Flow::breakLoop)
            break;
    }
    m_scope = outer;
    if (state.items.empty()) {
        m_scope = newScope(outer);
        execute(s.otherwise);
    }
    m_scope = before;
}

void Renderer::assign(const Expression& target, const Value& value)
{
    if (target.kind == Expression::Kind::tuple) {
        const std::vector<Value> items = iterate(value);
        if (items.size() != target.children.size())
            throw TemplateError(items.size() < target.children.size()
                                    ? "not enough values to unpack (expected " + std::to_string(target.children.size()) + ", got " +
                                          std::to_string(items.size()) + ")"
                                    : "too many values to unpack (expected " + std::to_string(target.children.size()) + ")");
        for (size_t i = 0; i < items.size(); ++i)
            assign(*target.children[i], items[i]);
        return;
    }
    if (target.kind == Expression::Kind::attribute) {
        const Value object = evaluate(*target.children[0]);
        Map* map = object.map();
        if (!map || !map->isNamespace)
            throw TemplateError("cannot assign attribute on non-namespace object");
        charge(2 * sizeof(Value) + target.text.size());
        map->set(target.text, value);
        return;
    }
    for (auto& [name, old] : m_scope->variables) {
        if (name == target.text) {
            old = value;
            return;
        }
    }
    m_scope->variables.emplace_back(target.text, value);
}

std::string Renderer::captured(const Block& body, Scope* scope)
{
    std::string text;
    std::string* const out = std::exchange(m_out, &text);
    Scope* const outer = std::exchange(m_scope, scope);
    execute(body);
    m_out = out;
    m_scope = outer;
    return text;
}

Value Renderer::filterCaptured(const Expression* filters, Value value)
{
    if (!filters)
        return value;
    std::swap(m_filterInput, value);
    Value result = evaluate(*filters);
    std::swap(m_filterInput, value);
    return result;
}

} // namespace sy::tokenizer::jinja
