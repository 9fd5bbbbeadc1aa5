// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"

namespace sy {

CodePoint decodeUtf8(std::string_view text, size_t at)
{
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80)
        return {lead, 1, true};
    const int n = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 && lead < 0xE0 ? 2 : 0;
    if (n == 0 || at + n > text.size())
        return {0xFFFD, 1, false};
    char32_t value = lead & (0xFF >> (n + 1));
    for (int i = 1; i < n; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80)
            return {0xFFFD, 1, false};
        value = value << 6 | (byte(at + i) & 0x3F);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < kSmallest[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return {0xFFFD, 1, false};
    return {value, n, true};
}

void appendUtf8(std::string& out, char32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

std::u32string toUtf32(std::string_view text)
{
    std::u32string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        out += c.value;
        at += c.nBytes;
    }
    return out;
}

std::string toUtf8(std::u32string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char32_t c : text)
        appendUtf8(out, c);
    return out;
}

bool isValidUtf8(std::string_view text)
{
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        if (!c.isValid)
            return false;
        at += c.nBytes;
    }
    return true;
}

std::string sanitizedUtf8(std::string_view text)
{
    if (isValidUtf8(text))
        return std::string(text);
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        appendUtf8(out, c.value);
        at += c.nBytes;
    }
    return out;
}

size_t incompleteUtf8Tail(std::string_view text)
{
    const size_t longest = text.size() < 3 ? text.size() : 3;
    for (size_t back = 1; back <= longest; ++back) {
        const auto lead = static_cast<unsigned char>(text[text.size() - back]);
        if ((lead & 0xC0) == 0x80)
            continue;
        const size_t needed = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 && lead < 0xE0 ? 2 : 1;
        return needed > back ? back : 0;
    }
    return 0;
}

} // namespace sy
