// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/tokenizer/jinja/filter_table.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace sy::tokenizer::jinja {

namespace {

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

constexpr FilterRow kFilters[] = {
    {"batch", batch},
    {"count", length},
    {"dictsort", sortMap},
    {"first", first},
    {"groupby", groupBy},
    {"items", items},
    {"last", last},
    {"length", length},
    {"list", toList},
    {"map", map},
    {"max", [](Renderer& r, const Value& x, CallValues& v) { return extreme(r, x, v, 1); }},
    {"min", [](Renderer& r, const Value& x, CallValues& v) { return extreme(r, x, v, -1); }},
    {"reject", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, false, false); }},
    {"rejectattr", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, false, true); }},
    {"reverse", reverse},
    {"select", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, true, false); }},
    {"selectattr", [](Renderer& r, const Value& x, CallValues& v) { return chosen(r, x, v, true, true); }},
    {"slice", slices},
    {"sort", sort},
    {"sum", sum},
    {"unique", unique},
};

} // namespace

std::span<const FilterRow> sequenceFilters()
{
    return kFilters;
}

} // namespace sy::tokenizer::jinja
