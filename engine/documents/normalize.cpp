// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/normalize.h"

#include "engine/core/utf8.h"

#include <memory>
#include <utf8proc.h>

namespace sy::documents {
namespace {

utf8proc_category_t category(char32_t c)
{
    return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// Between these letters a zero-width (non-)joiner changes how a word is spelled: Arabic to Sinhala, Tibetan, Khmer,
// Mongolian.
bool needsJoiners(char32_t c)
{
    return (c >= 0x0600 && c <= 0x0fff) || (c >= 0x1780 && c <= 0x18af);
}

bool isEmojiPart(char32_t c)
{
    return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) || c == 0xfe0f || c == 0x2640 || c == 0x2642;
}

bool isDropped(char32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c <= 0x9f) || c == 0x00ad || c == 0x034f || c == 0x061c ||
           c == 0x115f || c == 0x1160 || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xfdd0 && c <= 0xfdef) ||
           (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

bool isOtherSpace(char32_t c)
{
    return c == 0x00a0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f;
}

// Certainly unchanged by NFC whatever stands around them, so that almost all text needs no decomposition. Everything that is
// not listed goes through utf8proc.
bool isStableUnderNfc(char32_t c)
{
    return c < 0x0300 || (c >= 0x0400 && c <= 0x0482) || (c >= 0x048a && c <= 0x0530) || (c >= 0x2010 && c <= 0x2027) ||
           (c >= 0x3000 && c <= 0x3029) || (c >= 0x3030 && c <= 0x3098) || (c >= 0x309b && c <= 0x312f) ||
           (c >= 0x3400 && c <= 0x9fff) || (c >= 0xff01 && c <= 0xffef);
}

void appendNfc(std::string& out, std::string_view text)
{
    utf8proc_uint8_t* raw = nullptr;
    const auto n =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &raw, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&free)> owned(raw, &free);
    if (n >= 0)
        out.append(reinterpret_cast<const char*>(raw), static_cast<size_t>(n));
    else
        out += text;
}

void appendGlyphForm(std::string& out, char32_t c)
{
    static constexpr const char* kLigatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"}; // U+FB00..FB06
    if (c >= 0xfb00 && c <= 0xfb06) {
        out += kLigatures[c - 0xfb00];
        return;
    }
    // Fonts made from a Chinese character set often map 一 to the radical that looks like it; nobody searches for radicals.
    std::string one;
    appendUtf8(one, c);
    utf8proc_uint8_t* raw = nullptr;
    const auto n =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(one.data()), static_cast<utf8proc_ssize_t>(one.size()), &raw,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&free)> owned(raw, &free);
    out.append(n >= 0 ? reinterpret_cast<const char*>(raw) : one.data(), n >= 0 ? static_cast<size_t>(n) : one.size());
}

} // namespace

void appendNormalized(std::string& out, std::string_view text, const NormalizeOptions& options)
{
    std::string pending; // since the last line feed, already cleaned
    bool isStable = true;
    char32_t previous = 0;
    auto flush = [&] {
        if (isStable)
            out += pending;
        else
            appendNfc(out, pending);
        pending.clear();
        isStable = true;
    };
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte >= 0x20 && byte < 0x7f) {
            pending += text[at++];
            previous = byte;
            continue;
        }
        const CodePoint point = decodeUtf8(text, at);
        const char32_t c = point.value;
        at += static_cast<size_t>(point.nBytes);
        if (c == '\n' || c == '\r' || c == 0x0b || c == 0x0c || c == 0x85 || c == 0x2028 || c == 0x2029) {
            if (c == '\r' && at < text.size() && text[at] == '\n')
                ++at;
            pending += '\n';
            flush();
        } else if (c == '\t') {
            pending += '\t';
        } else if (isOtherSpace(c)) {
            pending += ' ';
        } else if (c == 0x200c || c == 0x200d) {
            const char32_t next = at < text.size() ? decodeUtf8(text, at).value : 0;
            const bool keeps = (needsJoiners(previous) && needsJoiners(next)) ||
                               (c == 0x200d && isEmojiPart(previous) && isEmojiPart(next));
            if (keeps) {
                appendUtf8(pending, c);
                isStable = false;
            }
        } else if (isDropped(c)) {
            continue;
        } else if (options.foldsGlyphForms && ((c >= 0xfb00 && c <= 0xfb06) || (c >= 0x2e80 && c <= 0x2fdf))) {
            appendGlyphForm(pending, c);
        } else {
            appendUtf8(pending, c);
            isStable = isStable && isStableUnderNfc(c);
        }
        previous = c;
    }
    flush();
}

std::string normalized(std::string_view text, const NormalizeOptions& options)
{
    std::string out;
    out.reserve(text.size());
    appendNormalized(out, text, options);
    return out;
}

bool isHan(char32_t c)
{
    return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff) || c == 0x3005 ||
           c == 0x3007;
}

bool isCjk(char32_t c)
{
    return isHan(c) || (c >= 0x3000 && c <= 0x30ff) || (c >= 0x3100 && c <= 0x312f) || (c >= 0x31a0 && c <= 0x31ff) ||
           (c >= 0xfe30 && c <= 0xfe4f) || (c >= 0xff00 && c <= 0xffef) || (c >= 0x2e80 && c <= 0x2fdf) || c == 0x2014 ||
           c == 0x2026;
}

bool isRightToLeft(char32_t c)
{
    return (c >= 0x0590 && c <= 0x08ff) || (c >= 0xfb1d && c <= 0xfdff) || (c >= 0xfe70 && c <= 0xfeff) ||
           (c >= 0x10800 && c <= 0x10fff) || (c >= 0x1e800 && c <= 0x1efff);
}

bool isLetter(char32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const auto kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool isLowercase(char32_t c)
{
    return c < 0x80 ? c >= 'a' && c <= 'z' : category(c) == UTF8PROC_CATEGORY_LL;
}

bool isUppercase(char32_t c)
{
    return c < 0x80 ? c >= 'A' && c <= 'Z' : category(c) == UTF8PROC_CATEGORY_LU;
}

bool isDigit(char32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19);
}

bool isSpace(char32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == 0x3000 || c == 0xa0;
}

bool isUnreadable(char32_t c)
{
    if (c == 0xfffd)
        return true;
    if (c < 0x80)
        return c < 0x20 && c != '\t' && c != '\n';
    const auto kind = category(c);
    return kind == UTF8PROC_CATEGORY_CN || kind == UTF8PROC_CATEGORY_CO || kind == UTF8PROC_CATEGORY_CS ||
           kind == UTF8PROC_CATEGORY_CC;
}

int64_t countCodePoints(std::string_view utf8)
{
    int64_t n = 0;
    for (const char c : utf8)
        n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}

} // namespace sy::documents
