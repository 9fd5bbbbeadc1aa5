// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/functions.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <algorithm>
#include <ctime>

namespace sy::tokenizer::jinja {

namespace {

struct TestRow {
    std::string_view name;
    Test test;
};

const Value& operand(const CallValues& v)
{
    if (v.positional.empty())
        throw TemplateError("a test lacks its operand");
    return v.positional[0];
}

bool isMapping(Renderer&, const Value& x, CallValues&)
{
    return x.map() && !x.map()->isNamespace;
}

bool isIterable(Renderer&, const Value& x, CallValues&)
{
    return x.isUndefined() || x.isString() || x.list() || (x.map() && !x.map()->isNamespace);
}

bool isSequence(Renderer&, const Value& x, CallValues&)
{
    const List* list = x.list();
    return x.isUndefined() || x.isString() || (x.map() && !x.map()->isNamespace) || (list && list->kind != List::Kind::generator);
}

bool isOdd(const Value& x)
{
    return integerArgument(x, "a test for even or odd") % 2 != 0;
}

bool isSameObject(const Value& a, const Value& b)
{
    if (a.list() || a.map() || a.callable())
        return a.list() == b.list() && a.map() == b.map() && a.callable() == b.callable();
    if (a.isBool() || b.isBool())
        return a.isBool() && b.isBool() && a.boolean() == b.boolean();
    if (a.isNone() || b.isNone())
        return a.isNone() && b.isNone();
    if (a.isInteger() && b.isInteger())
        return *a.integer() == *b.integer();
    return a.isString() && b.isString() && a.string() == b.string();
}

bool isEqual(Renderer& r, const Value& x, CallValues& v)
{
    return r.same(x, operand(v));
}

bool isUnequal(Renderer& r, const Value& x, CallValues& v)
{
    return !r.same(x, operand(v));
}

bool isLess(Renderer& r, const Value& x, CallValues& v)
{
    return r.order(x, operand(v)) < 0;
}

bool isAtMost(Renderer& r, const Value& x, CallValues& v)
{
    return r.order(x, operand(v)) <= 0;
}

bool isGreater(Renderer& r, const Value& x, CallValues& v)
{
    return r.order(x, operand(v)) > 0;
}

bool isAtLeast(Renderer& r, const Value& x, CallValues& v)
{
    return r.order(x, operand(v)) >= 0;
}

constexpr TestRow kTests[] = {
    {"defined", [](Renderer&, const Value& x, CallValues&) { return !x.isUndefined(); }},
    {"undefined", [](Renderer&, const Value& x, CallValues&) { return x.isUndefined(); }},
    {"none", [](Renderer&, const Value& x, CallValues&) { return x.isNone(); }},
    {"string", [](Renderer&, const Value& x, CallValues&) { return x.isString(); }},
    {"mapping", isMapping},
    {"iterable", isIterable},
    {"sequence", isSequence},
    {"boolean", [](Renderer&, const Value& x, CallValues&) { return x.isBool(); }},
    {"true", [](Renderer&, const Value& x, CallValues&) { return x.isBool() && x.boolean(); }},
    {"false", [](Renderer&, const Value& x, CallValues&) { return x.isBool() && !x.boolean(); }},
    {"integer", [](Renderer&, const Value& x, CallValues&) { return x.isInteger(); }},
    {"float", [](Renderer&, const Value& x, CallValues&) { return x.isFloat(); }},
    {"number", [](Renderer&, const Value& x, CallValues&) { return x.isNumber(); }},
    {"callable", [](Renderer&, const Value& x, CallValues&) { return x.callable() != nullptr; }},
    {"even", [](Renderer&, const Value& x, CallValues&) { return !isOdd(x); }},
    {"odd", [](Renderer&, const Value& x, CallValues&) { return isOdd(x); }},
    {"divisibleby",
     [](Renderer& r, const Value& x, CallValues& v) { return r.same(applyOperator(r, Operator::modulo, x, operand(v)), Value(0)); }},
    {"lower", [](Renderer& r, const Value& x, CallValues&) { return r.str(x) == lowerCase(r.str(x)) && r.str(x) != upperCase(r.str(x)); }},
    {"upper", [](Renderer& r, const Value& x, CallValues&) { return r.str(x) == upperCase(r.str(x)) && r.str(x) != lowerCase(r.str(x)); }},
    {"sameas", [](Renderer&, const Value& x, CallValues& v) { return isSameObject(x, operand(v)); }},
    {"in", [](Renderer& r, const Value& x, CallValues& v) { return contains(r, operand(v), x); }},
    {"escaped", [](Renderer&, const Value&, CallValues&) { return false; }},
    {"filter", [](Renderer&, const Value& x, CallValues&) { return x.isString() && findFilter(x.string()); }},
    {"test", [](Renderer&, const Value& x, CallValues&) { return x.isString() && findTest(x.string()); }},
    {"==", isEqual},
    {"eq", isEqual},
    {"equalto", isEqual},
    {"!=", isUnequal},
    {"ne", isUnequal},
    {"<", isLess},
    {"lt", isLess},
    {"lessthan", isLess},
    {"<=", isAtMost},
    {"le", isAtMost},
    {">", isGreater},
    {"gt", isGreater},
    {"greaterthan", isGreater},
    {">=", isAtLeast},
    {"ge", isAtLeast},
};

// Functions that every template can call

Value range(Renderer& r, CallValues& v)
{
    int64_t bounds[3] = {0, 0, 1};
    const std::vector<Value>& p = v.positional;
    if (p.empty() || p.size() > 3)
        throw TemplateError("range takes one to three arguments");
    for (size_t i = 0; i < p.size(); ++i)
        bounds[p.size() == 1 ? 1 : i] = integerArgument(p[i], "range");
    const auto [from, to, by] = bounds;
    if (by == 0)
        throw TemplateError("range() arg 3 must not be zero");
    const uint64_t span = by > 0 ? (to > from ? uint64_t(to) - uint64_t(from) : 0) : (from > to ? uint64_t(from) - uint64_t(to) : 0);
    const uint64_t stride = by > 0 ? uint64_t(by) : 0 - uint64_t(by);
    const uint64_t n = span / stride + (span % stride != 0);
    if (n > 100'000) // as Jinja's sandbox
        throw TemplateError("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    std::vector<Value> items;
    for (uint64_t i = 0; i < n; ++i)
        items.emplace_back(int64_t(uint64_t(from) + i * uint64_t(by)));
    return r.list(std::move(items));
}

Value dictionary(Renderer& r, CallValues& v)
{
    Map* map = r.pool().map();
    const auto set = [&](const Value& key, const Value& value) {
        r.charge(4 * sizeof(Value));
        map->set(key, value);
    };
    if (!v.positional.empty()) {
        if (const Map* other = v.positional[0].map()) {
            for (const auto& [key, value] : other->entries)
                set(key, value);
        } else {
            for (const Value& pair : r.iterate(v.positional[0])) {
                const std::vector<Value> both = r.iterate(pair);
                if (both.size() != 2)
                    throw TemplateError("dict needs pairs");
                set(both[0], both[1]);
            }
        }
    }
    for (const auto& [key, value] : v.named)
        set(key, value);
    return map;
}

Value makeNamespace(Renderer& r, CallValues& v)
{
    Value value = dictionary(r, v);
    value.map()->isNamespace = true;
    return value;
}

Value raise(Renderer& r, CallValues& v)
{
    const Value* message = v.find(0, "message");
    throw TemplateError(message ? r.str(*message) : "", 0, true);
}

Value formattedTime(Renderer& r, CallValues& v)
{
    const Value* format = v.find(0, "format");
    const std::string pattern = format ? stringArgument(*format, "strftime_now") : "";
    if (pattern.empty() || pattern.size() > 256)
        return "";
    std::tm tm{};
    if (r.options().now) {
        const auto day = std::chrono::floor<std::chrono::days>(*r.options().now);
        const std::chrono::year_month_day date(day);
        const std::chrono::hh_mm_ss time(*r.options().now - day);
        tm.tm_year = int(date.year()) - 1900;
        tm.tm_mon = int(unsigned(date.month())) - 1;
        tm.tm_mday = int(unsigned(date.day()));
        tm.tm_hour = int(time.hours().count());
        tm.tm_min = int(time.minutes().count());
        tm.tm_sec = int(time.seconds().count());
        tm.tm_wday = int(std::chrono::weekday(day).c_encoding());
        tm.tm_yday = int((day - std::chrono::local_days(date.year() / 1 / 1)).count());
    } else {
        const std::time_t now = std::time(nullptr);
        localtime_r(&now, &tm);
    }
    char buffer[1024];
    const size_t n = std::strftime(buffer, sizeof buffer, pattern.c_str(), &tm);
    return std::string(buffer, n);
}

} // namespace

Test findTest(std::string_view name)
{
    for (const TestRow& row : kTests)
        if (row.name == name)
            return row.test;
    return nullptr;
}

Function findGlobal(std::string_view name)
{
    static constexpr std::pair<std::string_view, Function> kGlobals[] = {
        {"range", range},
        {"dict", dictionary},
        {"namespace", makeNamespace},
        {"raise_exception", raise},
        {"strftime_now", formattedTime},
        {"cycler", [](Renderer& r, CallValues& v) { return r.cycler(v.positional); }},
        {"joiner", [](Renderer& r, CallValues& v) { return r.joiner(v.positional.empty() ? Value(", ") : v.positional[0]); }},
    };
    for (const auto& [known, function] : kGlobals)
        if (known == name)
            return function;
    return nullptr;
}

} // namespace sy::tokenizer::jinja
