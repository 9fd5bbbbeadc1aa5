// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace sy::tokenizer::jinja {

class Budget;
struct List;
struct Map;
struct Callable;

using Text = std::shared_ptr<const std::string>;

struct None {};

/// A name, attribute or item that does not exist. Prints as nothing, is false and empty; anything else fails with `hint`.
struct Undefined {
    Text hint;
};

/// A Python value as far as templates see them. Containers are shared by reference, as in Python, and owned by the Pool of one
/// rendering, so that a list that contains itself costs nothing.
class Value {
public:
    Value() : m_value(Undefined{}) {}
    Value(None) : m_value(None{}) {}
    Value(Undefined u) : m_value(std::move(u)) {}
    Value(bool b) : m_value(b) {}
    Value(int64_t i) : m_value(i) {}
    Value(int i) : m_value(int64_t(i)) {}
    Value(double d) : m_value(d) {}
    Value(Text t) : m_value(std::move(t)) {}
    Value(std::string s) : m_value(std::make_shared<const std::string>(std::move(s))) {}
    Value(std::string_view s) : Value(std::string(s)) {}
    Value(const char* s) : Value(std::string(s)) {}
    Value(List* l) : m_value(l) {}
    Value(Map* m) : m_value(m) {}
    Value(Callable* c) : m_value(c) {}

    bool isUndefined() const { return std::holds_alternative<Undefined>(m_value); }
    bool isNone() const { return std::holds_alternative<None>(m_value); }
    bool isBool() const { return std::holds_alternative<bool>(m_value); }
    bool isInteger() const { return std::holds_alternative<int64_t>(m_value); } // not bool
    bool isFloat() const { return std::holds_alternative<double>(m_value); }
    bool isNumber() const { return isBool() || isInteger() || isFloat(); }
    bool isString() const { return std::holds_alternative<Text>(m_value); }

    const Undefined& undefined() const { return std::get<Undefined>(m_value); }
    bool boolean() const { return std::get<bool>(m_value); }
    const std::string& string() const { return *std::get<Text>(m_value); }
    List* list() const { return get<List*>(); }             // null for other types; likewise below
    Map* map() const { return get<Map*>(); }
    Callable* callable() const { return get<Callable*>(); }
    std::optional<int64_t> integer() const;                  // bool counts as 0 or 1
    double number() const;                                   // of a number

private:
    template <typename T>
    T get() const
    {
        const T* p = std::get_if<T>(&m_value);
        return p ? *p : nullptr;
    }
    std::variant<Undefined, None, bool, int64_t, double, Text, List*, Map*, Callable*> m_value;
};

struct List {
    enum class Kind : uint8_t { list, tuple, generator, view }; // view: dict.items() and the like
    std::vector<Value> items;
    Kind kind = Kind::list;
};

/// Insertion-ordered dictionary. Keys are strings, numbers, booleans or None.
struct Map {
    std::vector<std::pair<Value, Value>> entries;
    bool isNamespace = false; // attributes may be assigned

    const Value* find(std::string_view key) const;
    const Value* find(const Value& key) const; // null for a key that cannot be one
    void set(const Value& key, Value value);   // TemplateError: unhashable type
    bool erase(const Value& key);

private:
    std::unordered_map<std::string, size_t> m_index; // by type and text of the key
};

/// Owns the containers of one rendering.
struct Pool {
    std::deque<List> lists;
    std::deque<Map> maps;

    List* list(std::vector<Value> items = {}, List::Kind kind = List::Kind::list)
    {
        lists.push_back({std::move(items), kind});
        return &lists.back();
    }
    Map* map()
    {
        maps.emplace_back();
        return &maps.back();
    }
};

/// Throws TemplateError when json is nested more than 200 deep.
Value fromJson(const nlohmann::ordered_json& json, Pool& pool, int depth = 0);

bool isTrue(const Value& value);
bool equal(Budget& budget, const Value& a, const Value& b);
int compare(Budget& budget, const Value& a, const Value& b); // negative, 0, positive; TemplateError when the types have no order
std::string_view typeName(const Value& value);               // Python's: "str", "dict"

std::string toString(Budget& budget, const Value& value);       // str(value)
std::string representation(Budget& budget, const Value& value); // repr(value)
std::string formatFloat(double number); // shortest digits that read back the same, as Python prints

struct JsonStyle {
    std::optional<std::string> indent; // repeated per level; absent: one line
    std::string itemSeparator = ", ";
    std::string keySeparator = ": ";
    bool ensureAscii = false;
    bool sortKeys = false;
};
std::string toJson(Budget& budget, const Value& value, const JsonStyle& style); // as json.dumps writes; TemplateError for what has no JSON

/// Text by code points, as Python counts. Invalid bytes count as one each.
size_t nCodePoints(std::string_view text);
size_t offsetOfCodePoint(std::string_view text, size_t index); // bytes; text.size() when there are fewer

} // namespace sy::tokenizer::jinja
