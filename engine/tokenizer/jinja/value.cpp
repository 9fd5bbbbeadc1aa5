// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/jinja/value.h"

#include "engine/core/utf8.h"
#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/jinja/budget.h"
#include "engine/tokenizer/jinja/callable.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace sy::tokenizer::jinja {

namespace {

constexpr int kMostNested = 200; // of containers, when printed or compared: a list may contain itself

void checkDepth(int depth)
{
    if (depth > kMostNested)
        throw TemplateError("values are nested too deeply");
}

bool equalAt(Budget& budget, const Value& a, const Value& b, int depth);
void appendRepresentation(Budget& budget, std::string& out, const Value& value, int depth);

// Equal keys have equal names: 1, 1.0 and True are one key in Python.
std::optional<std::string> keyName(const Value& key)
{
    const auto named = [](char type, std::string_view text) { return std::string(1, type).append(text); };
    if (key.isString())
        return named('s', key.string());
    if (key.isNone())
        return "n";
    if (const auto i = key.integer())
        return named('i', std::to_string(*i));
    if (key.isFloat()) {
        const double d = key.number();
        if (d == std::floor(d) && std::abs(d) < 9e15)
            return named('i', std::to_string(int64_t(d)));
        return named('f', formatFloat(d));
    }
    return std::nullopt;
}

void appendJsonString(std::string& out, std::string_view text, bool ensureAscii)
{
    char buffer[16];
    out += '"';
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte >= 0x80 && ensureAscii) {
            const CodePoint c = decodeUtf8(text, at);
            at += size_t(c.nBytes);
            if (c.value >= 0x10000)
                std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", unsigned(0xD800 + ((c.value - 0x10000) >> 10)),
                              unsigned(0xDC00 + ((c.value - 0x10000) & 0x3FF)));
            else
                std::snprintf(buffer, sizeof buffer, "\\u%04x", unsigned(c.value));
            out += buffer;
            continue;
        }
        ++at;
        switch (byte) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        default:
            if (byte < 0x20) {
                std::snprintf(buffer, sizeof buffer, "\\u%04x", byte);
                out += buffer;
            } else {
                out += char(byte);
            }
        }
    }
    out += '"';
}

std::string jsonNumber(double d)
{
    if (std::isnan(d))
        return "NaN";
    if (std::isinf(d))
        return d > 0 ? "Infinity" : "-Infinity";
    return formatFloat(d);
}

std::string jsonKey(Budget& budget, const Value& key)
{
    if (key.isString())
        return key.string();
    if (key.isBool())
        return key.boolean() ? "true" : "false";
    if (key.isNone())
        return "null";
    if (key.isFloat())
        return jsonNumber(key.number());
    return toString(budget, key);
}

class JsonWriter {
public:
    JsonWriter(Budget& budget, const JsonStyle& style) : m_budget(budget), m_style(style) {}

    std::string write(const Value& value)
    {
        append(value, 0);
        return std::move(m_out);
    }

private:
    void append(const Value& value, int depth)
    {
        checkDepth(depth);
        m_budget.step();
        if (value.isString()) {
            m_budget.charge(value.string().size() + value.string().size() / 8);
            appendJsonString(m_out, value.string(), m_style.ensureAscii);
            return;
        }
        m_budget.charge(8);
        if (value.isNone())
            m_out += "null";
        else if (value.isBool())
            m_out += value.boolean() ? "true" : "false";
        else if (value.isFloat())
            m_out += jsonNumber(value.number());
        else if (value.isInteger())
            m_out += toString(m_budget, value);
        else if (const Map* map = value.map(); map && !map->isNamespace)
            appendMap(*map, depth);
        else if (const List* list = value.list(); list && (list->kind == List::Kind::list || list->kind == List::Kind::tuple))
            appendList(*list, depth);
        else
            throw TemplateError("Object of type " + std::string(typeName(value)) + " is not JSON serializable");
    }

    void appendMap(const Map& map, int depth)
    {
        std::vector<const std::pair<Value, Value>*> entries;
        for (const auto& entry : map.entries)
            entries.push_back(&entry);
        if (m_style.sortKeys)
            std::stable_sort(entries.begin(), entries.end(),
                             [this](const auto* a, const auto* b) { return compare(m_budget, a->first, b->first) < 0; });
        m_out += '{';
        for (size_t i = 0; i < entries.size(); ++i) {
            separate(i > 0, depth + 1);
            const std::string key = jsonKey(m_budget, entries[i]->first);
            m_budget.charge(key.size() + m_style.keySeparator.size());
            appendJsonString(m_out, key, m_style.ensureAscii);
            m_out += m_style.keySeparator;
            append(entries[i]->second, depth + 1);
        }
        if (!entries.empty())
            separate(false, depth);
        m_out += '}';
    }

    void appendList(const List& list, int depth)
    {
        m_out += '[';
        for (size_t i = 0; i < list.items.size(); ++i) {
            separate(i > 0, depth + 1);
            append(list.items[i], depth + 1);
        }
        if (!list.items.empty())
            separate(false, depth);
        m_out += ']';
    }

    void separate(bool isNext, int level)
    {
        if (isNext) {
            m_budget.charge(m_style.itemSeparator.size());
            m_out += m_style.itemSeparator;
        }
        if (!m_style.indent)
            return;
        m_budget.charge(1 + m_style.indent->size() * size_t(level));
        m_out += '\n';
        for (int i = 0; i < level; ++i)
            m_out += *m_style.indent;
    }

    Budget& m_budget;
    const JsonStyle& m_style;
    std::string m_out;
};

// repr() of a string: single quotes unless it holds some and no double ones.
std::string quotedText(std::string_view text)
{
    const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
    std::string out(1, quote);
    char buffer[8];
    for (const char c : text) {
        if (c == quote || c == '\\')
            out.append({'\\', c});
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(c));
            out += buffer;
        } else
            out += c;
    }
    return out += quote;
}

bool isSequence(const List* list)
{
    return list && list->kind != List::Kind::generator;
}

bool equalAt(Budget& budget, const Value& a, const Value& b, int depth)
{
    checkDepth(depth);
    budget.step();
    if (a.isNumber() && b.isNumber()) {
        const auto i = a.integer(), j = b.integer();
        return i && j ? *i == *j : a.number() == b.number();
    }
    if (a.isString() && b.isString())
        return a.string() == b.string();
    if ((a.isNone() && b.isNone()) || (a.isUndefined() && b.isUndefined()))
        return true;
    if (const List *l = a.list(), *m = b.list(); l && m) {
        if (l == m)
            return true;
        if (!isSequence(l) || !isSequence(m) || l->kind != m->kind || l->items.size() != m->items.size())
            return false;
        for (size_t i = 0; i < l->items.size(); ++i)
            if (!equalAt(budget, l->items[i], m->items[i], depth + 1))
                return false;
        return true;
    }
    if (const Map *l = a.map(), *m = b.map(); l && m) {
        if (l == m)
            return true;
        if (l->isNamespace || m->isNamespace || l->entries.size() != m->entries.size())
            return false;
        for (const auto& [key, value] : l->entries) {
            const Value* other = m->find(key);
            if (!other || !equalAt(budget, value, *other, depth + 1))
                return false;
        }
        return true;
    }
    return a.callable() && a.callable() == b.callable();
}

int compareAt(Budget& budget, const Value& a, const Value& b, int depth)
{
    checkDepth(depth);
    budget.step();
    if (a.isNumber() && b.isNumber()) {
        const auto i = a.integer(), j = b.integer();
        if (i && j)
            return *i < *j ? -1 : *i > *j;
        return a.number() < b.number() ? -1 : a.number() > b.number();
    }
    if (a.isString() && b.isString())
        return a.string().compare(b.string()); // UTF-8 sorts like code points
    const List *l = a.list(), *m = b.list();
    if (isSequence(l) && isSequence(m) && l->kind == m->kind) {
        for (size_t i = 0; i < std::min(l->items.size(), m->items.size()); ++i)
            if (!equalAt(budget, l->items[i], m->items[i], depth + 1))
                return compareAt(budget, l->items[i], m->items[i], depth + 1);
        return l->items.size() < m->items.size() ? -1 : l->items.size() > m->items.size();
    }
    if (a.isUndefined() || b.isUndefined())
        throw TemplateError(*(a.isUndefined() ? a : b).undefined().hint);
    throw TemplateError("'<' not supported between instances of '" + std::string(typeName(a)) + "' and '" +
                        std::string(typeName(b)) + "'");
}

void appendRepresentation(Budget& budget, std::string& out, const Value& value, int depth)
{
    checkDepth(depth);
    budget.step();
    budget.charge(8);
    if (value.isUndefined()) {
        out += "Undefined";
    } else if (value.isNone()) {
        out += "None";
    } else if (value.isBool()) {
        out += value.boolean() ? "True" : "False";
    } else if (value.isFloat()) {
        out += formatFloat(value.number());
    } else if (const auto i = value.integer()) {
        out += std::to_string(*i);
    } else if (value.isString()) {
        budget.charge(value.string().size() + value.string().size() / 8);
        out += quotedText(value.string());
    } else if (const List* list = value.list()) {
        const bool isTuple = list->kind == List::Kind::tuple, isView = list->kind == List::Kind::view;
        if (list->kind == List::Kind::generator) {
            out += "<generator object>";
            return;
        }
        out += isTuple ? "(" : isView ? "dict_items([" : "[";
        for (size_t i = 0; i < list->items.size(); ++i) {
            out += i > 0 ? ", " : "";
            appendRepresentation(budget, out, list->items[i], depth + 1);
        }
        out += isTuple ? (list->items.size() == 1 ? ",)" : ")") : isView ? "])" : "]";
    } else if (const Map* map = value.map()) {
        out += map->isNamespace ? "<Namespace {" : "{";
        for (size_t i = 0; i < map->entries.size(); ++i) {
            out += i > 0 ? ", " : "";
            appendRepresentation(budget, out, map->entries[i].first, depth + 1);
            out += ": ";
            appendRepresentation(budget, out, map->entries[i].second, depth + 1);
        }
        out += map->isNamespace ? "}>" : "}";
    } else {
        out += "<function " + value.callable()->name + ">";
    }
}

} // namespace

std::optional<int64_t> Value::integer() const
{
    if (const auto* i = std::get_if<int64_t>(&m_value))
        return *i;
    if (const auto* b = std::get_if<bool>(&m_value))
        return *b ? 1 : 0;
    return std::nullopt;
}

double Value::number() const
{
    if (const auto* d = std::get_if<double>(&m_value))
        return *d;
    return double(integer().value_or(0));
}

const Value* Map::find(std::string_view key) const
{
    // Most maps are messages with two or three keys.
    if (entries.size() <= 8) {
        for (const auto& [name, value] : entries)
            if (name.isString() && name.string() == key)
                return &value;
        return nullptr;
    }
    const auto it = m_index.find(std::string(1, 's').append(key));
    return it == m_index.end() ? nullptr : &entries[it->second].second;
}

const Value* Map::find(const Value& key) const
{
    const auto name = keyName(key);
    if (!name)
        return nullptr;
    const auto it = m_index.find(*name);
    return it == m_index.end() ? nullptr : &entries[it->second].second;
}

void Map::set(const Value& key, Value value)
{
    auto name = keyName(key);
    if (!name)
        throw TemplateError("unhashable type: '" + std::string(typeName(key)) + "'");
    const auto [it, isNew] = m_index.emplace(std::move(*name), entries.size());
    if (isNew)
        entries.emplace_back(key, std::move(value));
    else
        entries[it->second].second = std::move(value);
}

bool Map::erase(const Value& key)
{
    const auto name = keyName(key);
    const auto it = name ? m_index.find(*name) : m_index.end();
    if (it == m_index.end())
        return false;
    const size_t at = it->second;
    m_index.erase(it);
    entries.erase(entries.begin() + ptrdiff_t(at));
    for (auto& [other, index] : m_index)
        if (index > at)
            --index;
    return true;
}

Value fromJson(const nlohmann::ordered_json& json, Pool& pool, int depth)
{
    checkDepth(depth);
    switch (json.type()) {
    case nlohmann::json::value_t::null: return None{};
    case nlohmann::json::value_t::boolean: return json.get<bool>();
    case nlohmann::json::value_t::number_integer: return json.get<int64_t>();
    case nlohmann::json::value_t::number_unsigned:
        if (json.get<uint64_t>() > uint64_t(INT64_MAX))
            return json.get<double>();
        return json.get<int64_t>();
    case nlohmann::json::value_t::number_float: return json.get<double>();
    case nlohmann::json::value_t::string: return json.get_ref<const std::string&>();
    case nlohmann::json::value_t::array: {
        List* list = pool.list();
        list->items.reserve(json.size());
        for (const auto& item : json)
            list->items.push_back(fromJson(item, pool, depth + 1));
        return list;
    }
    case nlohmann::json::value_t::object: {
        Map* map = pool.map();
        for (const auto& [key, item] : json.items())
            map->set(key, fromJson(item, pool, depth + 1));
        return map;
    }
    default: return Undefined{};
    }
}

bool isTrue(const Value& value)
{
    if (value.isUndefined() || value.isNone())
        return false;
    if (value.isString())
        return !value.string().empty();
    if (value.isNumber())
        return value.number() != 0;
    if (const List* list = value.list())
        return list->kind == List::Kind::generator || !list->items.empty();
    if (const Map* map = value.map())
        return map->isNamespace || !map->entries.empty();
    return true;
}

bool equal(Budget& budget, const Value& a, const Value& b)
{
    return equalAt(budget, a, b, 0);
}

int compare(Budget& budget, const Value& a, const Value& b)
{
    return compareAt(budget, a, b, 0);
}

std::string_view typeName(const Value& value)
{
    if (value.isUndefined())
        return "Undefined";
    if (value.isNone())
        return "NoneType";
    if (value.isBool())
        return "bool";
    if (value.isInteger())
        return "int";
    if (value.isFloat())
        return "float";
    if (value.isString())
        return "str";
    if (const List* list = value.list()) {
        switch (list->kind) {
        case List::Kind::list: return "list";
        case List::Kind::tuple: return "tuple";
        case List::Kind::generator: return "generator";
        case List::Kind::view: return "dict_items";
        }
    }
    if (const Map* map = value.map())
        return map->isNamespace ? "Namespace" : "dict";
    return "function";
}

std::string formatFloat(double d)
{
    if (std::isnan(d))
        return "nan";
    if (std::isinf(d))
        return d > 0 ? "inf" : "-inf";
    char buffer[64];
    const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific);
    const std::string_view shortest(buffer, size_t(scientific.ptr - buffer));
    const int exponent = std::atoi(shortest.data() + shortest.find('e') + 1);
    if (exponent < -4 || exponent >= 16)
        return std::string(shortest);
    const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed);
    std::string out(buffer, fixed.ptr);
    if (out.find('.') == std::string::npos)
        out += ".0";
    return out;
}

std::string toString(Budget& budget, const Value& value)
{
    if (value.isString()) {
        budget.charge(value.string().size());
        return value.string();
    }
    if (value.isUndefined())
        return {};
    return representation(budget, value);
}

std::string representation(Budget& budget, const Value& value)
{
    std::string out;
    appendRepresentation(budget, out, value, 0);
    return out;
}

std::string toJson(Budget& budget, const Value& value, const JsonStyle& style)
{
    return JsonWriter(budget, style).write(value);
}

size_t nCodePoints(std::string_view text)
{
    size_t n = 0;
    for (size_t at = 0; at < text.size(); ++n)
        at += size_t(decodeUtf8(text, at).nBytes);
    return n;
}

size_t offsetOfCodePoint(std::string_view text, size_t index)
{
    size_t at = 0;
    for (; index > 0 && at < text.size(); --index)
        at += size_t(decodeUtf8(text, at).nBytes);
    return at;
}

} // namespace sy::tokenizer::jinja
