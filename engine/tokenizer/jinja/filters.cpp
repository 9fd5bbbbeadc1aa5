// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/tokenizer/jinja/functions.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace sy::tokenizer::jinja {

namespace {

struct FilterRow {
    std::string_view name;
    Filter filter;
};

bool flag(const CallValues& v, size_t position, std::string_view name)
{
    const Value* value = v.find(position, name);
    return value && isTrue(*value);
}

int64_t number(const CallValues& v, size_t position, std::string_view name, int64_t fallback)
{
    const Value* value = v.find(position, name);
    return value && !value->isNone() ? integerArgument(*value, name) : fallback;
}

const Value* given(const CallValues& v, size_t position, std::string_view name) // null for None too
{
    const Value* value = v.find(position, name);
    return value && !value->isNone() ? value : nullptr;
}

// Text

Value center(Renderer& r, const Value& x, CallValues& v)
{
    return padded(r, r.str(x), number(v, 0, "width", 80), ' ', 1, 1);
}

Value escape(Renderer& r, const Value& x, CallValues&)
{
    const std::string in = r.str(x);
    std::string out;
    for (const char c : in) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&#34;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return r.text(std::move(out));
}

Value indent(Renderer& r, const Value& x, CallValues& v)
{
    const Value* width = v.find(0, "width");
    std::string margin = "    ";
    if (width && width->isString()) {
        margin = width->string();
    } else if (width) {
        const int64_t n = integerArgument(*width, "indent");
        r.charge(uint64_t(std::max<int64_t>(n, 0)));
        margin.assign(size_t(std::max<int64_t>(n, 0)), ' ');
    }
    const bool first = flag(v, 1, "first"), blank = flag(v, 2, "blank");
    const std::string text = r.str(x) + "\n"; // so that a last line break survives the splitting
    const std::vector<std::string_view> lines = splitLines(text);
    if (margin.size() > 0 && lines.size() > r.options().limits.memoryBytes / margin.size())
        throw TemplateError("the template needs too much memory");
    r.charge(text.size() + lines.size() * (margin.size() + sizeof(std::string_view)));
    std::string out;
    for (size_t i = 0; i < lines.size(); ++i) {
        if (i > 0)
            out += '\n';
        if (i == 0 ? first : blank || !lines[i].empty())
            out += margin;
        out += lines[i];
    }
    return out;
}

Value join(Renderer& r, const Value& x, CallValues& v)
{
    const Value* separator = v.find(0, "d");
    const Value* attribute = given(v, 1, "attribute");
    const std::string between = separator ? r.str(*separator) : "";
    std::string out;
    bool isFirst = true;
    for (const Value& item : r.iterate(x)) {
        r.charge(between.size());
        if (!isFirst)
            out += between;
        out += r.str(attribute ? r.path(item, *attribute) : item);
        isFirst = false;
    }
    return out;
}

Value replace(Renderer& r, const Value& x, CallValues& v)
{
    const Value *from = v.find(0, "old"), *to = v.find(1, "new");
    if (!from || !to)
        throw TemplateError("replace needs two arguments");
    return replaced(r, r.str(x), r.str(*from), r.str(*to), number(v, 2, "count", -1));
}

Value stripTags(Renderer& r, const Value& x, CallValues&)
{
    std::string out;
    bool isInTag = false, isSpace = false;
    for (const char c : r.str(x)) {
        if (c == '<' || c == '>') {
            isInTag = c == '<';
            continue;
        }
        if (isInTag)
            continue;
        if (isSpaceCharacter(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 0x80) {
            isSpace = !out.empty();
            continue;
        }
        if (isSpace)
            out += ' ';
        isSpace = false;
        out += c;
    }
    return r.text(std::move(out));
}

Value truncate(Renderer& r, const Value& x, CallValues& v)
{
    const std::string text = r.str(x);
    const int64_t length = number(v, 0, "length", 255), leeway = number(v, 3, "leeway", 5);
    const Value* endValue = v.find(2, "end");
    const std::string end = endValue ? r.str(*endValue) : "...";
    const auto n = int64_t(nCodePoints(text)), nEnd = int64_t(nCodePoints(end));
    if (length < nEnd || leeway < 0)
        throw TemplateError("truncate: the length is too small");
    if (n - leeway <= length)
        return text;
    std::string head = text.substr(0, offsetOfCodePoint(text, size_t(length - nEnd)));
    if (!flag(v, 1, "killwords"))
        head.resize(std::min(head.rfind(' '), head.size()));
    return r.text(head + end);
}

// Words begin behind white space, hyphens and opening brackets; unlike str.title(), not behind apostrophes.
Value title(Renderer& r, const Value& x, CallValues&)
{
    const std::string text = r.str(x);
    std::string out;
    bool isFirst = true;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        const std::string_view character = std::string_view(text).substr(at, size_t(c.nBytes));
        const bool isBetween = isSpaceCharacter(c.value) || (c.value < 0x80 && std::strchr("-({[<", int(c.value)) && c.value != 0);
        out += isBetween ? std::string(character) : isFirst ? upperCase(character) : lowerCase(character);
        isFirst = isBetween;
        at += size_t(c.nBytes);
    }
    return r.text(std::move(out));
}

Value trim(Renderer& r, const Value& x, CallValues& v)
{
    return r.text(std::string(stripped(r.str(x), v.find(0, "chars"))));
}

Value urlEncode(Renderer& r, const Value& x, CallValues&)
{
    const auto encoded = [](std::string_view text, bool keepsSlash) {
        constexpr char kHex[] = "0123456789ABCDEF";
        std::string out;
        for (const char c : text) {
            const bool isSafe = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
                                c == '-' || c == '~' || (c == '/' && keepsSlash);
            if (isSafe)
                out += c;
            else
                out.append({'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]});
        }
        return out;
    };
    if (!x.map())
        return r.text(encoded(r.str(x), true));
    std::string out;
    for (const auto& [key, value] : x.map()->entries)
        out += (out.empty() ? "" : "&") + encoded(r.str(key), false) + "=" + encoded(r.str(value), false);
    return r.text(std::move(out));
}

Value wordCount(Renderer& r, const Value& x, CallValues&)
{
    const std::string text = r.str(x);
    int64_t n = 0;
    bool isInWord = false;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        at += size_t(c.nBytes);
        const bool isWord = c.value == '_' || (c.value < 0x80 ? std::isalnum(int(c.value)) != 0 : !isSpaceCharacter(c.value));
        n += isWord && !isInWord;
        isInWord = isWord;
    }
    return n;
}

// Numbers

Value absolute(Renderer& r, const Value& x, CallValues&)
{
    if (!x.isNumber())
        throw TemplateError("bad operand type for abs(): '" + std::string(typeName(x)) + "'");
    if (x.isFloat())
        return std::abs(x.number());
    return *x.integer() < 0 ? applyOperator(r, Operator::negate, Value(0), x) : Value(*x.integer());
}

Value toFloat(Renderer& r, const Value& x, CallValues& v)
{
    const Value* fallback = v.find(0, "default");
    if (x.isNumber())
        return x.number();
    const std::string text = r.str(x);
    const std::string_view digits = stripped(text, nullptr);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc() && end == digits.data() + digits.size() && !digits.empty())
        return value;
    return fallback ? *fallback : Value(0.0);
}

Value toInteger(Renderer& r, const Value& x, CallValues& v)
{
    const Value* fallback = v.find(0, "default");
    const int64_t base = number(v, 1, "base", 10);
    if (base < 2 || base > 36)
        throw TemplateError("int: the base must be between 2 and 36");
    if (const auto i = x.integer())
        return *i;
    double real = 0;
    if (x.isFloat()) {
        real = x.number();
    } else {
        const std::string text = r.str(x);
        std::string_view digits = stripped(text, nullptr);
        if (digits.starts_with('+'))
            digits.remove_prefix(1);
        const char* last = digits.data() + digits.size();
        int64_t value = 0;
        const std::string_view prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        const size_t nSkipped = !prefix.empty() && lowerCase(digits.substr(0, 2)) == prefix ? 2 : 0;
        const auto [end, error] = std::from_chars(digits.data() + nSkipped, last, value, int(base));
        if (error == std::errc() && end == last && !digits.empty())
            return value;
        const auto [realEnd, realError] = std::from_chars(digits.data(), last, real);
        if (realError != std::errc() || realEnd != last || digits.empty())
            return fallback ? *fallback : Value(0);
    }
    if (!(std::abs(real) < 9.2e18))
        return fallback ? *fallback : Value(0);
    return int64_t(real);
}

Value rounded(Renderer&, const Value& x, CallValues& v)
{
    if (!x.isNumber())
        throw TemplateError("round: a number is required");
    const int64_t precision = std::clamp<int64_t>(number(v, 0, "precision", 0), -300, 300);
    const Value* method = v.find(1, "method");
    const std::string how = method ? stringArgument(*method, "round") : "common";
    const double scale = std::pow(10.0, double(precision)), scaled = x.number() * scale;
    if (how == "ceil")
        return std::ceil(scaled) / scale;
    if (how == "floor")
        return std::floor(scaled) / scale;
    if (how != "common")
        throw TemplateError("method must be common, ceil or floor");
    return std::nearbyint(scaled) / scale;
}

// Sequences

Value length(Renderer&, const Value& x, CallValues&)
{
    if (x.isUndefined())
        return 0;
    if (x.isString())
        return int64_t(nCodePoints(x.string()));
    if (const List* list = x.list(); list && list->kind != List::Kind::generator)
        return int64_t(list->items.size());
    if (const Map* map = x.map(); map && !map->isNamespace)
        return int64_t(map->entries.size());
    throw TemplateError("object of type '" + std::string(typeName(x)) + "' has no len()");
}

Value noItem(const char* what)
{
    return Undefined{std::make_shared<const std::string>(what)};
}

Value first(Renderer& r, const Value& x, CallValues&)
{
    const std::vector<Value> items = r.iterate(x);
    return items.empty() ? noItem("No first item, sequence was empty.") : items.front();
}

Value last(Renderer& r, const Value& x, CallValues&)
{
    const std::vector<Value> items = r.iterate(x);
    return items.empty() ? noItem("No last item, sequence was empty.") : items.back();
}

Value toList(Renderer& r, const Value& x, CallValues&)
{
    return r.list(r.iterate(x));
}

Value items(Renderer& r, const Value& x, CallValues&)
{
    if (x.isUndefined())
        return r.list({}, List::Kind::generator);
    if (!x.map() || x.map()->isNamespace)
        throw TemplateError("Can only get item pairs from a mapping.");
    std::vector<Value> pairs;
    for (const auto& [key, value] : x.map()->entries)
        pairs.push_back(r.list({key, value}, List::Kind::tuple));
    return r.list(std::move(pairs), List::Kind::generator);
}

// Text sorts and compares without regard to case unless asked to.
Value sortKey(const Value& value, bool isCaseSensitive)
{
    return value.isString() && !isCaseSensitive ? Value(lowerCase(value.string())) : value;
}

std::vector<Value> keysOf(Renderer& r, const Value& item, const Value* attribute, bool isCaseSensitive)
{
    if (!attribute)
        return {sortKey(item, isCaseSensitive)};
    if (!attribute->isString())
        return {sortKey(r.path(item, *attribute), isCaseSensitive)};
    std::vector<Value> keys;
    const std::string& all = attribute->string();
    for (size_t begin = 0; begin <= all.size();) {
        const size_t end = std::min(all.find(',', begin), all.size());
        keys.push_back(sortKey(r.path(item, Value(all.substr(begin, end - begin))), isCaseSensitive));
        begin = end + 1;
    }
    return keys;
}

struct Keyed {
    std::vector<Value> keys;
    Value item;
};

void sortKeyed(Renderer& r, std::vector<Keyed>& all, bool isReverse)
{
    const auto isLess = [&](const Keyed& a, const Keyed& b) {
        for (size_t i = 0; i < a.keys.size(); ++i)
            if (const int order = r.order(a.keys[i], b.keys[i]))
                return order < 0;
        return false;
    };
    std::stable_sort(all.begin(), all.end(), [&](const Keyed& a, const Keyed& b) { return isReverse ? isLess(b, a) : isLess(a, b); });
}

std::vector<Keyed> keyedItems(Renderer& r, const Value& x, const Value* attribute, bool isCaseSensitive)
{
    std::vector<Keyed> all;
    for (Value& item : r.iterate(x)) {
        r.charge(sizeof(Keyed) + sizeof(Value));
        all.push_back({keysOf(r, item, attribute, isCaseSensitive), std::move(item)});
    }
    return all;
}

Value sort(Renderer& r, const Value& x, CallValues& v)
{
    std::vector<Keyed> all = keyedItems(r, x, given(v, 2, "attribute"), flag(v, 1, "case_sensitive"));
    sortKeyed(r, all, flag(v, 0, "reverse"));
    std::vector<Value> out;
    for (Keyed& keyed : all)
        out.push_back(std::move(keyed.item));
    return r.list(std::move(out));
}

Value sortMap(Renderer& r, const Value& x, CallValues& v)
{
    if (!x.map())
        throw TemplateError("dictsort needs a mapping");
    const Value* by = v.find(1, "by");
    const std::string what = by ? stringArgument(*by, "dictsort") : "key";
    if (what != "key" && what != "value")
        throw TemplateError("You can only sort by either \"key\" or \"value\"");
    const Value index(int64_t(what == "value"));
    std::vector<Keyed> all;
    for (const auto& [key, value] : x.map()->entries)
        all.push_back({{sortKey(what == "key" ? key : value, flag(v, 0, "case_sensitive"))}, r.list({key, value}, List::Kind::tuple)});
    sortKeyed(r, all, flag(v, 2, "reverse"));
    std::vector<Value> out;
    for (Keyed& keyed : all)
        out.push_back(std::move(keyed.item));
    return r.list(std::move(out));
}

Value extreme(Renderer& r, const Value& x, CallValues& v, int direction)
{
    std::vector<Keyed> all = keyedItems(r, x, given(v, 1, "attribute"), flag(v, 0, "case_sensitive"));
    if (all.empty())
        return noItem("No aggregated item, sequence was empty.");
    const Keyed* best = &all[0];
    for (const Keyed& keyed : all)
        if (r.order(keyed.keys[0], best->keys[0]) * direction > 0)
            best = &keyed;
    return best->item;
}

Value unique(Renderer& r, const Value& x, CallValues& v)
{
    const std::vector<Keyed> all = keyedItems(r, x, given(v, 1, "attribute"), flag(v, 0, "case_sensitive"));
    Map* seen = r.pool().map(); // keys must be hashable, as in Python
    std::vector<Value> out;
    for (const Keyed& keyed : all) {
        if (seen->find(keyed.keys[0]))
            continue;
        seen->set(keyed.keys[0], true);
        out.push_back(keyed.item);
    }
    return r.list(std::move(out), List::Kind::generator);
}

Value groupBy(Renderer& r, const Value& x, CallValues& v)
{
    const Value* attribute = v.find(0, "attribute");
    if (!attribute)
        throw TemplateError("groupby needs an attribute");
    const Value* fallback = v.find(1, "default");
    std::vector<Keyed> all;
    for (Value& item : r.iterate(x)) {
        Value key = r.path(item, *attribute);
        if (key.isUndefined() && fallback)
            key = *fallback;
        all.push_back({{sortKey(key, flag(v, 2, "case_sensitive")), key}, std::move(item)});
    }
    const auto isLess = [&](const Keyed& a, const Keyed& b) { return r.order(a.keys[0], b.keys[0]) < 0; };
    std::stable_sort(all.begin(), all.end(), isLess);
    std::vector<Value> groups;
    for (size_t begin = 0; begin < all.size();) {
        std::vector<Value> members;
        size_t end = begin;
        for (; end < all.size() && r.same(all[end].keys[0], all[begin].keys[0]); ++end)
            members.push_back(all[end].item);
        groups.push_back(r.list({all[begin].keys[1], r.list(std::move(members))}, List::Kind::tuple));
        begin = std::max(end, begin + 1); // NaN is not equal to itself
    }
    return r.list(std::move(groups));
}

Value batch(Renderer& r, const Value& x, CallValues& v)
{
    const int64_t size = number(v, 0, "linecount", 0);
    if (size < 1)
        throw TemplateError("batch needs a positive size");
    const Value* fill = given(v, 1, "fill_with");
    std::vector<Value> out, row;
    for (Value& item : r.iterate(x)) {
        if (int64_t(row.size()) == size)
            out.push_back(r.list(std::exchange(row, {})));
        row.push_back(std::move(item));
    }
    if (!row.empty()) {
        if (fill) {
            r.charge(uint64_t(std::min<int64_t>(size, int64_t(1) << 40)) * sizeof(Value));
            row.resize(size_t(size), *fill);
        }
        out.push_back(r.list(std::move(row)));
    }
    return r.list(std::move(out), List::Kind::generator);
}

Value slices(Renderer& r, const Value& x, CallValues& v)
{
    const int64_t n = number(v, 0, "slices", 0);
    if (n < 1 || n > 100'000)
        throw TemplateError("slice needs a positive number of slices");
    const Value* fill = given(v, 1, "fill_with");
    const std::vector<Value> all = r.iterate(x);
    const size_t each = all.size() / size_t(n), nLonger = all.size() % size_t(n);
    std::vector<Value> out;
    size_t at = 0;
    for (size_t i = 0; i < size_t(n); ++i) {
        const size_t count = each + (i < nLonger);
        std::vector<Value> part(all.begin() + ptrdiff_t(at), all.begin() + ptrdiff_t(at + count));
        at += count;
        if (fill && i >= nLonger && nLonger > 0)
            part.push_back(*fill);
        out.push_back(r.list(std::move(part)));
    }
    return r.list(std::move(out), List::Kind::generator);
}

Value reverse(Renderer& r, const Value& x, CallValues&)
{
    std::vector<Value> all = r.iterate(x);
    std::reverse(all.begin(), all.end());
    if (!x.isString())
        return r.list(std::move(all), List::Kind::generator);
    std::string out;
    for (const Value& c : all)
        out += c.string();
    return r.text(std::move(out));
}

Value sum(Renderer& r, const Value& x, CallValues& v)
{
    const Value* attribute = given(v, 0, "attribute");
    const Value* start = v.find(1, "start");
    Value total = start ? *start : Value(0);
    for (const Value& item : r.iterate(x))
        total = applyOperator(r, Operator::add, total, attribute ? r.path(item, *attribute) : item);
    return total;
}

Value map(Renderer& r, const Value& x, CallValues& v)
{
    std::vector<Value> out;
    if (!isTrue(x)) // None as well: Jinja does not look into what is false
        return r.list({}, List::Kind::generator);
    if (v.positional.empty()) {
        const Value *attribute = v.findNamed("attribute"), *fallback = v.findNamed("default");
        if (!attribute)
            throw TemplateError("map requires a filter argument");
        for (const Value& item : r.iterate(x)) {
            Value value = r.path(item, *attribute);
            out.push_back(value.isUndefined() && fallback ? *fallback : std::move(value));
        }
        return r.list(std::move(out), List::Kind::generator);
    }
    const std::string name = stringArgument(v.positional[0], "map");
    CallValues rest{{v.positional.begin() + 1, v.positional.end()}, v.named};
    for (const Value& item : r.iterate(x)) {
        CallValues values = rest;
        out.push_back(r.applyFilter(name, item, values));
    }
    return r.list(std::move(out), List::Kind::generator);
}

// select, reject, selectattr and rejectattr
Value chosen(Renderer& r, const Value& x, CallValues& v, bool wanted, bool byAttribute)
{
    if (byAttribute && v.positional.empty())
        throw TemplateError("the name of an attribute is missing");
    if (!isTrue(x))
        return r.list({}, List::Kind::generator);
    const size_t at = byAttribute;
    const std::string test = v.positional.size() > at ? stringArgument(v.positional[at], "select") : "";
    CallValues rest;
    if (v.positional.size() > at + 1)
        rest.positional.assign(v.positional.begin() + ptrdiff_t(at) + 1, v.positional.end());
    std::vector<Value> out;
    for (Value& item : r.iterate(x)) {
        const Value subject = byAttribute ? r.path(item, v.positional[0]) : item;
        CallValues values = rest;
        if ((test.empty() ? isTrue(subject) : r.applyTest(test, subject, values)) == wanted)
            out.push_back(std::move(item));
    }
    return r.list(std::move(out), List::Kind::generator);
}

// Others

Value defaultTo(Renderer&, const Value& x, CallValues& v)
{
    const Value* fallback = v.find(0, "default_value");
    if (x.isUndefined() || (flag(v, 1, "boolean") && !isTrue(x)))
        return fallback ? *fallback : Value("");
    return x;
}

Value json(Renderer& r, const Value& x, CallValues& v)
{
    JsonStyle style;
    // Hugging Face: tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False); Jinja's own has only indent.
    const bool isIndentFirst = !v.positional.empty() && v.positional[0].isInteger();
    const Value* indent = isIndentFirst ? &v.positional[0] : given(v, 1, "indent");
    if (indent && indent->isString()) {
        style.indent = indent->string();
    } else if (indent) {
        const int64_t n = integerArgument(*indent, "tojson");
        if (n > 1000)
            throw TemplateError("tojson: an indent of " + std::to_string(n) + " spaces");
        style.indent = std::string(size_t(std::max<int64_t>(n, 0)), ' ');
    }
    if (style.indent)
        style.itemSeparator = ",";
    if (const Value* separators = given(v, 2, "separators")) {
        const std::vector<Value> both = r.iterate(*separators);
        if (both.size() != 2)
            throw TemplateError("tojson: separators must be a pair");
        style.itemSeparator = stringArgument(both[0], "tojson");
        style.keySeparator = stringArgument(both[1], "tojson");
    }
    style.ensureAscii = !isIndentFirst && flag(v, 0, "ensure_ascii");
    style.sortKeys = flag(v, 3, "sort_keys");
    return toJson(r.budget(), x, style);
}

// Not of Jinja, but used by templates that take tool arguments as text.
Value parseJson(Renderer& r, const Value& x, CallValues&)
{
    const std::string& text = stringArgument(x, "from_json");
    r.charge(text.size() * 16);
    // The parser recurses once a level: refuse what would go deeper than values may.
    int depth = 0;
    for (const char c : text) {
        depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
        if (depth > 1000)
            throw TemplateError("from_json: nested too deeply");
    }
    const auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
    if (parsed.is_discarded())
        throw TemplateError("from_json: the text is not JSON");
    return fromJson(parsed, r.pool());
}

Value attribute(Renderer& r, const Value& x, CallValues& v)
{
    const Value* name = v.find(0, "name");
    if (!name)
        throw TemplateError("attr needs a name");
    const std::string& text = stringArgument(*name, "attr");
    if (x.map() && !x.map()->isNamespace && !hasMethod(x, text)) // unlike x.name, it does not look among the keys
        return noItem("a dictionary has no such attribute");
    return r.attribute(x, text);
}

Value format(Renderer& r, const Value& x, CallValues& v)
{
    Value values = r.list(v.positional, List::Kind::tuple);
    if (!v.named.empty()) {
        Map* named = r.pool().map();
        for (const auto& [key, value] : v.named)
            named->set(key, value);
        values = named;
    }
    return formatPercent(r, r.str(x), values);
}

constexpr FilterRow kFilters[] = {
    {"abs", absolute},
    {"attr", attribute},
    {"batch", batch},
    {"capitalize", [](Renderer& r, const Value& x, CallValues&) { return r.text(capitalized(r.str(x))); }},
    {"center", center},
    {"count", length},
    {"d", defaultTo},
    {"default", defaultTo},
    {"dictsort", sortMap},
    {"e", escape},
    {"escape", escape},
    {"first", first},
    {"float", toFloat},
    {"format", format},
    {"from_json", parseJson},
    {"fromjson", parseJson},
    {"groupby", groupBy},
    {"indent", indent},
    {"int", toInteger},
    {"items", items},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", toList},
    {"lower", [](Renderer& r, const Value& x, CallValues&) { return r.text(lowerCase(r.str(x))); }},
    {"map", map},
    {"max", [](Renderer& r, const Value& x, CallValues& v) { return extreme(r, x, v, 1); }},
    {"min", [](Renderer& r, const Value& x, CallValues& v) { return extreme(r, x, v, -1); }},
    {"pprint", [](Renderer& r, const Value& x, CallValues&) { return Value(representation(r.budget(), x)); }},
    {"reject", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, false, false); }},
    {"rejectattr", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, false, true); }},
    {"replace", replace},
    {"reverse", reverse},
    {"round", rounded},
    {"safe", [](Renderer& r, const Value& x, CallValues&) { return x.isString() ? x : Value(r.str(x)); }},
    {"select", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, true, false); }},
    {"selectattr", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, true, true); }},
    {"slice", slices},
    {"sort", sort},
    {"string", [](Renderer& r, const Value& x, CallValues&) { return x.isString() ? x : Value(r.str(x)); }},
    {"striptags", stripTags},
    {"sum", sum},
    {"title", title},
    {"tojson", json},
    {"trim", trim},
    {"truncate", truncate},
    {"unique", unique},
    {"upper", [](Renderer& r, const Value& x, CallValues&) { return r.text(upperCase(r.str(x))); }},
    {"urlencode", urlEncode},
    {"wordcount", wordCount},
};

} // namespace

Filter findFilter(std::string_view name)
{
    for (const FilterRow& row : kFilters)
        if (row.name == name)
            return row.filter;
    return nullptr;
}

} // namespace sy::tokenizer::jinja
