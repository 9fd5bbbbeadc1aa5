// SPDX-License-Identifier: GPL-3.0-or-later
// Each part of a schema becomes a rule. Equal parts share one, found by their text: that is what ties the circles of
// recursive schemas, since a rule is known before it is written.
#include "engine/generate/schema_compiler.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/generate/schema_number.h"
#include "engine/generate/schema_pattern.h"
#include "engine/generate/schema_source.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sy::generate {

namespace {

using Counting = Grammar::Counting;

constexpr int kMostNested = 150;

class Compiler {
public:
    explicit Compiler(std::string_view text) : m_source(text) {}

    Grammar compile()
    {
        const int32_t root = m_builder.addRule();
        const int32_t end = m_builder.addState(root);
        m_builder.setEnd(end);
        m_builder.addCall(m_builder.start(root), end, ruleFor(m_source.root(), "#"));
        Grammar grammar = m_builder.finish(root);
        if (grammar.root < 0)
            throw BadFile("JSON schema", "no value satisfies it");
        return grammar;
    }

private:
    int32_t ruleFor(const SchemaJson& schema, const std::string& path)
    {
        if (m_depth > kMostNested)
            throw Unsupported("the schema at " + path, "it is nested too deeply");
        if (SchemaSource::shapeOf(schema) == SchemaSource::Shape::reference) {
            const auto& reference = schema["$ref"].get_ref<const std::string&>();
            const SchemaJson& target = m_source.resolve(reference, path);
            ++m_depth;
            const int32_t rule = ruleFor(target, reference);
            --m_depth;
            return rule;
        }
        const auto [known, isNew] = m_rules.try_emplace(schema.dump(), -1);
        if (!isNew)
            return known->second;
        const int32_t rule = m_builder.addRule();
        known->second = rule;
        const int32_t end = m_builder.addState(rule);
        m_builder.setEnd(end);
        ++m_depth;
        if (SchemaSource::shapeOf(schema) == SchemaSource::Shape::choice)
            writeChoice(m_builder.start(rule), end, schema, path);
        else
            for (const PlainSchema& plain : m_source.alternatives(schema, path))
                writePlain(m_builder.start(rule), end, plain);
        --m_depth;
        return rule;
    }

    void writeChoice(int32_t from, int32_t to, const SchemaJson& schema, const std::string& path)
    {
        for (const char* keyword : {"anyOf", "oneOf"}) {
            const auto branches = schema.find(keyword);
            if (branches == schema.end())
                continue;
            if (!branches->is_array() || branches->empty())
                throw BadFile("JSON schema", "\"" + std::string(keyword) + "\" at " + path + " should be a list of schemas");
            if (keyword == std::string_view("oneOf"))
                m_source.requireApart(*branches, path + "/oneOf");
            for (size_t i = 0; i < branches->size(); ++i)
                m_builder.addCall(from, to, ruleFor((*branches)[i], path + "/" + keyword + "/" + std::to_string(i)));
        }
    }

    void writePlain(int32_t from, int32_t to, const PlainSchema& plain)
    {
        const SchemaJson& k = plain.keywords;
        std::vector<std::string> types = typesOf(k);
        if (k.contains("enum"))
            return writeEnum(from, to, plain, types);
        if (!k.contains("type"))
            types = typesMeant(k);
        const auto allows = [&](const char* type) { return std::find(types.begin(), types.end(), type) != types.end(); };
        if (allows("object"))
            m_builder.addCall(from, to, cached("object", plain, &Compiler::writeObject));
        if (allows("array"))
            m_builder.addCall(from, to, cached("array", plain, &Compiler::writeArray));
        if (allows("string"))
            m_builder.addCall(from, to, cached("string", plain, &Compiler::writeString));
        if (allows("number"))
            m_builder.addCall(from, to, cached("number", plain, &Compiler::writeNumber));
        else if (allows("integer"))
            m_builder.addCall(from, to, cached("integer", plain, &Compiler::writeInteger));
        if (allows("boolean")) {
            m_builder.addLiteral(from, to, "true");
            m_builder.addLiteral(from, to, "false");
        }
        if (allows("null"))
            m_builder.addLiteral(from, to, "null");
    }

    static std::span<const std::string_view> keywordsOf(std::string_view kind)
    {
        static constexpr std::string_view kObject[] = {"properties",    "required",      "additionalProperties",
                                                       "propertyNames", "minProperties", "maxProperties"};
        static constexpr std::string_view kArray[] = {"items", "prefixItems", "minItems", "maxItems"};
        static constexpr std::string_view kString[] = {"minLength", "maxLength", "pattern", "format"};
        static constexpr std::string_view kNumber[] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                                       "multipleOf"};
        if (kind == "object")
            return kObject;
        if (kind == "array")
            return kArray;
        if (kind == "string")
            return kString;
        return kNumber;
    }

    /// Without "type" a schema lets in every value of the kinds that it does not speak about; nobody means that.
    static std::vector<std::string> typesMeant(const SchemaJson& keywords)
    {
        std::vector<std::string> types;
        for (const char* kind : {"object", "array", "string", "number"}) {
            const auto list = keywordsOf(kind);
            if (std::any_of(list.begin(), list.end(), [&](std::string_view word) { return keywords.contains(word); }))
                types.emplace_back(kind);
        }
        return types.empty() ? typesOf(keywords) : types;
    }

    using Write = void (Compiler::*)(int32_t rule, const PlainSchema&);

    /// A rule for one kind of value; what the other kinds' keywords say makes no difference to it.
    int32_t cached(const std::string& kind, const PlainSchema& plain, Write write)
    {
        PlainSchema own{SchemaJson::object(), plain.path};
        for (const std::string_view word : keywordsOf(kind)) {
            if (plain.keywords.contains(word))
                own.keywords[std::string(word)] = plain.keywords[std::string(word)];
        }
        const auto [known, isNew] = m_rules.try_emplace(kind + own.keywords.dump(), -1);
        if (isNew) {
            known->second = m_builder.addRule();
            const int32_t rule = known->second;
            (this->*write)(rule, own);
            return rule;
        }
        return known->second;
    }

    void writeEnum(int32_t from, int32_t to, const PlainSchema& plain, const std::vector<std::string>& types)
    {
        for (const auto& item : plain.keywords.items()) {
            if (item.key() != "enum" && item.key() != "type")
                throw Unsupported("\"" + item.key() + "\" beside \"enum\" or \"const\" at " + plain.path,
                                  "list the values that remain");
        }
        std::map<std::pair<int32_t, char>, int32_t> branches; // values share their beginnings, so that thousands stay cheap
        for (const SchemaJson& value : plain.keywords["enum"]) {
            if (std::none_of(types.begin(), types.end(), [&](const std::string& type) { return hasType(value, type); }))
                continue;
            if (value.is_structured()) {
                m_builder.addEmpty(writeValue(from, value), to);
                continue;
            }
            int32_t at = from;
            for (const char c : value.dump()) {
                const auto [next, isNew] = branches.try_emplace({at, c}, -1);
                if (isNew) {
                    next->second = m_builder.addState(m_builder.ruleOf(from));
                    m_builder.addBytes(at, next->second, uint8_t(c), uint8_t(c));
                }
                at = next->second;
            }
            m_builder.addEmpty(at, to);
        }
    }

    /// A given value, with the spaces that any other would have. Returns the state behind it.
    int32_t writeValue(int32_t from, const SchemaJson& value)
    {
        const auto literal = [&](int32_t at, const std::string& text) {
            const int32_t next = m_builder.addState(m_builder.ruleOf(at));
            m_builder.addLiteral(at, next, text);
            return next;
        };
        if (!value.is_structured())
            return literal(from, value.dump());
        const bool isObject = value.is_object();
        int32_t at = literal(from, isObject ? "{" : "[");
        bool isFirst = true;
        for (const auto& item : value.items()) {
            if (!std::exchange(isFirst, false))
                at = afterSpace(literal(at, ","));
            if (isObject)
                at = afterSpace(literal(at, SchemaJson(item.key()).dump() + ":"));
            at = writeValue(at, item.value());
        }
        return literal(at, isObject ? "}" : "]");
    }

    int32_t afterSpace(int32_t from)
    {
        const int32_t to = m_builder.addState(m_builder.ruleOf(from));
        m_builder.addBytes(from, to, ' ', ' ');
        m_builder.addEmpty(from, to);
        return to;
    }

    void writeString(int32_t rule, const PlainSchema& plain)
    {
        const SchemaJson& k = plain.keywords;
        const uint32_t least = k.value("minLength", 0u), most = k.value("maxLength", Grammar::kUnlimited);
        if (least > most)
            return; // nothing fits
        std::string pattern = k.value("pattern", std::string());
        std::string where = plain.path + "/pattern";
        if (!k.contains("pattern") && k.contains("format")) {
            pattern = patternOfFormat(k["format"].get_ref<const std::string&>());
            where = plain.path + "/format";
        }
        m_builder.setCounts(rule, least, most);
        const int32_t body = m_builder.addState(rule), close = m_builder.addState(rule), end = m_builder.addState(rule);
        m_builder.setEnd(end);
        m_builder.addBytes(m_builder.start(rule), body, '"', '"');
        m_builder.addBytes(close, end, '"', '"', Counting::enough);
        if (pattern.empty()) {
            m_builder.addEmpty(body, close);
            m_builder.addJsonCharacter(body, body, complement({{0, 7}, {0xB, 0xB}, {0xE, 0x1F}}), Counting::oneMore);
            addUnicodeEscape(body); // the others
        } else {
            addPattern(m_builder, body, close, pattern, where);
            if (least > 0 || most != Grammar::kUnlimited)
                m_builder.unrollCounts(rule);
        }
    }

    /// \uXXXX for any character but a surrogate.
    void addUnicodeEscape(int32_t body)
    {
        const int32_t rule = m_builder.ruleOf(body);
        const auto hex = [&](int32_t from, int32_t to, const char* digits) {
            for (const char* d = digits; *d; ++d)
                m_builder.addBytes(from, to, uint8_t(*d), uint8_t(*d));
        };
        int32_t state[6];
        for (int32_t& s : state)
            s = m_builder.addState(rule);
        const auto [backslash, first, third, fourth, afterD, unused] = state;
        m_builder.addBytes(body, backslash, '\\', '\\', Counting::oneMore);
        m_builder.addBytes(backslash, first, 'u', 'u');
        m_builder.addBytes(backslash, body, '/', '/');
        hex(first, unused, "0123456789abcefABCEF");
        hex(first, afterD, "dD");
        hex(unused, third, "0123456789abcdefABCDEF");
        hex(afterD, third, "01234567");
        hex(third, fourth, "0123456789abcdefABCDEF");
        hex(fourth, body, "0123456789abcdefABCDEF");
    }

    void writeNumber(int32_t rule, const PlainSchema& plain) { writeNumbers(rule, plain, false); }
    void writeInteger(int32_t rule, const PlainSchema& plain) { writeNumbers(rule, plain, true); }
    void writeNumbers(int32_t rule, const PlainSchema& plain, bool isWhole);
    void writeArray(int32_t rule, const PlainSchema& plain);
    void writeObject(int32_t rule, const PlainSchema& plain);
    int32_t keyRule(const PlainSchema& plain, const SchemaJson& properties);
    int32_t otherNames(const SchemaJson& properties);

    SchemaSource m_source;
    GrammarBuilder m_builder;
    std::unordered_map<std::string, int32_t> m_rules; // by the text of the schema, that of one kind by kind and text
    int m_depth = 0;
};

void Compiler::writeNumbers(int32_t rule, const PlainSchema& plain, bool isWhole)
{
    const SchemaJson& k = plain.keywords;
    NumberBounds bounds;
    bounds.isWhole = isWhole;
    const auto narrow = [&](const char* keyword, bool isExcluded, std::optional<Decimal>& bound, bool& isBoundExcluded,
                            int sign) {
        const auto value = k.find(keyword);
        if (value == k.end())
            return;
        const auto decimal = parseDecimal(value->dump());
        if (!decimal)
            throw Unsupported("\"" + std::string(keyword) + "\": " + value->dump() + " at " + plain.path,
                              "it has too many digits");
        const int order = bound ? compare(*decimal, *bound) * sign : 1;
        if (order > 0 || (order == 0 && isExcluded)) {
            bound = decimal;
            isBoundExcluded = isExcluded;
        }
    };
    narrow("minimum", false, bounds.least, bounds.isLeastExcluded, 1);
    narrow("exclusiveMinimum", true, bounds.least, bounds.isLeastExcluded, 1);
    narrow("maximum", false, bounds.most, bounds.isMostExcluded, -1);
    narrow("exclusiveMaximum", true, bounds.most, bounds.isMostExcluded, -1);
    if (const auto step = k.find("multipleOf"); step != k.end()) {
        constexpr uint32_t kMostStep = 1000;
        const auto decimal = parseDecimal(step->dump());
        const bool isSmall = decimal && decimal->fraction.empty() && decimal->whole.size() <= 4;
        const bool isTenth = decimal && decimal->whole.empty() && decimal->fraction.ends_with('1') &&
                             decimal->fraction.find_first_not_of('0') == decimal->fraction.size() - 1;
        if (isSmall && std::stoul(decimal->whole) <= kMostStep) {
            bounds.isWhole = true;
            bounds.multipleOf = uint32_t(std::stoul(decimal->whole));
        } else if (isTenth && !isWhole) {
            bounds.mostFractionDigits = std::min(int(decimal->fraction.size()), bounds.mostFractionDigits);
        } else if (!(isTenth && isWhole)) {
            throw Unsupported("\"multipleOf\": " + step->dump() + " at " + plain.path,
                              "whole numbers up to " + std::to_string(kMostStep) + " and 0.1, 0.01, … are");
        }
    }
    const int32_t end = m_builder.addState(rule);
    m_builder.setEnd(end);
    addNumber(m_builder, m_builder.start(rule), end, bounds);
}

void Compiler::writeArray(int32_t rule, const PlainSchema& plain)
{
    const SchemaJson& k = plain.keywords;
    const SchemaJson prefix = k.value("prefixItems", SchemaJson::array());
    const uint32_t least = k.value("minItems", 0u), most = k.value("maxItems", Grammar::kUnlimited);
    if (least > most)
        return;
    m_builder.setCounts(rule, least, most);
    const int32_t end = m_builder.addState(rule);
    m_builder.setEnd(end);

    // The n-th item of the prefix knows its number, so only the items behind it are counted: then no state waits for a count
    // that cannot be reached any more.
    int32_t at = m_builder.addState(rule);
    m_builder.addBytes(m_builder.start(rule), at, '[', '[');
    uint32_t n = 0;
    const auto nextItem = [&](int32_t from, Counting counting) { // the state before an item
        if (n == 0) {
            const int32_t first = m_builder.addState(rule);
            m_builder.addEmpty(from, first, counting);
            return first;
        }
        const int32_t comma = m_builder.addState(rule);
        m_builder.addBytes(from, comma, ',', ',', counting);
        return afterSpace(comma);
    };
    const auto mayClose = [&] {
        if (n >= least)
            m_builder.addBytes(at, end, ']', ']');
    };
    for (; n < prefix.size() && n < most; ++n) {
        mayClose();
        const int32_t behind = m_builder.addState(rule);
        m_builder.addCall(nextItem(at, Counting::oneMore), behind,
                          ruleFor(prefix[n], plain.path + "/prefixItems/" + std::to_string(n)), Counting::none);
        at = behind;
    }
    mayClose();
    const SchemaJson items = k.contains("items") ? k["items"] : SchemaJson(true);
    if (n >= most || (k.contains("prefixItems") && !k.contains("items") && n >= least))
        return; // a tuple: more items may be there, and nothing says what they would be
    const int32_t item = ruleFor(items, plain.path + "/items");
    const int32_t behind = m_builder.addState(rule);
    m_builder.addCall(nextItem(at, Counting::oneMore), behind, item);
    n = std::max(n, 1u);
    m_builder.addCall(nextItem(behind, Counting::oneMore), behind, item);
    m_builder.addBytes(behind, end, ']', ']', Counting::enough);
}

void Compiler::writeObject(int32_t rule, const PlainSchema& plain)
{
    const SchemaJson& k = plain.keywords;
    SchemaJson properties = k.value("properties", SchemaJson::object());
    const SchemaJson required = k.value("required", SchemaJson::array());
    const bool hasNames = k.contains("propertyNames");
    const SchemaJson others =
        k.contains("additionalProperties") ? k["additionalProperties"] : SchemaJson(properties.empty());
    const bool isOpen = others != false;
    for (const SchemaJson& name : required) {
        if (properties.contains(name.get_ref<const std::string&>()))
            continue;
        if (k.contains("additionalProperties") && others == false)
            return; // demanded and forbidden
        properties[name.get_ref<const std::string&>()] = k.contains("additionalProperties") ? others : SchemaJson(true);
    }
    if (hasNames && !properties.empty())
        throw Unsupported("\"propertyNames\" beside named properties at " + plain.path, "leave it out, the names are given");

    // Only what needs no looking ahead: whether a count can still be reached must not depend on choices made before.
    const uint32_t least = k.value("minProperties", 0u), most = k.value("maxProperties", Grammar::kUnlimited);
    if (least > std::max<size_t>(1, required.size()) || most < properties.size() || least > most)
        throw Unsupported("\"" + std::string(most < properties.size() ? "maxProperties" : "minProperties") + "\" at " +
                              plain.path,
                          "say with \"required\" which properties there must be");
    m_builder.setCounts(rule, 0, most);
    const Counting counting = most == Grammar::kUnlimited ? Counting::none : Counting::oneMore;

    // Two rows of states: before the first property that is written, and behind one. An optional property may be passed
    // over.
    const int32_t end = m_builder.addState(rule);
    m_builder.setEnd(end);
    int32_t first = m_builder.addState(rule), later = -1;
    m_builder.addBytes(m_builder.start(rule), first, '{', '{');
    const auto separated = [&](int32_t from) {
        const int32_t comma = m_builder.addState(rule);
        m_builder.addBytes(from, comma, ',', ',', counting);
        return afterSpace(comma);
    };
    for (const auto& property : properties.items()) {
        const int32_t key = m_builder.addState(rule), colon = m_builder.addState(rule), behind = m_builder.addState(rule);
        if (first >= 0)
            m_builder.addEmpty(first, key, counting);
        if (later >= 0)
            m_builder.addEmpty(separated(later), key);
        m_builder.addLiteral(key, colon, SchemaJson(property.key()).dump() + ":");
        m_builder.addCall(afterSpace(colon), behind,
                          ruleFor(property.value(), plain.path + "/properties/" + property.key()));
        const bool isRequired = std::find(required.begin(), required.end(), property.key()) != required.end();
        if (isRequired)
            first = -1;
        else if (later >= 0)
            m_builder.addEmpty(later, behind);
        later = behind;
    }
    if (first >= 0 && least == 0)
        m_builder.addBytes(first, end, '}', '}');
    if (isOpen && most > 0) {
        const int32_t key = m_builder.addState(rule), colon = m_builder.addState(rule), behind = m_builder.addState(rule);
        if (first >= 0)
            m_builder.addEmpty(first, key, counting);
        if (later >= 0)
            m_builder.addEmpty(later, behind);
        m_builder.addEmpty(separated(behind), key);
        const int32_t value = ruleFor(others, plain.path + "/additionalProperties");
        const int32_t named = m_builder.addState(rule);
        m_builder.addCall(key, named, keyRule(plain, properties));
        m_builder.addBytes(named, colon, ':', ':');
        m_builder.addCall(afterSpace(colon), behind, value);
        later = behind;
    }
    if (later >= 0)
        m_builder.addBytes(later, end, '}', '}');
}

/// The names of properties that are not listed.
int32_t Compiler::keyRule(const PlainSchema& plain, const SchemaJson& properties)
{
    if (!plain.keywords.contains("propertyNames"))
        return otherNames(properties);
    PlainSchema string{SchemaJson::object(), plain.path};
    string.keywords["type"] = SchemaJson::array({"string"});
    const int32_t rule = m_builder.addRule(), end = m_builder.addState(rule);
    m_builder.setEnd(end);
    for (const PlainSchema& name : m_source.alternatives(plain.keywords["propertyNames"], plain.path + "/propertyNames"))
        writePlain(m_builder.start(rule), end, merged(string, name));
    return rule;
}

/// Strings, written without escapes, that are none of the names: along the tree of the names' characters, every character
/// that leaves the tree leads out into the open.
int32_t Compiler::otherNames(const SchemaJson& properties)
{
    const int32_t rule = m_builder.addRule();
    const int32_t open = m_builder.addState(rule), end = m_builder.addState(rule);
    m_builder.setEnd(end);
    m_builder.addBytes(open, end, '"', '"');
    const CharacterSet escaped = {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    m_builder.addCharacter(open, open, complement(escaped));

    struct Node {
        std::map<char32_t, size_t> next;
        bool isName = false;
        int32_t state = -1;
    };
    std::vector<Node> tree(1);
    for (const auto& property : properties.items()) {
        size_t at = 0;
        for (const char32_t c : toUtf32(property.key())) {
            const auto [child, isNew] = tree[at].next.try_emplace(c, tree.size());
            at = child->second;
            if (isNew)
                tree.emplace_back();
        }
        tree[at].isName = true;
    }
    for (Node& node : tree)
        node.state = m_builder.addState(rule);
    m_builder.addBytes(m_builder.start(rule), tree[0].state, '"', '"');
    for (size_t i = 0; i < tree.size(); ++i) {
        if (!tree[i].isName && i > 0) // a name has at least one character
            m_builder.addBytes(tree[i].state, end, '"', '"');
        CharacterSet taken = escaped;
        for (const auto& [c, child] : tree[i].next) {
            taken.push_back({c, c});
            if (c >= 0x20 && c != '"' && c != '\\')
                m_builder.addCharacter(tree[i].state, tree[child].state, {{c, c}});
        }
        m_builder.addCharacter(tree[i].state, open, complement(normalized(taken)));
    }
    return rule;
}

} // namespace

Grammar compileSchema(std::string_view schema)
{
    return Compiler(schema).compile();
}

} // namespace sy::generate
