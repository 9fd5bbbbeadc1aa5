// SPDX-License-Identifier: GPL-3.0-or-later
// Does a value satisfy a schema? Written from the specification, keyword by keyword, and not from the compiler.
#pragma once

#include <nlohmann/json.hpp>

#include <QRegularExpression>
#include <QString>

#include <cmath>
#include <string>

namespace sy::test {

using Json = nlohmann::ordered_json;

inline int nCharacters(const std::string& text)
{
    return int(QString::fromStdString(text).toUcs4().size());
}

inline bool matches(const std::string& text, const std::string& pattern)
{
    const QRegularExpression expression(QString::fromStdString(pattern), QRegularExpression::DontCaptureOption);
    Q_ASSERT(expression.isValid());
    return expression.match(QString::fromStdString(text)).hasMatch();
}

inline bool satisfies(const Json& value, const Json& schema, const Json& root)
{
    if (schema.is_boolean())
        return schema.get<bool>();
    const auto has = [&](const char* key) { return schema.contains(key); };
    const auto isType = [&](const std::string& type) {
        if (type == "null") return value.is_null();
        if (type == "boolean") return value.is_boolean();
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "number") return value.is_number();
        return value.is_number_integer() || (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
    };
    if (value.is_null() && schema.value("nullable", false))
        return true;
    if (has("$ref")) {
        const std::string reference = schema["$ref"];
        if (!satisfies(value, reference == "#" ? root : root.at(Json::json_pointer(reference.substr(1))), root))
            return false;
    }
    if (has("type")) {
        const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
        if (std::none_of(types.begin(), types.end(), [&](const Json& t) { return isType(t.get<std::string>()); }))
            return false;
    }
    if (has("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
        return false;
    if (has("const") && value != schema["const"])
        return false;
    const auto count = [&](const char* key) {
        size_t n = 0;
        if (has(key))
            for (const Json& branch : schema[key])
                n += satisfies(value, branch, root);
        return n;
    };
    if ((has("allOf") && count("allOf") != schema["allOf"].size()) || (has("anyOf") && count("anyOf") == 0) ||
        (has("oneOf") && count("oneOf") != 1))
        return false;
    if (value.is_number()) {
        const double x = value.get<double>();
        if ((has("minimum") && x < schema["minimum"].get<double>()) || (has("maximum") && x > schema["maximum"].get<double>()) ||
            (has("exclusiveMinimum") && x <= schema["exclusiveMinimum"].get<double>()) ||
            (has("exclusiveMaximum") && x >= schema["exclusiveMaximum"].get<double>()))
            return false;
        if (has("multipleOf")) {
            const double steps = x / schema["multipleOf"].get<double>();
            if (std::fabs(steps - std::round(steps)) > 1e-9 * std::max(1.0, std::fabs(steps)))
                return false;
        }
    }
    if (value.is_string()) {
        const std::string text = value;
        if ((has("minLength") && nCharacters(text) < schema["minLength"]) || (has("maxLength") && nCharacters(text) > schema["maxLength"]) ||
            (has("pattern") && !matches(text, schema["pattern"])))
            return false;
    }
    if (value.is_array()) {
        if ((has("minItems") && value.size() < schema["minItems"]) || (has("maxItems") && value.size() > schema["maxItems"]))
            return false;
        const size_t nPrefix = has("prefixItems") ? schema["prefixItems"].size() : 0;
        for (size_t i = 0; i < value.size(); ++i) {
            if (i < nPrefix ? !satisfies(value[i], schema["prefixItems"][i], root) : has("items") && !satisfies(value[i], schema["items"], root))
                return false;
        }
    }
    if (value.is_object()) {
        if ((has("minProperties") && value.size() < schema["minProperties"]) || (has("maxProperties") && value.size() > schema["maxProperties"]))
            return false;
        if (has("required"))
            for (const Json& name : schema["required"])
                if (!value.contains(name.get<std::string>()))
                    return false;
        for (const auto& item : value.items()) {
            if (has("propertyNames") && !satisfies(Json(item.key()), schema["propertyNames"], root))
                return false;
            if (has("properties") && schema["properties"].contains(item.key())) {
                if (!satisfies(item.value(), schema["properties"][item.key()], root))
                    return false;
            } else if (has("additionalProperties") && !satisfies(item.value(), schema["additionalProperties"], root)) {
                return false;
            }
        }
    }
    return true;
}

} // namespace sy::test
