// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/functions.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sy::tokenizer::jinja {

namespace {

const char* symbolOf(Operator op)
{
    switch (op) {
    case Operator::add:
    case Operator::plus: return "+";
    case Operator::subtract:
    case Operator::negate: return "-";
    case Operator::multiply: return "*";
    case Operator::divide: return "/";
    case Operator::floorDivide: return "//";
    case Operator::modulo: return "%";
    case Operator::power: return "**";
    default: return "~";
    }
}

[[noreturn]] void failTypes(Operator op, const Value& left, const Value& right)
{
    if (op == Operator::add && left.isString())
        throw TemplateError("can only concatenate str (not \"" + std::string(typeName(right)) + "\") to str");
    throw TemplateError("unsupported operand type(s) for " + std::string(symbolOf(op)) + ": '" + std::string(typeName(left)) +
                        "' and '" + std::string(typeName(right)) + "'");
}

[[noreturn]] void failOverflow()
{
    throw TemplateError("a number is out of range");
}

Value integerOperation(Operator op, int64_t a, int64_t b)
{
    int64_t result = 0;
    bool overflows = false;
    switch (op) {
    case Operator::add: overflows = __builtin_add_overflow(a, b, &result); break;
    case Operator::subtract: overflows = __builtin_sub_overflow(a, b, &result); break;
    case Operator::multiply: overflows = __builtin_mul_overflow(a, b, &result); break;
    case Operator::floorDivide:
    case Operator::modulo: {
        if (b == 0)
            throw TemplateError("integer division or modulo by zero");
        if (b == -1) { // the one quotient that overflows
            overflows = op == Operator::floorDivide && a == std::numeric_limits<int64_t>::min();
            result = op == Operator::floorDivide && !overflows ? -a : 0;
            break;
        }
        int64_t quotient = a / b, remainder = a % b;
        if (remainder != 0 && (remainder < 0) != (b < 0)) { // Python rounds down
            --quotient;
            remainder += b;
        }
        result = op == Operator::floorDivide ? quotient : remainder;
        break;
    }
    default: { // power
        if (b < 0)
            return std::pow(double(a), double(b));
        result = 1;
        int64_t base = a;
        for (int64_t exponent = b; exponent > 0 && !overflows;) {
            if (exponent & 1)
                overflows = __builtin_mul_overflow(result, base, &result);
            exponent >>= 1;
            if (exponent > 0 && !overflows)
                overflows = __builtin_mul_overflow(base, base, &base);
        }
        break;
    }
    }
    if (overflows)
        failOverflow();
    return result;
}

Value floatOperation(Operator op, double a, double b)
{
    switch (op) {
    case Operator::add: return a + b;
    case Operator::subtract: return a - b;
    case Operator::multiply: return a * b;
    case Operator::power: return std::pow(a, b);
    default: break;
    }
    if (b == 0)
        throw TemplateError("division by zero");
    if (op == Operator::divide)
        return a / b;
    if (op == Operator::floorDivide)
        return std::floor(a / b);
    const double remainder = std::fmod(a, b);
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

Value repeated(Renderer& renderer, const Value& sequence, int64_t times)
{
    const auto n = uint64_t(std::max<int64_t>(times, 0));
    if (sequence.isString()) {
        const std::string& s = sequence.string();
        if (s.empty() || n == 0)
            return "";
        if (n > renderer.options().limits.memoryBytes / s.size())
            throw TemplateError("the template needs too much memory");
        renderer.charge(n * s.size());
        std::string out;
        out.reserve(n * s.size());
        for (uint64_t i = 0; i < n; ++i)
            out += s;
        return out;
    }
    const List& list = *sequence.list();
    std::vector<Value> out;
    if (n > 0 && !list.items.empty()) {
        if (n > renderer.options().limits.memoryBytes / sizeof(Value) / list.items.size())
            throw TemplateError("the template needs too much memory");
        renderer.charge(n * list.items.size() * sizeof(Value));
        for (uint64_t i = 0; i < n; ++i)
            out.insert(out.end(), list.items.begin(), list.items.end());
    }
    return renderer.list(std::move(out), list.kind);
}

bool isRepeatable(const Value& value)
{
    const List* list = value.list();
    return value.isString() || (list && (list->kind == List::Kind::list || list->kind == List::Kind::tuple));
}

Value sum(Renderer& renderer, const Value& left, const Value& right)
{
    if (left.isString() && right.isString()) {
        renderer.charge(left.string().size() + right.string().size());
        return left.string() + right.string();
    }
    const List *a = left.list(), *b = right.list();
    if (!a || !b || a->kind != b->kind || a->kind == List::Kind::generator)
        failTypes(Operator::add, left, right);
    renderer.charge((a->items.size() + b->items.size()) * sizeof(Value));
    std::vector<Value> items = a->items;
    items.insert(items.end(), b->items.begin(), b->items.end());
    return renderer.list(std::move(items), a->kind);
}

} // namespace

Value applyOperator(Renderer& renderer, Operator op, const Value& left, const Value& right)
{
    if (op == Operator::concatenate) {
        const std::string a = renderer.str(left), b = renderer.str(right);
        renderer.charge(a.size() + b.size());
        return a + b;
    }
    for (const Value* value : {&left, &right})
        if (value->isUndefined())
            throw TemplateError(value->undefined().hint ? *value->undefined().hint : "a value is undefined");
    if (op == Operator::negate || op == Operator::plus) {
        if (!right.isNumber())
            throw TemplateError("bad operand type for unary " + std::string(symbolOf(op)) + ": '" + std::string(typeName(right)) + "'");
        if (op == Operator::negate && right.isFloat())
            return -right.number();
        return applyOperator(renderer, op == Operator::negate ? Operator::subtract : Operator::add, Value(0), right);
    }
    if (op == Operator::modulo && left.isString()) {
        std::string out = formatPercent(renderer, left.string(), right);
        return renderer.text(std::move(out));
    }
    if (left.isNumber() && right.isNumber()) {
        const auto a = left.integer(), b = right.integer();
        return a && b && op != Operator::divide ? integerOperation(op, *a, *b) : floatOperation(op, left.number(), right.number());
    }
    if (op == Operator::add)
        return sum(renderer, left, right);
    if (op == Operator::multiply && isRepeatable(left) && right.integer())
        return repeated(renderer, left, *right.integer());
    if (op == Operator::multiply && isRepeatable(right) && left.integer())
        return repeated(renderer, right, *left.integer());
    failTypes(op, left, right);
}

bool contains(Renderer& renderer, const Value& container, const Value& item)
{
    if (container.isUndefined())
        return false;
    if (container.isString()) {
        if (!item.isString())
            throw TemplateError("'in <string>' requires string as left operand, not " + std::string(typeName(item)));
        return findText(container.string(), item.string(), 0) != std::string::npos;
    }
    if (const Map* map = container.map(); map && !map->isNamespace)
        return map->find(item) != nullptr;
    if (const List* list = container.list()) {
        return std::any_of(list->items.begin(), list->items.end(), [&](const Value& v) { return renderer.same(v, item); });
    }
    throw TemplateError("argument of type '" + std::string(typeName(container)) + "' is not iterable");
}

Value sliced(Renderer& renderer, const Value& object, const Value* from, const Value* to, const Value* by)
{
    const List* list = object.list();
    const bool isList = list && (list->kind == List::Kind::list || list->kind == List::Kind::tuple);
    if (!isList && !object.isString())
        throw TemplateError("'" + std::string(typeName(object)) + "' object cannot be sliced");
    // Offsets of the characters, unless all are ASCII.
    std::vector<size_t> offsets;
    int64_t n = 0;
    if (isList) {
        n = int64_t(list->items.size());
    } else {
        const std::string& s = object.string();
        if (std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
            n = int64_t(s.size());
        } else {
            renderer.charge(s.size() * sizeof(size_t));
            for (size_t at = 0; at < s.size(); at += offsetOfCodePoint(std::string_view(s).substr(at, 4), 1))
                offsets.push_back(at);
            n = int64_t(offsets.size());
            offsets.push_back(s.size());
        }
    }
    const int64_t step = by ? integerArgument(*by, "a slice's step") : 1;
    if (step == 0)
        throw TemplateError("slice step cannot be zero");
    const auto bound = [&](const Value* given, int64_t fallback) {
        if (!given)
            return fallback;
        int64_t i = integerArgument(*given, "a slice's bound");
        if (i < 0)
            i = i < -n ? -1 : i + n;
        return std::clamp<int64_t>(i, step < 0 ? -1 : 0, step < 0 ? n - 1 : n);
    };
    const int64_t begin = bound(from, step < 0 ? n - 1 : 0), end = bound(to, step < 0 ? -1 : n);
    if (!isList && step == 1) {
        const std::string& s = object.string();
        if (begin >= end)
            return "";
        const size_t first = offsets.empty() ? size_t(begin) : offsets[size_t(begin)];
        const size_t last = offsets.empty() ? size_t(end) : offsets[size_t(end)];
        return renderer.text(s.substr(first, last - first));
    }
    std::vector<Value> items;
    std::string text;
    // Written so that no addition overflows: |step| may be as large as an int64.
    const uint64_t span = step > 0 ? (end > begin ? uint64_t(end - begin) : 0) : (begin > end ? uint64_t(begin - end) : 0);
    const uint64_t stride = step > 0 ? uint64_t(step) : 0 - uint64_t(step);
    if (isList)
        renderer.charge(span / stride * sizeof(Value));
    for (uint64_t moved = 0; moved < span; moved += stride) {
        const auto i = size_t(step > 0 ? begin + int64_t(moved) : begin - int64_t(moved));
        if (isList)
            items.push_back(list->items[i]);
        else if (offsets.empty())
            text += object.string()[i];
        else
            text += object.string().substr(offsets[i], offsets[i + 1] - offsets[i]);
        if (stride > span - moved)
            break;
    }
    return isList ? renderer.list(std::move(items), list->kind) : renderer.text(std::move(text));
}

} // namespace sy::tokenizer::jinja
