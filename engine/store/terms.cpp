// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/terms.h"

#include "engine/core/utf8.h"
#include "engine/store/porter_stem.h"

#include <utf8proc.h>

namespace sy::store {

namespace {

constexpr size_t kMaxTermBytes = 64;

/// Accents and vowel points that searching ignores. Other marks (Indic vowels, Thai tones) tell words apart and stay.
bool isIgnoredMark(char32_t c)
{
    return (c >= 0x0300 && c <= 0x036F) || (c >= 0x0591 && c <= 0x05C7) || (c >= 0x064B && c <= 0x065F) || c == 0x0670 ||
           (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE20 && c <= 0xFE2F) ||
           c == 0x00AD || c == 0x200D; // the soft hyphen and the joiner are not seen either
}

bool isWordCharacter(char32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    const auto category = utf8proc_category(utf8proc_int32_t(c));
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO); // letters, marks, numbers
}

bool isHalfWidthKana(char32_t c)
{
    return c >= 0xFF66 && c <= 0xFF9F;
}

class Splitter {
public:
    Splitter(TermMode mode, const std::function<void(const Term&)>& onTerm) : m_mode(mode), m_onTerm(onTerm) {}

    void split(std::string_view text)
    {
        for (size_t at = 0; at < text.size();) {
            const CodePoint c = decodeUtf8(text, at);
            const size_t end = at + c.nBytes;
            if (c.value < 0x80)
                accept(c.value >= 'A' && c.value <= 'Z' ? c.value + 32 : c.value, at, end);
            else if (!c.isValid)
                endAll();
            else if (isCjk(c.value) && c.value < 0xF900) // already in its folded form; Hangul would fall apart into letters
                accept(c.value, at, end);
            else if (isHalfWidthKana(c.value))
                at += foldKana(text, at);
            else
                fold(c.value, at, end);
            at = at < end ? end : at;
        }
        endAll();
    }

private:
    void fold(char32_t c, size_t start, size_t end)
    {
        utf8proc_int32_t folded[32];
        int boundClass = 0;
        const auto n = utf8proc_decompose_char(
            utf8proc_int32_t(c), folded, 32,
            utf8proc_option_t(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD), &boundClass);
        if (n < 0 || n > 32)
            return endAll();
        for (int i = 0; i < n; ++i)
            accept(char32_t(folded[i]), start, end);
    }

    /// A half-width kana and its voice mark are two characters that make one. Returns the bytes taken.
    size_t foldKana(std::string_view text, size_t at)
    {
        size_t nBytes = 3;
        if (at + 6 <= text.size()) {
            const char32_t next = decodeUtf8(text, at + 3).value;
            nBytes = next == 0xFF9E || next == 0xFF9F ? 6 : 3;
        }
        utf8proc_uint8_t* mapped = nullptr;
        const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at), utf8proc_ssize_t(nBytes), &mapped,
                                    utf8proc_option_t(UTF8PROC_COMPAT | UTF8PROC_COMPOSE));
        const std::string composed(reinterpret_cast<const char*>(mapped), n > 0 ? size_t(n) : 0);
        free(mapped); // utf8proc's own contract: the caller frees
        for (size_t i = 0; i < composed.size();) {
            const CodePoint c = decodeUtf8(composed, i);
            accept(c.value, at, at + nBytes);
            i += c.nBytes;
        }
        return nBytes;
    }

    void accept(char32_t c, size_t start, size_t end)
    {
        if (isCjk(c)) {
            endWord();
            acceptCjk(c, start, end);
        } else if (isIgnoredMark(c)) {
            m_wordEnd = end;
        } else if (isWordCharacter(c)) {
            endRun();
            if (m_word.empty())
                m_wordStart = start;
            m_wordEnd = end;
            m_isLatin = m_isLatin && c >= 'a' && c <= 'z';
            if (m_word.size() + 4 <= kMaxTermBytes)
                appendUtf8(m_word, c);
        } else {
            endAll();
        }
    }

    void acceptCjk(char32_t c, size_t start, size_t end)
    {
        std::string current;
        appendUtf8(current, c);
        if (!m_previous.empty())
            emitPair(current, end);
        m_previous = std::move(current);
        m_previousStart = start;
        m_previousEnd = end;
        ++m_runLength;
    }

    void emitPair(const std::string& second, size_t end)
    {
        m_pair.assign(m_previous).append(second);
        m_onTerm({m_pair, m_previousStart, end, false, true});
        if (m_mode == TermMode::document)
            m_onTerm({m_previous, m_previousStart, m_previousEnd, true, true});
    }

    void endRun()
    {
        if (!m_previous.empty() && (m_mode == TermMode::document || m_runLength == 1))
            m_onTerm({m_previous, m_previousStart, m_previousEnd, false, true});
        m_previous.clear();
        m_runLength = 0;
    }

    void endWord()
    {
        if (m_word.empty())
            return;
        if (m_isLatin)
            porterStem(m_word);
        m_onTerm({m_word, m_wordStart, m_wordEnd, false, false});
        m_word.clear();
        m_isLatin = true;
    }

    void endAll()
    {
        endRun();
        endWord();
    }

    TermMode m_mode;
    const std::function<void(const Term&)>& m_onTerm;
    std::string m_word;
    size_t m_wordStart = 0, m_wordEnd = 0;
    bool m_isLatin = true;
    std::string m_pair;
    std::string m_previous; // last character of the CJK run, folded
    size_t m_previousStart = 0, m_previousEnd = 0;
    int m_runLength = 0;
};

} // namespace

bool isCjk(char32_t c)
{
    if (c < 0x2E80)
        return false;
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x3041 && c <= 0x3096) || (c >= 0x309D && c <= 0x309F) ||
           (c >= 0x30A1 && c <= 0x30FA) || (c >= 0x30FC && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x3005 && c <= 0x3007) ||
           (c >= 0x31F0 && c <= 0x31FF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

void forEachTerm(std::string_view text, TermMode mode, const std::function<void(const Term&)>& onTerm)
{
    Splitter(mode, onTerm).split(text);
}

std::vector<std::string> termsOf(std::string_view text, TermMode mode)
{
    std::vector<std::string> out;
    forEachTerm(text, mode, [&](const Term& term) { out.emplace_back(term.text); });
    return out;
}

} // namespace sy::store
