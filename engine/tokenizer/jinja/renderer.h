// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/jinja/ast.h"
#include "engine/tokenizer/jinja/budget.h"
#include "engine/tokenizer/jinja/callable.h"
#include "engine/tokenizer/jinja/value.h"

#include <nlohmann/json_fwd.hpp>

#include <deque>

namespace sy::tokenizer::jinja {

/// Variables of one block: loop iterations, macros and {% with %} have their own.
struct Scope {
    Scope* parent;
    std::vector<std::pair<std::string_view, Value>> variables; // names live in the template's tree
};

/// One running {% for %}.
struct LoopState {
    std::vector<Value> items;
    size_t index = 0;
    int64_t depth = 0;                // 0 outside a recursive loop
    const Statement* statement = nullptr;
    Scope* outer = nullptr;
    std::vector<Value> lastChanged;   // loop.changed()
    bool hasChanged = false;
};

/// Renders one template once. Keeps account of what that costs and stops with TemplateError when it is too much.
class Renderer {
public:
    explicit Renderer(const TemplateOptions& options);

    std::string render(const Block& block, const nlohmann::ordered_json& variables);

    // For filters, tests and methods.

    Pool& pool() { return m_pool; }
    const TemplateOptions& options() const { return m_options; }
    Budget& budget() { return m_budget; }
    void charge(uint64_t bytes) { m_budget.charge(bytes); } // call before making something as large
    std::string str(const Value& value) { return toString(m_budget, value); }
    bool same(const Value& a, const Value& b) { return equal(m_budget, a, b); }
    int order(const Value& a, const Value& b) { return compare(m_budget, a, b); }
    Value text(std::string s); // charged
    Value list(std::vector<Value> items, List::Kind kind = List::Kind::list);
    Value cycler(std::vector<Value> items);
    Value joiner(Value separator);
    Value method(const Value& self, std::string_view name);
    Value call(const Value& callee, CallValues& values);
    Value attribute(const Value& object, std::string_view name); // object.name
    Value item(const Value& object, const Value& key);           // object[key]
    Value path(const Value& object, const Value& dottedName);    // as in map(attribute="function.name")
    std::vector<Value> iterate(const Value& value);              // TemplateError: not iterable. Uses a generator up
    Value applyFilter(std::string_view name, const Value& input, CallValues& values);
    bool applyTest(std::string_view name, const Value& input, CallValues& values);

private:
    enum class Flow : uint8_t { next, breakLoop, continueLoop };
    // Counts one call within another.
    struct Deeper {
        explicit Deeper(Renderer& r) : renderer(r)
        {
            if (++renderer.m_depth > renderer.m_options.limits.depth) {
                --renderer.m_depth;
                throw TemplateError("the template calls itself too deeply");
            }
        }
        ~Deeper() { --renderer.m_depth; }
        Renderer& renderer;
    };

    void write(std::string_view text);
    Scope* newScope(Scope* parent);
    Callable* newCallable(Callable::Kind kind, std::string name);

    Flow execute(const Block& block);
    Flow execute(const Statement& statement);
    Flow branch(const Statement& statement);
    void loop(const Statement& statement);
    void iterateLoop(const Statement& statement, std::vector<Value> items, Scope* outer, int64_t depth);
    void assign(const Expression& target, const Value& value);
    std::string captured(const Block& body, Scope* scope);
    Value filterCaptured(const Expression* filters, Value value);

    Value evaluate(const Expression& e);
    Value lookUp(const Expression& e);
    Value container(const Expression& e);
    Value slice(const Expression& e);
    Value callExpression(const Expression& e, const Value* caller);
    Value filterExpression(const Expression& e);
    Value testExpression(const Expression& e);
    Value binary(const Expression& e);
    Value comparison(const Expression& e);
    CallValues arguments(const Arguments& arguments);
    Value callMacro(const Callable& macro, CallValues& values);
    Value loopAttribute(Callable& loop, std::string_view name);
    Value callLoopMethod(LoopState& state, std::string_view name, CallValues& values);

    const TemplateOptions& m_options;
    Budget m_budget;
    Pool m_pool;
    std::deque<Scope> m_scopes;
    std::deque<LoopState> m_loops;
    std::deque<Callable> m_callables;
    Map* m_context = nullptr;
    Scope* m_scope = nullptr;
    std::string* m_out = nullptr;
    Value m_filterInput; // of the filter at the head of a chain without an operand
    int m_depth = 0;
    int m_line = 0;
};

} // namespace sy::tokenizer::jinja
