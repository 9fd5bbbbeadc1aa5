// SPDX-License-Identifier: GPL-3.0-or-later
// NFC is an algorithm (decompose, sort the marks, compose); a charsmap is a list. This writes the list out as far as text uses it:
//
//   letters    base + marks of each composed letter: the marks in each order that sorts back to the same, and after each step that
//              has a composed letter of its own, that letter + the remaining marks      (e + ^ + .,  e + . + ^,  ê + .,  ẹ + ^ all give ệ)
//   Hangul     L + V, L + V + T, LV + T
//   widths     each of these with any code point of U+FF00 to U+FFEF that the single rules turn into the one written: half-width kana with
//              half-width voice marks, full-width letters with marks
//
#include "engine/core/utf8.h"
#include "engine/formats/charsmap.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <utf8proc.h>

namespace sy::formats {

namespace {

struct Free {
    void operator()(utf8proc_uint8_t* p) const noexcept { std::free(p); }
};

std::string normalized(const std::string& text, bool isComposed)
{
    utf8proc_uint8_t* raw = nullptr;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | (isComposed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE));
    const utf8proc_ssize_t n =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), utf8proc_ssize_t(text.size()), &raw, options);
    const std::unique_ptr<utf8proc_uint8_t, Free> owned(raw);
    return n < 0 ? text : std::string(reinterpret_cast<const char*>(raw), size_t(n));
}

std::u32string normalized(std::u32string_view text, bool isComposed)
{
    return toUtf32(normalized(toUtf8(text), isComposed));
}

constexpr char32_t kHangulFirst = 0xAC00, kHangulLast = 0xD7A3;
constexpr char32_t kFirstL = 0x1100, kFirstV = 0x1161, kNoT = 0x11A7;
constexpr int kNumV = 21, kNumT = 28;

class Compositions {
public:
    explicit Compositions(std::span<const CharRule> singles)
    {
        for (const CharRule& rule : singles) {
            const std::u32string from = toUtf32(rule.from);
            const std::u32string to = toUtf32(rule.to);
            m_single[from[0]] = to;
            if (from[0] >= 0xFF00 && from[0] <= 0xFFEF && to.size() == 1)
                m_widths[to[0]].push_back(from[0]);
        }
    }

    std::vector<CharRule> all()
    {
        for (char32_t c = 0xA0; c <= 0x10FFFF; ++c)
            if ((c < 0xD800 || c > 0xDFFF) && (c < kHangulFirst || c > kHangulLast))
                addLetter(c);
        for (char32_t c = kHangulFirst; c <= kHangulLast; ++c)
            addSyllable(c);
        std::vector<CharRule> out;
        for (const auto& [from, to] : m_rules)
            out.push_back({from, to});
        return out;
    }

private:
    void addLetter(char32_t c)
    {
        if (utf8proc_get_property(utf8proc_int32_t(c))->decomp_seqindex == UINT16_MAX)
            return; // the quick no for a million code points
        const std::u32string letter(1, c);
        const std::u32string parts = normalized(letter, false);
        if (parts.size() < 2 || normalized(parts, true) != letter)
            return; // nothing to compose, or one that Unicode leaves decomposed
        std::u32string marks = parts.substr(1);
        std::ranges::sort(marks);
        do {
            if (normalized(parts[0] + marks, false) != parts)
                continue; // two marks of one class changed places: another letter
            for (size_t nInside = 0; nInside < marks.size(); ++nInside) {
                const std::u32string head = normalized(parts[0] + marks.substr(0, nInside), true);
                if (head.size() == 1)
                    addWidths(head + marks.substr(nInside), 0);
            }
        } while (std::ranges::next_permutation(marks).found);
    }

    void addSyllable(char32_t c)
    {
        const auto index = int(c - kHangulFirst);
        const char32_t l = kFirstL + char32_t(index / (kNumV * kNumT));
        const char32_t v = kFirstV + char32_t(index / kNumT % kNumV);
        const char32_t t = kNoT + char32_t(index % kNumT);
        if (t == kNoT) {
            add({l, v});
        } else {
            add({l, v, t});
            add({c - (t - kNoT), t});
        }
    }

    // Adds text with the code point at `at` and all later ones in each of their widths.
    void addWidths(const std::u32string& text, size_t at)
    {
        if (at == text.size()) {
            add(text);
            return;
        }
        addWidths(text, at + 1);
        const auto it = m_widths.find(text[at]);
        if (it == m_widths.end())
            return;
        for (const char32_t other : it->second) {
            std::u32string variant = text;
            variant[at] = other;
            addWidths(variant, at + 1);
        }
    }

    void add(const std::u32string& from)
    {
        std::u32string mapped;
        for (const char32_t c : from) {
            const auto it = m_single.find(c);
            mapped += it == m_single.end() ? std::u32string(1, c) : it->second;
        }
        const std::u32string composed = normalized(mapped, true);
        if (composed != mapped)
            m_rules.emplace(toUtf8(from), toUtf8(composed));
    }

    std::map<char32_t, std::u32string> m_single;
    std::map<char32_t, std::vector<char32_t>> m_widths; // what a wide or narrow code point becomes -> those code points
    std::map<std::string, std::string> m_rules;
};

} // namespace

std::vector<CharRule> compositionRules(std::span<const CharRule> singles)
{
    return Compositions(singles).all();
}

} // namespace sy::formats
