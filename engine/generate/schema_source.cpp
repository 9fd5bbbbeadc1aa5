// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/schema_source.h"

#include "engine/core/error.h"

#include <algorithm>
#include <span>
#include <utility>

namespace sy::generate {

namespace {

constexpr size_t kMostBytes = 256 * 1024;
constexpr int kMostNested = 100;
constexpr int kMostReferences = 50;
constexpr size_t kMostAlternatives = 256;
constexpr size_t kMostVisits = 20'000; // of parts of the schema, a part counted each time that it is needed

constexpr std::string_view kAnnotations[] = {
    "$schema",          "$id",      "id",      "$comment",   "$defs",    "definitions", "title",         "description",
    "default",          "examples", "example", "deprecated", "readOnly", "writeOnly",   "discriminator", "contentEncoding",
    "contentMediaType", "strict",   "name"};
constexpr std::string_view kCombinations[] = {"$ref", "allOf", "anyOf", "oneOf"};
constexpr std::string_view kAssertions[] = {"type",
                                            "enum",
                                            "const",
                                            "nullable",
                                            "properties",
                                            "required",
                                            "additionalProperties",
                                            "propertyNames",
                                            "minProperties",
                                            "maxProperties",
                                            "items",
                                            "prefixItems",
                                            "additionalItems",
                                            "minItems",
                                            "maxItems",
                                            "minLength",
                                            "maxLength",
                                            "pattern",
                                            "format",
                                            "minimum",
                                            "maximum",
                                            "exclusiveMinimum",
                                            "exclusiveMaximum",
                                            "multipleOf"};

bool isIn(std::span<const std::string_view> list, std::string_view word)
{
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool isAnnotation(const std::string& keyword)
{
    return isIn(kAnnotations, keyword) || keyword.starts_with("x-");
}

[[noreturn]] void wrongValue(const std::string& keyword, const std::string& path, const char* wanted)
{
    throw BadFile("JSON schema", "\"" + keyword + "\" at " + path + " should be " + wanted);
}

const SchemaJson& requireSchema(const SchemaJson& schema, const std::string& path)
{
    if (!schema.is_object() && !schema.is_boolean())
        throw BadFile("JSON schema", "at " + path + " there should be a schema, an object or true or false");
    return schema;
}

void checkValue(const std::string& keyword, const SchemaJson& value, const std::string& path)
{
    const auto isIndex = [](const SchemaJson& v) { return v.is_number_unsigned() && v.get<uint64_t>() < 0xFFFFFFFFu; };
    const auto isText = [](const SchemaJson& v) { return v.is_string(); };
    if (keyword.starts_with("min") || keyword.starts_with("max")) {
        const bool isBound = keyword == "minimum" || keyword == "maximum";
        if (isBound ? !value.is_number() : !isIndex(value))
            wrongValue(keyword, path, isBound ? "a number" : "a whole number from 0");
    } else if (keyword == "multipleOf" && !(value.is_number() && value.get<double>() > 0)) {
        wrongValue(keyword, path, "a number above 0");
    } else if (keyword.starts_with("exclusive") && !value.is_number()) {
        wrongValue(keyword, path, "a number");
    } else if (keyword == "enum" && !value.is_array()) {
        wrongValue(keyword, path, "a list");
    } else if (keyword == "required" && !(value.is_array() && std::all_of(value.begin(), value.end(), isText))) {
        wrongValue(keyword, path, "a list of names");
    } else if (keyword == "properties" && !value.is_object()) {
        wrongValue(keyword, path, "an object");
    } else if ((keyword == "pattern" || keyword == "format" || keyword == "$ref") && !value.is_string()) {
        wrongValue(keyword, path, "text");
    } else if ((keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf" || keyword == "prefixItems") &&
               !(value.is_array() && !value.empty())) {
        wrongValue(keyword, path, "a list of schemas");
    } else if (keyword == "nullable" && !value.is_boolean()) {
        wrongValue(keyword, path, "true or false");
    }
}

SchemaJson typeList(const SchemaJson& value, const std::string& path)
{
    constexpr std::string_view kTypes[] = {"null", "boolean", "object", "array", "number", "integer", "string"};
    const SchemaJson list = value.is_array() ? value : SchemaJson::array({value});
    for (const SchemaJson& name : list) {
        if (!name.is_string() || !isIn(kTypes, name.get_ref<const std::string&>()))
            wrongValue("type", path, "null, boolean, object, array, number, integer or string, or a list of these");
    }
    return list;
}

/// The keywords that speak about the value, in the form PlainSchema promises.
PlainSchema ownKeywords(const SchemaJson& schema, const std::string& path)
{
    PlainSchema plain{SchemaJson::object(), path};
    for (const auto& [keyword, value] : schema.items()) {
        if (isAnnotation(keyword))
            continue;
        if (keyword == "uniqueItems" && value == false)
            continue;
        if (!isIn(kCombinations, keyword) && !isIn(kAssertions, keyword))
            throw Unsupported("the keyword \"" + keyword + "\" at " + path,
                              "leave it out, or say the same with type, properties, items, enum, pattern, anyOf or $ref");
        checkValue(keyword, value, path);
        if (isIn(kCombinations, keyword) || keyword == "nullable" || keyword == "const" || keyword == "additionalItems")
            continue;
        if (keyword == "type")
            plain.keywords["type"] = typeList(value, path);
        else if (keyword == "items" && value.is_array()) // as drafts before 2020-12 wrote it
            plain.keywords["prefixItems"] = value;
        else
            plain.keywords[keyword] = value;
    }
    if (schema.contains("additionalItems") && schema.contains("items") && schema["items"].is_array())
        plain.keywords["items"] = schema["additionalItems"];
    if (schema.contains("const")) {
        PlainSchema constant{SchemaJson::object(), path};
        constant.keywords["enum"] = SchemaJson::array({schema["const"]});
        plain = merged(plain, constant);
    }
    return plain;
}

} // namespace

SchemaSource::SchemaSource(std::string_view text)
{
    if (text.size() > kMostBytes)
        throw Unsupported("a JSON schema of " + std::to_string(text.size()) + " bytes",
                          "the limit is " + std::to_string(kMostBytes));
    int depth = 0;
    bool isInString = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (isInString && c == '\\')
            ++i;
        else if (c == '"')
            isInString = !isInString;
        else if (!isInString && (c == '{' || c == '[') && ++depth > kMostNested)
            throw Unsupported("a JSON schema nested more than " + std::to_string(kMostNested) + " deep",
                              "move its parts to \"$defs\"");
        else if (!isInString && (c == '}' || c == ']'))
            --depth;
    }
    try {
        m_root = SchemaJson::parse(text);
    } catch (const SchemaJson::exception& error) {
        throw BadFile("JSON schema", std::string("it is not JSON: ") + error.what());
    }
    requireSchema(m_root, "#");
}

const SchemaJson& SchemaSource::resolve(const std::string& reference, const std::string& path) const
{
    if (!reference.starts_with('#') || (reference.size() > 1 && reference[1] != '/'))
        throw Unsupported("the reference \"" + reference + "\" at " + path,
                          "a reference leads into the same document, such as \"#/$defs/name\"");
    std::string pointer;
    for (size_t i = 1; i < reference.size(); ++i) {
        const auto hex = [&](size_t at) {
            const char c = at < reference.size() ? reference[at] : 'x';
            return c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : -1;
        };
        if (reference[i] == '%' && hex(i + 1) >= 0 && hex(i + 2) >= 0) {
            pointer += char(hex(i + 1) * 16 + hex(i + 2));
            i += 2;
        } else {
            pointer += reference[i];
        }
    }
    try {
        return requireSchema(m_root.at(SchemaJson::json_pointer(pointer)), reference);
    } catch (const SchemaJson::exception&) {
        throw BadFile("JSON schema", "the reference \"" + reference + "\" at " + path + " leads nowhere");
    }
}

SchemaSource::Shape SchemaSource::shapeOf(const SchemaJson& schema)
{
    if (!schema.is_object())
        return Shape::plain;
    std::vector<std::string> effective;
    for (const auto& item : schema.items()) {
        if (!isAnnotation(item.key()))
            effective.push_back(item.key());
    }
    if (effective.size() != 1)
        return Shape::plain;
    if (effective[0] == "$ref")
        return Shape::reference;
    return effective[0] == "anyOf" || effective[0] == "oneOf" ? Shape::choice : Shape::plain;
}

std::vector<PlainSchema> SchemaSource::alternatives(const SchemaJson& schema, const std::string& path, int depth)
{
    if (depth > kMostReferences || ++m_nVisits > kMostVisits)
        throw Unsupported("the schema at " + path,
                          "its \"$ref\", \"allOf\" and \"anyOf\" lead back to themselves or are nested too deeply");
    requireSchema(schema, path);
    if (schema.is_boolean())
        return schema.get<bool>() ? std::vector{PlainSchema{SchemaJson::object(), path}} : std::vector<PlainSchema>{};

    std::vector<PlainSchema> result{ownKeywords(schema, path)};
    const auto mergeWith = [&](const std::vector<PlainSchema>& others) {
        if (result.size() * others.size() > kMostAlternatives)
            throw Unsupported("the schema at " + path,
                              "its choices make more than " + std::to_string(kMostAlternatives) + " combinations");
        std::vector<PlainSchema> products;
        for (const PlainSchema& a : result) {
            for (const PlainSchema& b : others)
                products.push_back(merged(a, b));
        }
        result = std::move(products);
    };
    if (const auto reference = schema.find("$ref"); reference != schema.end()) {
        const auto& name = reference->get_ref<const std::string&>();
        mergeWith(alternatives(resolve(name, path), name, depth + 1));
    }
    if (const auto all = schema.find("allOf"); all != schema.end()) {
        for (size_t i = 0; i < all->size(); ++i)
            mergeWith(alternatives((*all)[i], path + "/allOf/" + std::to_string(i), depth + 1));
    }
    for (const char* keyword : {"anyOf", "oneOf"}) {
        const auto branches = schema.find(keyword);
        if (branches == schema.end())
            continue;
        if (keyword == std::string_view("oneOf"))
            requireApart(*branches, path + "/oneOf", depth + 1);
        std::vector<PlainSchema> choice;
        for (size_t i = 0; i < branches->size(); ++i) {
            const auto more = alternatives((*branches)[i], path + "/" + keyword + "/" + std::to_string(i), depth + 1);
            choice.insert(choice.end(), more.begin(), more.end());
        }
        mergeWith(choice);
    }
    if (schema.value("nullable", false)) { // OpenAPI
        PlainSchema null{SchemaJson::object(), path};
        null.keywords["type"] = SchemaJson::array({"null"});
        result.push_back(std::move(null));
    }
    return result;
}

void SchemaSource::requireApart(const SchemaJson& branches, const std::string& path, int depth)
{
    for (size_t i = 0; i < branches.size(); ++i) {
        for (size_t j = i + 1; j < branches.size(); ++j) {
            if (!areApart(branches[i], branches[j], path, depth, 0))
                throw Unsupported(
                    "the \"oneOf\" at " + path,
                    "its branches " + std::to_string(i) + " and " + std::to_string(j) +
                        " could match the same value; use \"anyOf\", or a property with a different \"const\" in each");
        }
    }
}

bool SchemaSource::areApart(const SchemaJson& a, const SchemaJson& b, const std::string& path, int depth, int level)
{
    constexpr int kDeepest = 4; // properties of properties: a discriminator sits near the top
    if (level > kDeepest)
        return false;
    for (const PlainSchema& one : alternatives(a, path, depth)) {
        for (const PlainSchema& other : alternatives(b, path, depth)) {
            if (!areApart(one, other, depth, level))
                return false;
        }
    }
    return true;
}

bool SchemaSource::areApart(const PlainSchema& a, const PlainSchema& b, int depth, int level)
{
    const PlainSchema both = merged(a, b);
    const SchemaJson& k = both.keywords;
    if (const auto values = k.find("enum"); values != k.end()) {
        const auto fits = [&](const SchemaJson& value) {
            const auto types = typesOf(k);
            return std::any_of(types.begin(), types.end(), [&](const std::string& type) { return hasType(value, type); });
        };
        return std::none_of(values->begin(), values->end(), fits);
    }
    const auto types = typesOf(k);
    const auto isApartAs = [&](const std::string& type) {
        const auto crossed = [&](const char* least, const char* most) {
            return k.contains(least) && k.contains(most) && k[least].get<double>() > k[most].get<double>();
        };
        if (type == "string")
            return crossed("minLength", "maxLength");
        if (type == "number" || type == "integer")
            return crossed("minimum", "maximum");
        if (type == "array")
            return crossed("minItems", "maxItems");
        if (type != "object" || !k.contains("required"))
            return false;
        for (const SchemaJson& name : k["required"]) {
            const auto own = [&](const PlainSchema& schema) -> const SchemaJson* {
                const auto properties = schema.keywords.find("properties");
                if (properties != schema.keywords.end() && properties->contains(name.get_ref<const std::string&>()))
                    return &(*properties)[name.get_ref<const std::string&>()];
                const auto others = schema.keywords.find("additionalProperties");
                return others != schema.keywords.end() ? &*others : nullptr;
            };
            const SchemaJson *inA = own(a), *inB = own(b);
            if ((inA && *inA == false) || (inB && *inB == false))
                return true;
            if (inA && inB && areApart(*inA, *inB, both.path, depth + 1, level + 1))
                return true;
        }
        return false;
    };
    return std::all_of(types.begin(), types.end(), isApartAs);
}

} // namespace sy::generate
