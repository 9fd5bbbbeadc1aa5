// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/tokenizer/jinja/functions.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace sy::tokenizer::jinja {

namespace {

constexpr int64_t kWidestField = 10'000; // of a format directive: "%999999999d" is no text that anybody wants

std::string mapped(std::string_view text, utf8proc_int32_t (*map)(utf8proc_int32_t), bool isUpper)
{
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        if (!c.isValid)
            out += text[at];
        else if (isUpper && c.value == 0xDF)
            out += "SS";
        else
            appendUtf8(out, char32_t(map(utf8proc_int32_t(c.value))));
        at += size_t(c.nBytes);
    }
    return out;
}

bool isLetter(char32_t c)
{
    const utf8proc_category_t category = utf8proc_category(utf8proc_int32_t(c));
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT ||
           category == UTF8PROC_CATEGORY_LM || category == UTF8PROC_CATEGORY_LO;
}

// One directive of a format: [[fill]align][sign][#][0][width][,][.precision][type]
struct Directive {
    std::string fill = " ";
    char align = 0;
    char sign = '-';
    bool isZeroPadded = false;
    bool hasCommas = false;
    int64_t width = 0;
    int64_t precision = -1;
    char type = 0;
};

std::string grouped(std::string digits)
{
    const size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
    for (size_t at = end; at > 3; at -= 3)
        digits.insert(digits.begin() + ptrdiff_t(at) - 3, ',');
    return digits;
}

std::string formattedNumber(const Value& value, const Directive& d)
{
    const auto integer = value.integer();
    const bool isReal = value.isFloat() || std::string_view("fFeEgG%").find(d.type) != std::string_view::npos;
    std::string digits;
    bool isNegative = false;
    if (isReal && d.type == 0 && d.precision < 0) {
        digits = formatFloat(std::abs(value.number()));
        isNegative = std::signbit(value.number());
    } else if (isReal) {
        const double number = value.number() * (d.type == '%' ? 100 : 1);
        isNegative = std::signbit(number);
        const char type = d.type == '%' ? 'f' : d.type == 0 ? 'g' : d.type;
        const char format[] = {'%', '.', '*', type, 0};
        char buffer[512];
        const int n = std::snprintf(buffer, sizeof buffer, format, int(d.precision < 0 ? 6 : std::min<int64_t>(d.precision, 100)),
                                    std::abs(number));
        digits.assign(buffer, size_t(std::clamp(n, 0, int(sizeof buffer) - 1)));
        if (d.type == '%')
            digits += '%';
    } else {
        isNegative = *integer < 0;
        const uint64_t magnitude = isNegative ? 0 - uint64_t(*integer) : uint64_t(*integer);
        char buffer[80];
        if (d.type == 'x' || d.type == 'X' || d.type == 'o')
            std::snprintf(buffer, sizeof buffer, d.type == 'x' ? "%llx" : d.type == 'X' ? "%llX" : "%llo", (unsigned long long)magnitude);
        else
            std::snprintf(buffer, sizeof buffer, "%llu", (unsigned long long)magnitude);
        digits = buffer;
        if (d.type == 'b') {
            digits.clear();
            for (uint64_t rest = magnitude; rest > 0 || digits.empty(); rest >>= 1)
                digits.insert(digits.begin(), char('0' + (rest & 1)));
        }
    }
    if (d.hasCommas)
        digits = grouped(digits);
    std::string sign;
    if (isNegative || d.sign != '-')
        sign.assign(1, isNegative ? '-' : d.sign);
    if (d.isZeroPadded && d.align == 0)
        while (int64_t(sign.size() + digits.size()) < d.width)
            digits.insert(digits.begin(), '0');
    return sign + digits;
}

std::string aligned(const std::string& text, const Directive& d, char fallback)
{
    const auto n = int64_t(nCodePoints(text));
    if (n >= d.width)
        return text;
    const int64_t missing = d.width - n;
    const char align = d.align ? d.align : fallback;
    const int64_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
    std::string out;
    for (int64_t i = 0; i < left; ++i)
        out += d.fill;
    out += text;
    for (int64_t i = left; i < missing; ++i)
        out += d.fill;
    return out;
}

int64_t takeNumber(std::string_view text, size_t& at)
{
    int64_t value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        value = value * 10 + (text[at] - '0');
        if (value > kWidestField)
            throw TemplateError("a format's width is too large");
    }
    return value;
}

Directive parseDirective(std::string_view spec)
{
    Directive d;
    size_t at = 0;
    const auto isAlign = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
    if (!spec.empty()) {
        const size_t n = size_t(decodeUtf8(spec, 0).nBytes);
        if (n < spec.size() && isAlign(spec[n])) {
            d.fill = spec.substr(0, n);
            d.align = spec[n];
            at = n + 1;
        } else if (isAlign(spec[0])) {
            d.align = spec[0];
            at = 1;
        }
    }
    if (at < spec.size() && (spec[at] == '+' || spec[at] == '-' || spec[at] == ' '))
        d.sign = spec[at++];
    if (at < spec.size() && spec[at] == '#')
        ++at;
    if (at < spec.size() && spec[at] == '0') {
        d.isZeroPadded = true;
        ++at;
    }
    d.width = takeNumber(spec, at);
    if (at < spec.size() && (spec[at] == ',' || spec[at] == '_')) {
        d.hasCommas = true;
        ++at;
    }
    if (at < spec.size() && spec[at] == '.')
        d.precision = takeNumber(spec, ++at);
    if (at < spec.size())
        d.type = spec[at++];
    if (at < spec.size())
        throw TemplateError("invalid format specifier \"" + std::string(spec) + "\"");
    return d;
}

std::string formattedValue(Renderer& renderer, const Value& value, std::string_view spec)
{
    if (spec.empty())
        return renderer.str(value);
    const Directive d = parseDirective(spec);
    if (value.isNumber() && d.type != 's' && !(value.isBool() && d.type == 0))
        return aligned(formattedNumber(value, d), d, '>');
    std::string text = renderer.str(value);
    if (d.precision >= 0)
        text.resize(offsetOfCodePoint(text, size_t(d.precision)));
    return aligned(text, d, '<');
}

} // namespace

// memmem is linear; std::string::find takes the product of both sizes on texts made for it.
size_t findText(std::string_view text, std::string_view part, size_t from)
{
    if (from > text.size())
        return std::string_view::npos;
    const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
    return found ? size_t(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

size_t findLastText(std::string_view text, std::string_view part, size_t from)
{
    if (part.size() > 64 && text.size() > (size_t(1) << 32) / part.size())
        throw TemplateError("searching such a long text from its end takes too long");
    return text.rfind(part, from);
}

bool isSpaceCharacter(char32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string upperCase(std::string_view text)
{
    return mapped(text, utf8proc_toupper, true);
}

std::string lowerCase(std::string_view text)
{
    return mapped(text, utf8proc_tolower, false);
}

std::string titleCase(std::string_view text)
{
    std::string out;
    bool isAfterLetter = false;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        const std::string_view character = text.substr(at, size_t(c.nBytes));
        out += isAfterLetter ? lowerCase(character) : upperCase(character);
        isAfterLetter = isLetter(c.value);
        at += size_t(c.nBytes);
    }
    return out;
}

std::string capitalized(std::string_view text)
{
    const size_t first = offsetOfCodePoint(text, 1);
    return upperCase(text.substr(0, first)) + lowerCase(text.substr(first));
}

std::string_view stripped(std::string_view text, const Value* characters, bool left, bool right)
{
    std::u32string set;
    const bool isSpaces = !characters || characters->isNone() || characters->isUndefined();
    if (!isSpaces)
        set = toUtf32(stringArgument(*characters, "strip"));
    const auto isStripped = [&](char32_t c) { return isSpaces ? isSpaceCharacter(c) : set.find(c) != std::u32string::npos; };
    while (left && !text.empty()) {
        const CodePoint c = decodeUtf8(text, 0);
        if (!isStripped(c.value))
            break;
        text.remove_prefix(size_t(c.nBytes));
    }
    while (right && !text.empty()) {
        size_t begin = text.size() - 1;
        while (begin > 0 && text.size() - begin < 4 && (text[begin] & 0xC0) == 0x80)
            --begin;
        if (begin + size_t(decodeUtf8(text, begin).nBytes) != text.size())
            begin = text.size() - 1; // a stray byte
        if (!isStripped(decodeUtf8(text, begin).value))
            break;
        text = text.substr(0, begin);
    }
    return text;
}

std::string replaced(Renderer& renderer, const std::string& text, const std::string& from, const std::string& to, int64_t count)
{
    // Places first, so that the size is known before anything is made.
    std::vector<size_t> places;
    const auto isMore = [&] { return count < 0 || int64_t(places.size()) < count; };
    if (from.empty()) {
        for (size_t at = 0; isMore() && at <= text.size(); at += at < text.size() ? size_t(decodeUtf8(text, at).nBytes) : 1)
            places.push_back(at);
    } else {
        for (size_t at = findText(text, from, 0); isMore() && at != std::string::npos; at = findText(text, from, at + from.size()))
            places.push_back(at);
    }
    renderer.charge(places.size() * sizeof(size_t));
    if (!places.empty() && to.size() > renderer.options().limits.memoryBytes / places.size())
        throw TemplateError("the template needs too much memory");
    renderer.charge(text.size() + places.size() * to.size());
    std::string out;
    size_t done = 0;
    for (const size_t place : places) {
        out.append(text, done, place - done);
        out += to;
        done = place + from.size();
    }
    return out.append(text, done);
}

std::vector<std::string_view> splitLines(std::string_view text)
{
    std::vector<std::string_view> lines;
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        const size_t next = at + size_t(c.nBytes);
        const bool isBreak = (c.value >= 0x0A && c.value <= 0x0D) || (c.value >= 0x1C && c.value <= 0x1E) || c.value == 0x85 ||
                             c.value == 0x2028 || c.value == 0x2029;
        if (!isBreak) {
            at = next;
            continue;
        }
        lines.push_back(text.substr(begin, at - begin));
        at = next + (c.value == '\r' && next < text.size() && text[next] == '\n');
        begin = at;
    }
    if (begin < text.size())
        lines.push_back(text.substr(begin));
    return lines;
}

std::string padded(Renderer& renderer, const std::string& text, int64_t width, char fill, int64_t leftShare, int64_t rightShare)
{
    const auto n = int64_t(nCodePoints(text));
    if (width <= n)
        return text;
    const int64_t missing = width - n;
    renderer.charge(uint64_t(missing) + text.size());
    // Python's center puts the odd space to the left for odd widths.
    const int64_t left = leftShare == 0 ? 0 : rightShare == 0 ? missing : missing / 2 + (missing & width & 1);
    return std::string(size_t(left), fill) + text + std::string(size_t(missing - left), fill);
}

std::string formatPercent(Renderer& renderer, const std::string& format, const Value& values)
{
    const List* tuple = values.list();
    if (tuple && tuple->kind != List::Kind::tuple)
        tuple = nullptr;
    size_t nUsed = 0;
    std::string out;
    for (size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%') {
            out += format[at];
            continue;
        }
        if (++at >= format.size())
            throw TemplateError("incomplete format");
        if (format[at] == '%') {
            out += '%';
            continue;
        }
        Value value;
        bool isNamed = false;
        if (format[at] == '(') {
            const size_t close = format.find(')', at);
            if (close == std::string::npos || !values.map())
                throw TemplateError("format requires a mapping");
            const Value* named = values.map()->find(std::string_view(format).substr(at + 1, close - at - 1));
            if (!named)
                throw TemplateError("a key of the format is missing");
            value = *named;
            isNamed = true;
            at = close + 1;
        }
        Directive d;
        for (; at < format.size(); ++at) {
            if (format[at] == '-')
                d.align = '<';
            else if (format[at] == '0')
                d.isZeroPadded = true;
            else if (format[at] == '+' || format[at] == ' ')
                d.sign = format[at];
            else if (format[at] != '#')
                break;
        }
        d.width = takeNumber(format, at);
        if (at < format.size() && format[at] == '.')
            d.precision = takeNumber(format, ++at);
        if (at >= format.size())
            throw TemplateError("incomplete format");
        d.type = format[at];
        if (!isNamed) {
            if (nUsed >= (tuple ? tuple->items.size() : 1))
                throw TemplateError("not enough arguments for format string");
            value = tuple ? tuple->items[nUsed] : values;
            ++nUsed;
        }
        if (d.type == 's' || d.type == 'r') {
            std::string text = d.type == 's' ? renderer.str(value) : representation(renderer.budget(), value);
            if (d.precision >= 0)
                text.resize(offsetOfCodePoint(text, size_t(d.precision)));
            out += aligned(text, d, '>');
        } else {
            if (!value.isNumber())
                throw TemplateError(std::string("%") + d.type + " format: a number is required, not " + std::string(typeName(value)));
            if (d.type == 'i' || d.type == 'u')
                d.type = 'd';
            if (std::string_view("dxXofFeEgG").find(d.type) == std::string_view::npos)
                throw TemplateError(std::string("unsupported format character '") + d.type + "'");
            if (std::string_view("dxXo").find(d.type) != std::string_view::npos && value.isFloat()) {
                if (!(std::abs(value.number()) < 9e18))
                    throw TemplateError("a number is out of range");
                value = int64_t(value.number());
            }
            out += aligned(formattedNumber(value, d), d, '>');
        }
        renderer.charge(uint64_t(d.width) + 16);
    }
    if (tuple && nUsed < tuple->items.size())
        throw TemplateError("not all arguments converted during string formatting");
    return out;
}

std::string formatBraces(Renderer& renderer, const std::string& format, CallValues& values)
{
    std::string out;
    size_t nUsed = 0;
    for (size_t at = 0; at < format.size(); ++at) {
        const char c = format[at];
        if ((c == '{' || c == '}') && at + 1 < format.size() && format[at + 1] == c) {
            out += c;
            ++at;
            continue;
        }
        if (c == '}')
            throw TemplateError("Single '}' encountered in format string");
        if (c != '{') {
            out += c;
            continue;
        }
        const size_t close = format.find('}', at);
        if (close == std::string::npos)
            throw TemplateError("expected '}' before end of string");
        const std::string_view field = std::string_view(format).substr(at + 1, close - at - 1);
        if (field.find('{') != std::string_view::npos)
            throw TemplateError("nested format fields are not supported");
        const size_t colon = std::min(field.find(':'), field.size());
        std::string_view name = field.substr(0, colon);
        const bool isRepresentation = name.ends_with("!r");
        if (isRepresentation || name.ends_with("!s"))
            name.remove_suffix(2);
        const size_t path = std::min(name.find_first_of(".["), name.size());
        const std::string_view head = name.substr(0, path);
        const Value* found = nullptr;
        if (head.empty() || head.find_first_not_of("0123456789") == std::string_view::npos) {
            size_t digits = 0;
            const size_t position = head.empty() ? nUsed++ : size_t(takeNumber(head, digits));
            found = position < values.positional.size() ? &values.positional[position] : nullptr;
        } else {
            found = values.findNamed(head);
        }
        if (!found)
            throw TemplateError("the format names an argument that is not given: " + std::string(head));
        Value value = *found;
        if (path < name.size() && name[path] == '.')
            value = renderer.path(value, Value(name.substr(path + 1)));
        else if (path < name.size() && name.ends_with(']'))
            value = renderer.path(value, Value(name.substr(path + 1, name.size() - path - 2)));
        if (isRepresentation)
            value = representation(renderer.budget(), value);
        const std::string text = formattedValue(renderer, value, field.substr(std::min(colon + 1, field.size())));
        renderer.charge(text.size());
        out += text;
        at = close;
    }
    return out;
}

int64_t integerArgument(const Value& value, std::string_view what)
{
    if (const auto i = value.integer())
        return *i;
    throw TemplateError(std::string(what) + " must be an integer, not " + std::string(typeName(value)));
}

const std::string& stringArgument(const Value& value, std::string_view what)
{
    if (value.isString())
        return value.string();
    throw TemplateError(std::string(what) + ": text expected, not " + std::string(typeName(value)));
}

} // namespace sy::tokenizer::jinja
