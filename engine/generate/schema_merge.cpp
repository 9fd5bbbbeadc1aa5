// SPDX-License-Identifier: GPL-3.0-or-later
// Two plain schemas as one that demands both.
#include "engine/generate/schema_source.h"

#include "engine/core/error.h"

#include <algorithm>

namespace sy::generate {

namespace {

constexpr std::string_view kAllTypes[] = {"object", "array", "string", "number", "integer", "boolean", "null"};

SchemaJson bothOf(const SchemaJson& a, const SchemaJson& b)
{
    if (a == b || b == true)
        return a;
    if (a == true)
        return b;
    if (a == false || b == false)
        return false;
    SchemaJson both = SchemaJson::object();
    both["allOf"] = SchemaJson::array({a, b});
    return both;
}

SchemaJson commonTypes(const SchemaJson& a, const SchemaJson& b)
{
    const auto holds = [](const SchemaJson& list, const char* name) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    const auto allows = [&](const SchemaJson& list, const char* name) {
        return holds(list, name) || (name == std::string_view("integer") && holds(list, "number"));
    };
    SchemaJson common = SchemaJson::array();
    for (const std::string_view type : kAllTypes) {
        if (allows(a, type.data()) && allows(b, type.data()))
            common.push_back(std::string(type));
    }
    return common;
}

/// Properties that only one side names fall under the other side's "additionalProperties".
SchemaJson commonProperties(const SchemaJson& a, const SchemaJson& b)
{
    const auto propertiesOf = [](const SchemaJson& k) { return k.value("properties", SchemaJson::object()); };
    const auto othersOf = [](const SchemaJson& k) {
        return k.contains("additionalProperties") ? k["additionalProperties"] : SchemaJson(true);
    };
    const SchemaJson inA = propertiesOf(a), inB = propertiesOf(b);
    SchemaJson result = SchemaJson::object();
    for (const auto& [name, schema] : inA.items())
        result[name] = bothOf(schema, inB.contains(name) ? inB[name] : othersOf(b));
    for (const auto& [name, schema] : inB.items()) {
        if (!inA.contains(name))
            result[name] = bothOf(othersOf(a), schema);
    }
    return result;
}

/// Likewise the items behind the shorter prefix fall under its "items".
SchemaJson commonPrefix(const SchemaJson& a, const SchemaJson& b)
{
    const auto itemAt = [](const SchemaJson& k, size_t i) {
        const SchemaJson prefix = k.value("prefixItems", SchemaJson::array());
        return i < prefix.size() ? prefix[i] : k.contains("items") ? k["items"] : SchemaJson(true);
    };
    const size_t n =
        std::max(a.value("prefixItems", SchemaJson::array()).size(), b.value("prefixItems", SchemaJson::array()).size());
    SchemaJson result = SchemaJson::array();
    for (size_t i = 0; i < n; ++i)
        result.push_back(bothOf(itemAt(a, i), itemAt(b, i)));
    return result;
}

SchemaJson commonValue(const std::string& keyword, const SchemaJson& a, const SchemaJson& b, const std::string& path)
{
    if (a == b)
        return a;
    if (keyword == "type")
        return commonTypes(a, b);
    if (keyword == "enum") {
        SchemaJson common = SchemaJson::array();
        std::copy_if(a.begin(), a.end(), std::back_inserter(common),
                     [&](const SchemaJson& v) { return std::find(b.begin(), b.end(), v) != b.end(); });
        return common;
    }
    if (keyword == "required") {
        SchemaJson all = a;
        std::copy_if(b.begin(), b.end(), std::back_inserter(all),
                     [&](const SchemaJson& v) { return std::find(a.begin(), a.end(), v) == a.end(); });
        return all;
    }
    if (keyword == "additionalProperties" || keyword == "items" || keyword == "propertyNames")
        return bothOf(a, b);
    if (keyword.starts_with("min") || keyword == "exclusiveMinimum")
        return a.get<double>() >= b.get<double>() ? a : b;
    if (keyword.starts_with("max") || keyword == "exclusiveMaximum")
        return a.get<double>() <= b.get<double>() ? a : b;
    if (keyword == "format")
        return a; // an annotation where it does not describe the text
    throw Unsupported("two different \"" + keyword + "\" for one value at " + path, "say in one of them what both demand");
}

} // namespace

bool hasType(const SchemaJson& value, std::string_view type)
{
    switch (value.type()) {
    case SchemaJson::value_t::null:
        return type == "null";
    case SchemaJson::value_t::boolean:
        return type == "boolean";
    case SchemaJson::value_t::object:
        return type == "object";
    case SchemaJson::value_t::array:
        return type == "array";
    case SchemaJson::value_t::string:
        return type == "string";
    case SchemaJson::value_t::number_integer:
    case SchemaJson::value_t::number_unsigned:
        return type == "number" || type == "integer";
    default:
        return type == "number";
    }
}

std::vector<std::string> typesOf(const SchemaJson& keywords)
{
    std::vector<std::string> types;
    for (const std::string_view type : kAllTypes) {
        const auto list = keywords.find("type");
        if (list == keywords.end() || std::find(list->begin(), list->end(), type) != list->end() ||
            (type == "integer" && std::find(list->begin(), list->end(), "number") != list->end()))
            types.emplace_back(type);
    }
    return types;
}

PlainSchema merged(const PlainSchema& a, const PlainSchema& b)
{
    if (a.keywords.empty())
        return {b.keywords, b.path};
    if (b.keywords.empty())
        return a;
    PlainSchema both{a.keywords, a.path};
    for (const auto& [keyword, value] : b.keywords.items()) {
        if (!a.keywords.contains(keyword))
            both.keywords[keyword] = value;
        else if (keyword != "properties" && keyword != "prefixItems")
            both.keywords[keyword] = commonValue(keyword, a.keywords[keyword], value, b.path);
    }
    if (both.keywords.contains("properties"))
        both.keywords["properties"] = commonProperties(a.keywords, b.keywords);
    if (both.keywords.contains("prefixItems"))
        both.keywords["prefixItems"] = commonPrefix(a.keywords, b.keywords);
    return both;
}

} // namespace sy::generate
