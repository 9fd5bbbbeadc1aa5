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

const Value* given(const CallValues& v, size_t position, std::string_view name)
{
    const Value* value = v.find(position, name);
    return value && !value->isNone() ? value : nullptr;
}

Value noItem(const char* what)
{
    return Undefined{std::make_shared<const std::string>(what)};
}

namespace {

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
    {"capitalize", [](Renderer& r, const Value& x, CallValues&) { return r.text(capitalized(r.str(x))); }},
    {"center", center},
    {"d", defaultTo},
    {"default", defaultTo},
    {"e", escape},
    {"escape", escape},
    {"float", toFloat},
    {"format", format},
    {"from_json", parseJson},
    {"fromjson", parseJson},
    {"indent", indent},
    {"int", toInteger},
    {"join", join},
    {"lower", [](Renderer& r, const Value& x, CallValues&) { return r.text(lowerCase(r.str(x))); }},
    {"pprint", [](Renderer& r, const Value& x, CallValues&) { return Value(representation(r.budget(), x)); }},
    {"replace", replace},
    {"round", rounded},
    {"safe", [](Renderer& r, const Value& x, CallValues&) { return x.isString() ? x : Value(r.str(x)); }},
    {"string", [](Renderer& r, const Value& x, CallValues&) { return x.isString() ? x : Value(r.str(x)); }},
    {"striptags", stripTags},
    {"title", title},
    {"tojson", json},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", [](Renderer& r, const Value& x, CallValues&) { return r.text(upperCase(r.str(x))); }},
    {"urlencode", urlEncode},
    {"wordcount", wordCount},
};

} // namespace

Filter findFilter(std::string_view name)
{
    for (const std::span<const FilterRow> table : {std::span<const FilterRow>(kFilters), sequenceFilters()})
        for (const FilterRow& row : table)
            if (row.name == name)
                return row.filter;
    return nullptr;
}

} // namespace sy::tokenizer::jinja
