// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/tokenizer/jinja/functions.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <utf8proc.h>

#include <algorithm>
#include <limits>

namespace sy::tokenizer::jinja {

namespace {

using Method = Value (*)(Renderer&, const Value&, CallValues&);

struct MethodRow {
    std::string_view name;
    Method method;
};

const std::string& requiredText(const CallValues& values, size_t position, std::string_view name, std::string_view what)
{
    const Value* value = values.find(position, name);
    if (!value)
        throw TemplateError(std::string(what) + " needs an argument");
    return stringArgument(*value, what);
}

const Value& required(const CallValues& values, size_t position, std::string_view name, std::string_view what)
{
    const Value* value = values.find(position, name);
    if (!value)
        throw TemplateError(std::string(what) + " needs an argument");
    return *value;
}

int64_t optionalInteger(const CallValues& values, size_t position, std::string_view name, int64_t fallback)
{
    const Value* value = values.find(position, name);
    return value && !value->isNone() ? integerArgument(*value, name) : fallback;
}

// Text

Value split(Renderer& r, const Value& self, CallValues& values, bool isFromRight)
{
    const std::string_view text = self.string();
    const Value* separatorValue = values.find(0, "sep");
    const int64_t most = optionalInteger(values, 1, "maxsplit", -1);
    std::vector<std::string_view> parts;
    const auto isMore = [&] { return most < 0 || int64_t(parts.size()) < most; };
    if (separatorValue && !separatorValue->isNone()) {
        const std::string& separator = stringArgument(*separatorValue, "split");
        if (separator.empty())
            throw TemplateError("empty separator");
        if (isFromRight) {
            size_t end = text.size();
            for (;;) {
                const size_t at = end >= separator.size() && isMore() ? findLastText(text, separator, end - separator.size()) : std::string::npos;
                if (at == std::string::npos)
                    break;
                parts.push_back(text.substr(at + separator.size(), end - at - separator.size()));
                end = at;
            }
            parts.push_back(text.substr(0, end));
            std::reverse(parts.begin(), parts.end());
        } else {
            size_t begin = 0;
            for (size_t at; isMore() && (at = findText(text, separator, begin)) != std::string::npos; begin = at + separator.size())
                parts.push_back(text.substr(begin, at - begin));
            parts.push_back(text.substr(begin));
        }
    } else {
        for (size_t at = 0, begin = 0; at <= text.size();) {
            const CodePoint c = at < text.size() ? decodeUtf8(text, at) : CodePoint{' ', 1, true};
            if (isSpaceCharacter(c.value)) {
                if (at > begin)
                    parts.push_back(text.substr(begin, at - begin));
                begin = at + size_t(c.nBytes);
            }
            at += size_t(c.nBytes);
        }
        // Of too many words, those beyond the limit stay together with the white space around them.
        if (most >= 0 && int64_t(parts.size()) > most + 1) {
            const auto nApart = size_t(most);
            if (isFromRight) {
                const std::string_view last = parts[parts.size() - nApart - 1];
                parts.erase(parts.begin(), parts.end() - ptrdiff_t(nApart) - 1);
                parts[0] = text.substr(0, size_t(last.data() + last.size() - text.data()));
            } else {
                const auto begin = size_t(parts[nApart].data() - text.data());
                parts.resize(nApart + 1);
                parts[nApart] = text.substr(begin);
            }
        }
    }
    r.charge(text.size() + parts.size() * 4 * sizeof(Value));
    std::vector<Value> items(parts.begin(), parts.end());
    return r.list(std::move(items));
}

Value partition(Renderer& r, const Value& self, CallValues& values, bool isFromRight)
{
    const std::string& text = self.string();
    const std::string& separator = requiredText(values, 0, "sep", "partition");
    if (separator.empty())
        throw TemplateError("empty separator");
    const size_t at = isFromRight ? findLastText(text, separator, std::string::npos) : findText(text, separator, 0);
    r.charge(text.size());
    if (at == std::string::npos)
        return isFromRight ? r.list({"", "", self}, List::Kind::tuple) : r.list({self, "", ""}, List::Kind::tuple);
    return r.list({text.substr(0, at), separator, text.substr(at + separator.size())}, List::Kind::tuple);
}

bool startsOrEnds(const Value& self, CallValues& values, bool isEnd)
{
    const Value& affix = required(values, 0, "prefix", isEnd ? "endswith" : "startswith");
    const auto matches = [&](const Value& v) {
        const std::string& s = stringArgument(v, "startswith");
        return isEnd ? self.string().ends_with(s) : self.string().starts_with(s);
    };
    if (const List* list = affix.list())
        return std::any_of(list->items.begin(), list->items.end(), matches);
    return matches(affix);
}

Value findMethodOf(const Value& self, CallValues& values, bool isFromRight, bool mustExist)
{
    const std::string& text = self.string();
    const std::string& part = requiredText(values, 0, "sub", "find");
    const auto n = int64_t(nCodePoints(text));
    int64_t first = optionalInteger(values, 1, "start", 0), last = optionalInteger(values, 2, "end", n);
    first = std::clamp<int64_t>(first < 0 ? first + n : first, 0, n);
    last = std::clamp<int64_t>(last < 0 ? last + n : last, 0, n);
    const size_t begin = offsetOfCodePoint(text, size_t(first)), end = std::max(begin, offsetOfCodePoint(text, size_t(last)));
    const std::string_view range = std::string_view(text).substr(begin, end - begin);
    const size_t at = first > last ? std::string::npos : isFromRight ? findLastText(range, part, std::string::npos) : findText(range, part, 0);
    if (at == std::string::npos) {
        if (mustExist)
            throw TemplateError("substring not found");
        return -1;
    }
    return first + int64_t(nCodePoints(range.substr(0, at)));
}

template <typename Predicate>
bool allCharacters(const Value& self, Predicate predicate)
{
    const std::string& text = self.string();
    if (text.empty())
        return false;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        if (!predicate(c.value))
            return false;
        at += size_t(c.nBytes);
    }
    return true;
}

bool hasCategory(char32_t c, std::initializer_list<utf8proc_category_t> categories)
{
    const utf8proc_category_t category = utf8proc_category(utf8proc_int32_t(c));
    return std::find(categories.begin(), categories.end(), category) != categories.end();
}

bool isAlpha(char32_t c)
{
    return hasCategory(c, {UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM, UTF8PROC_CATEGORY_LO});
}

bool isDecimal(char32_t c)
{
    return hasCategory(c, {UTF8PROC_CATEGORY_ND});
}

bool isNumeric(char32_t c)
{
    return hasCategory(c, {UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO});
}

char fillArgument(const CallValues& values)
{
    const Value* fill = values.find(1, "fillchar");
    if (!fill)
        return ' ';
    if (stringArgument(*fill, "fillchar").size() != 1)
        throw TemplateError("the fill character must be exactly one character long");
    return fill->string()[0];
}

constexpr MethodRow kTextMethods[] = {
    {"strip", [](Renderer& r, const Value& s, CallValues& v) { return r.text(std::string(stripped(s.string(), v.find(0, "chars")))); }},
    {"lstrip",
     [](Renderer& r, const Value& s, CallValues& v) { return r.text(std::string(stripped(s.string(), v.find(0, "chars"), true, false))); }},
    {"rstrip",
     [](Renderer& r, const Value& s, CallValues& v) { return r.text(std::string(stripped(s.string(), v.find(0, "chars"), false, true))); }},
    {"split", [](Renderer& r, const Value& s, CallValues& v) { return split(r, s, v, false); }},
    {"rsplit", [](Renderer& r, const Value& s, CallValues& v) { return split(r, s, v, true); }},
    {"splitlines",
     [](Renderer& r, const Value& s, CallValues& v) {
         const bool keepsEnds = v.find(0, "keepends") && isTrue(*v.find(0, "keepends"));
         std::vector<Value> items;
         const std::vector<std::string_view> lines = splitLines(s.string());
         r.charge(s.string().size() + lines.size() * 4 * sizeof(Value));
         for (size_t i = 0; i < lines.size(); ++i) {
             const char* end = i + 1 < lines.size() ? lines[i + 1].data() : s.string().data() + s.string().size();
             items.emplace_back(keepsEnds ? std::string(lines[i].data(), end) : std::string(lines[i]));
         }
         return r.list(std::move(items));
     }},
    {"partition", [](Renderer& r, const Value& s, CallValues& v) { return partition(r, s, v, false); }},
    {"rpartition", [](Renderer& r, const Value& s, CallValues& v) { return partition(r, s, v, true); }},
    {"join",
     [](Renderer& r, const Value& s, CallValues& v) {
         std::string out;
         bool isFirst = true;
         for (const Value& item : r.iterate(required(v, 0, "iterable", "join"))) {
             const std::string& part = stringArgument(item, "join");
             r.charge(part.size() + s.string().size());
             if (!isFirst)
                 out += s.string();
             out += part;
             isFirst = false;
         }
         return Value(std::move(out));
     }},
    {"replace",
     [](Renderer& r, const Value& s, CallValues& v) {
         return Value(replaced(r, s.string(), requiredText(v, 0, "old", "replace"), requiredText(v, 1, "new", "replace"),
                               optionalInteger(v, 2, "count", -1)));
     }},
    {"startswith", [](Renderer&, const Value& s, CallValues& v) { return Value(startsOrEnds(s, v, false)); }},
    {"endswith", [](Renderer&, const Value& s, CallValues& v) { return Value(startsOrEnds(s, v, true)); }},
    {"removeprefix",
     [](Renderer& r, const Value& s, CallValues& v) {
         const std::string& prefix = requiredText(v, 0, "prefix", "removeprefix");
         return s.string().starts_with(prefix) ? r.text(s.string().substr(prefix.size())) : s;
     }},
    {"removesuffix",
     [](Renderer& r, const Value& s, CallValues& v) {
         const std::string& suffix = requiredText(v, 0, "suffix", "removesuffix");
         return s.string().ends_with(suffix) ? r.text(s.string().substr(0, s.string().size() - suffix.size())) : s;
     }},
    {"upper", [](Renderer& r, const Value& s, CallValues&) { return r.text(upperCase(s.string())); }},
    {"lower", [](Renderer& r, const Value& s, CallValues&) { return r.text(lowerCase(s.string())); }},
    {"casefold", [](Renderer& r, const Value& s, CallValues&) { return r.text(lowerCase(s.string())); }},
    {"title", [](Renderer& r, const Value& s, CallValues&) { return r.text(titleCase(s.string())); }},
    {"capitalize", [](Renderer& r, const Value& s, CallValues&) { return r.text(capitalized(s.string())); }},
    {"swapcase",
     [](Renderer& r, const Value& s, CallValues&) {
         std::string out;
         for (size_t at = 0; at < s.string().size();) {
             const size_t n = size_t(decodeUtf8(s.string(), at).nBytes);
             const std::string c = s.string().substr(at, n), upper = upperCase(c);
             out += c == upper ? lowerCase(c) : upper;
             at += n;
         }
         return r.text(std::move(out));
     }},
    {"find", [](Renderer&, const Value& s, CallValues& v) { return findMethodOf(s, v, false, false); }},
    {"rfind", [](Renderer&, const Value& s, CallValues& v) { return findMethodOf(s, v, true, false); }},
    {"index", [](Renderer&, const Value& s, CallValues& v) { return findMethodOf(s, v, false, true); }},
    {"rindex", [](Renderer&, const Value& s, CallValues& v) { return findMethodOf(s, v, true, true); }},
    {"count",
     [](Renderer&, const Value& s, CallValues& v) {
         const std::string& part = requiredText(v, 0, "sub", "count");
         if (part.empty())
             return Value(int64_t(nCodePoints(s.string())) + 1);
         int64_t n = 0;
         for (size_t at = findText(s.string(), part, 0); at != std::string::npos; at = findText(s.string(), part, at + part.size()))
             ++n;
         return Value(n);
     }},
    {"format", [](Renderer& r, const Value& s, CallValues& v) { return Value(formatBraces(r, s.string(), v)); }},
    {"isspace", [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, isSpaceCharacter)); }},
    {"isalpha", [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, isAlpha)); }},
    {"isdigit", [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, isDecimal)); }},
    {"isdecimal", [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, isDecimal)); }},
    {"isnumeric", [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, isNumeric)); }},
    {"isalnum",
     [](Renderer&, const Value& s, CallValues&) { return Value(allCharacters(s, [](char32_t c) { return isAlpha(c) || isNumeric(c); })); }},
    {"isascii",
     [](Renderer&, const Value& s, CallValues&) {
         return Value(std::all_of(s.string().begin(), s.string().end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
     }},
    {"isupper",
     [](Renderer&, const Value& s, CallValues&) {
         return Value(s.string() == upperCase(s.string()) && s.string() != lowerCase(s.string()));
     }},
    {"islower",
     [](Renderer&, const Value& s, CallValues&) {
         return Value(s.string() == lowerCase(s.string()) && s.string() != upperCase(s.string()));
     }},
    {"center",
     [](Renderer& r, const Value& s, CallValues& v) {
         return Value(padded(r, s.string(), optionalInteger(v, 0, "width", 0), fillArgument(v), 1, 1));
     }},
    {"ljust",
     [](Renderer& r, const Value& s, CallValues& v) {
         return Value(padded(r, s.string(), optionalInteger(v, 0, "width", 0), fillArgument(v), 0, 1));
     }},
    {"rjust",
     [](Renderer& r, const Value& s, CallValues& v) {
         return Value(padded(r, s.string(), optionalInteger(v, 0, "width", 0), fillArgument(v), 1, 0));
     }},
    {"zfill",
     [](Renderer& r, const Value& s, CallValues& v) {
         const bool hasSign = s.string().starts_with('-') || s.string().starts_with('+');
         const int64_t width = optionalInteger(v, 0, "width", 0) - hasSign;
         return Value(s.string().substr(0, hasSign) + padded(r, s.string().substr(hasSign), width, '0', 1, 0));
     }},
};

// Lists. Python's sandbox forbids templates to change them; other renderers allow it, and some templates rely on that.

int64_t indexIn(const List& list, int64_t index)
{
    const auto n = int64_t(list.items.size());
    return index < 0 ? std::max<int64_t>(index + n, 0) : std::min(index, n);
}

constexpr MethodRow kListMethods[] = {
    {"append",
     [](Renderer& r, const Value& s, CallValues& v) {
         r.charge(2 * sizeof(Value));
         s.list()->items.push_back(required(v, 0, "object", "append"));
         return Value(None{});
     }},
    {"extend",
     [](Renderer& r, const Value& s, CallValues& v) {
         const std::vector<Value> more = r.iterate(required(v, 0, "iterable", "extend"));
         r.charge(2 * more.size() * sizeof(Value));
         s.list()->items.insert(s.list()->items.end(), more.begin(), more.end());
         return Value(None{});
     }},
    {"insert",
     [](Renderer& r, const Value& s, CallValues& v) {
         r.charge(2 * sizeof(Value));
         const int64_t at = indexIn(*s.list(), optionalInteger(v, 0, "index", 0));
         s.list()->items.insert(s.list()->items.begin() + ptrdiff_t(at), required(v, 1, "object", "insert"));
         return Value(None{});
     }},
    {"pop",
     [](Renderer&, const Value& s, CallValues& v) {
         std::vector<Value>& items = s.list()->items;
         const int64_t index = optionalInteger(v, 0, "index", -1), n = int64_t(items.size());
         if (index < -n || index >= n)
             throw TemplateError("pop index out of range");
         const auto at = items.begin() + ptrdiff_t(index < 0 ? index + n : index);
         Value popped = *at;
         items.erase(at);
         return popped;
     }},
    {"remove",
     [](Renderer& r, const Value& s, CallValues& v) {
         std::vector<Value>& items = s.list()->items;
         const Value& item = required(v, 0, "value", "remove");
         const auto at = std::find_if(items.begin(), items.end(), [&](const Value& x) { return r.same(x, item); });
         if (at == items.end())
             throw TemplateError("list.remove(x): x not in list");
         items.erase(at);
         return Value(None{});
     }},
    {"index",
     [](Renderer& r, const Value& s, CallValues& v) {
         const std::vector<Value>& items = s.list()->items;
         const Value& item = required(v, 0, "value", "index");
         const auto at = std::find_if(items.begin(), items.end(), [&](const Value& x) { return r.same(x, item); });
         if (at == items.end())
             throw TemplateError(representation(r.budget(), item) + " is not in list");
         return Value(int64_t(at - items.begin()));
     }},
    {"count",
     [](Renderer& r, const Value& s, CallValues& v) {
         const Value& item = required(v, 0, "value", "count");
         const std::vector<Value>& items = s.list()->items;
         return Value(int64_t(std::count_if(items.begin(), items.end(), [&](const Value& x) { return r.same(x, item); })));
     }},
    {"reverse",
     [](Renderer&, const Value& s, CallValues&) {
         std::reverse(s.list()->items.begin(), s.list()->items.end());
         return Value(None{});
     }},
    {"clear",
     [](Renderer&, const Value& s, CallValues&) {
         s.list()->items.clear();
         return Value(None{});
     }},
    {"copy", [](Renderer& r, const Value& s, CallValues&) { return r.list(s.list()->items); }},
};

// Dictionaries

constexpr MethodRow kMapMethods[] = {
    {"get",
     [](Renderer&, const Value& s, CallValues& v) {
         const Value& key = required(v, 0, "key", "get");
         const Value* found = key.isString() ? s.map()->find(std::string_view(key.string())) : s.map()->find(key);
         const Value* fallback = v.find(1, "default");
         return found ? *found : fallback ? *fallback : Value(None{});
     }},
    {"items",
     [](Renderer& r, const Value& s, CallValues&) {
         std::vector<Value> items;
         for (const auto& [key, value] : s.map()->entries)
             items.push_back(r.list({key, value}, List::Kind::tuple));
         return r.list(std::move(items), List::Kind::view);
     }},
    {"keys",
     [](Renderer& r, const Value& s, CallValues&) {
         std::vector<Value> items;
         for (const auto& [key, value] : s.map()->entries)
             items.push_back(key);
         return r.list(std::move(items), List::Kind::view);
     }},
    {"values",
     [](Renderer& r, const Value& s, CallValues&) {
         std::vector<Value> items;
         for (const auto& [key, value] : s.map()->entries)
             items.push_back(value);
         return r.list(std::move(items), List::Kind::view);
     }},
    {"pop",
     [](Renderer& r, const Value& s, CallValues& v) {
         const Value& key = required(v, 0, "key", "pop");
         const Value* found = s.map()->find(key);
         const Value* fallback = v.find(1, "default");
         if (!found && !fallback)
             throw TemplateError("the dictionary has no key " + representation(r.budget(), key));
         Value popped = found ? *found : *fallback;
         s.map()->erase(key);
         return popped;
     }},
    {"setdefault",
     [](Renderer& r, const Value& s, CallValues& v) {
         const Value& key = required(v, 0, "key", "setdefault");
         if (const Value* found = s.map()->find(key))
             return *found;
         const Value* fallback = v.find(1, "default");
         r.charge(4 * sizeof(Value));
         s.map()->set(key, fallback ? *fallback : Value(None{}));
         return *s.map()->find(key);
     }},
    {"update",
     [](Renderer& r, const Value& s, CallValues& v) {
         if (const Value* other = v.positional.empty() ? nullptr : &v.positional[0]) {
             if (!other->map())
                 throw TemplateError("update needs a mapping");
             const auto entries = other->map()->entries;
             r.charge(entries.size() * 4 * sizeof(Value));
             for (const auto& [key, value] : entries)
                 s.map()->set(key, value);
         }
         for (const auto& [key, value] : v.named)
             s.map()->set(key, value);
         return Value(None{});
     }},
    {"copy",
     [](Renderer& r, const Value& s, CallValues&) {
         r.charge(s.map()->entries.size() * 4 * sizeof(Value));
         Map* copy = r.pool().map();
         for (const auto& [key, value] : s.map()->entries)
             copy->set(key, value);
         return Value(copy);
     }},
    {"clear",
     [](Renderer&, const Value& s, CallValues&) {
         *s.map() = Map();
         return Value(None{});
     }},
};

template <size_t N>
Method findIn(const MethodRow (&rows)[N], std::string_view name)
{
    for (const MethodRow& row : rows)
        if (row.name == name)
            return row.method;
    return nullptr;
}

Method findMethod(const Value& self, std::string_view name)
{
    if (self.isString())
        return findIn(kTextMethods, name);
    if (const Map* map = self.map())
        return map->isNamespace ? nullptr : findIn(kMapMethods, name);
    if (const List* list = self.list()) {
        if (list->kind == List::Kind::list || (list->kind == List::Kind::tuple && (name == "index" || name == "count")))
            return findIn(kListMethods, name);
    }
    return nullptr;
}

} // namespace

bool hasMethod(const Value& self, std::string_view name)
{
    return findMethod(self, name) != nullptr;
}

Value callMethod(Renderer& renderer, const Value& self, std::string_view name, CallValues& values)
{
    const Method method = findMethod(self, name);
    if (!method)
        throw TemplateError("'" + std::string(typeName(self)) + "' object has no attribute '" + std::string(name) + "'");
    return method(renderer, self, values);
}

} // namespace sy::tokenizer::jinja
