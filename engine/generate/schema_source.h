// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sy::generate {

using SchemaJson = nlohmann::ordered_json; // the order of properties is the order in which they are written

/// One way to satisfy a schema, without references and combinations: only keywords that speak about the value itself.
/// "const" has become "enum"; "type" is a list when present; {"enum": []} fits nothing.
struct PlainSchema {
    SchemaJson keywords = SchemaJson::object();
    std::string path; // where it comes from, for messages
};

/// A JSON schema (draft 2020-12, and what draft 7 and OpenAPI wrote differently) as read from a file.
class SchemaSource {
public:
    /// Throws BadFile when the text is not JSON or no schema, Unsupported when it is nested more than 100 deep or larger
    /// than 256 KB.
    explicit SchemaSource(std::string_view text);

    const SchemaJson& root() const { return m_root; }

    /// What "$ref" leads to. Throws Unsupported for other documents and named anchors, BadFile when it leads nowhere.
    const SchemaJson& resolve(const std::string& reference, const std::string& path) const;

    /// The schema as a choice of plain ones: "anyOf", "oneOf", "allOf" and "$ref" worked in. An empty list fits nothing.
    /// Throws Unsupported for a keyword that has an effect and is not understood (with its path), for branches of "oneOf"
    /// that could match the same value, and when the combinations are too many; BadFile for a keyword with a value that it
    /// cannot have.
    std::vector<PlainSchema> alternatives(const SchemaJson& schema, const std::string& path, int depth = 0);

    /// Nothing but "$ref", or nothing but one "anyOf" or "oneOf", besides annotations: then the rules may be used as they
    /// are.
    enum class Shape { plain, reference, choice };
    static Shape shapeOf(const SchemaJson& schema);

    /// Throws Unsupported unless no value fits both of any two branches.
    void requireApart(const SchemaJson& branches, const std::string& path, int depth = 0);

private:
    bool areApart(const SchemaJson& a, const SchemaJson& b, const std::string& path, int depth, int level);
    bool areApart(const PlainSchema& a, const PlainSchema& b, int depth, int level);

    SchemaJson m_root;
    size_t m_nVisits = 0;
};

/// The type names that a plain schema allows; a superset when it says nothing. "integer" is listed beside "number".
std::vector<std::string> typesOf(const SchemaJson& keywords);

/// Both at once. {"enum": []} when they contradict each other openly.
PlainSchema merged(const PlainSchema& a, const PlainSchema& b);

bool hasType(const SchemaJson& value, std::string_view type);

} // namespace sy::generate
