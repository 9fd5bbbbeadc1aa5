// SPDX-License-Identifier: GPL-3.0-or-later
// Two ways in which a PDF file lies about its text: pages that are photographs of text, and fonts whose glyphs are mapped to
// characters at random.
//
// The second kind shows as private-use and unassigned characters, or as letters of many scripts side by side: a broken font
// of Chinese comes out as Latin with rare diacritics, phonetic signs, Greek, Arabic and Hangul in one word. No page that
// people write does that, so a word counts as suspicious when it mixes scripts that never share one, or is made of rare
// letters.
#include "engine/documents/pdf_quality.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <array>

namespace sy::documents {
namespace {

constexpr int64_t kSparseChars = 25; // a page with fewer may be a scan with a stamp on it
constexpr size_t kMaxRendered = 12;  // sparse pages to look at; drawing a scan takes a tenth of a second
constexpr double kInkShare = 0.02;   // of the pixels outside of words
constexpr double kLookDpi = 24;
constexpr int64_t kGarbledLetters =
    20; // and a twentieth of a page's letters; fewer are signs of a formula without a character of their own

enum Script { Latin, RareLatin, Greek, Cyrillic, Semitic, Indic, Hangul, Cjk, Other, nScripts };

Script scriptOf(char32_t c)
{
    if (c < 0x180 || (c >= 0x1e00 && c <= 0x1eff) || (c >= 0x2c60 && c <= 0x2c7f))
        return Latin;
    if (c < 0x250)
        return RareLatin; // African and phonetic letters, Pinyin's caron and the like
    if (c < 0x370)
        return RareLatin;
    if (c < 0x400 || (c >= 0x1f00 && c <= 0x1fff))
        return Greek;
    if (c < 0x530)
        return Cyrillic;
    if (c < 0x590)
        return Other;
    if (isRightToLeft(c))
        return Semitic;
    if (c >= 0x900 && c < 0x1000)
        return Indic;
    if ((c >= 0xac00 && c <= 0xd7af) || (c >= 0x1100 && c <= 0x11ff))
        return Hangul;
    if (isCjk(c))
        return Cjk;
    return c >= 0x1d400 && c <= 0x1d7ff ? Latin : Other; // mathematical alphabets
}

// Letters of a word that cannot stand together, or that are no part of any living orthography's usual set.
int64_t suspiciousLetters(std::u32string_view word)
{
    std::array<int64_t, nScripts> n{};
    int64_t nLetters = 0, nUnreadable = 0;
    for (const char32_t c : word) {
        nUnreadable += isUnreadable(c);
        if (isLetter(c)) {
            ++n[scriptOf(c)];
            ++nLetters;
        }
    }
    // Pieces of large brackets and other signs of formulas have no characters of their own either; they stand alone.
    if (nUnreadable > 0 && (nLetters > 0 || word.size() >= 4))
        return static_cast<int64_t>(word.size());
    if (nLetters < 2)
        return 0;
    int nUsed = 0;
    for (const Script script : {Latin, RareLatin, Greek, Cyrillic, Semitic, Indic, Hangul})
        nUsed += n[script] > 0;
    const bool mixes = nUsed >= 3 || (n[RareLatin] > 0 && (n[Semitic] + n[Hangul] + n[Indic] + n[Cyrillic] + n[Cjk]) > 0) ||
                       (n[Semitic] > 0 && n[Hangul] + n[Cjk] > 0);
    return mixes || n[RareLatin] * 2 >= nLetters ? nLetters : 0;
}

} // namespace

void QualityJudge::add(int page, const PdfPageText& text, double width, double height)
{
    int64_t nChars = 0, nLetters = 0, nSuspicious = 0;
    std::u32string word;
    auto closeWord = [&] {
        nSuspicious += suspiciousLetters(word);
        word.clear();
    };
    for (const char32_t c : toUtf32(text.text)) {
        if (isSpace(c)) {
            closeWord();
            continue;
        }
        ++nChars;
        nLetters += isLetter(c) || isUnreadable(c);
        word += c;
        // Chinese has no spaces: punctuation ends what would be a word, so that one odd sign does not taint a whole line.
        if (isCjk(c) && !isLetter(c))
            closeWord();
    }
    closeWord();
    ++m_nPages;
    m_quality.nChars += nChars;
    m_nSuspicious += nSuspicious;
    m_nLetters += nLetters;
    if (nSuspicious >= kGarbledLetters && nSuspicious * 20 > nLetters)
        m_quality.garbledPages.push_back(page);
    if (nChars >= kSparseChars)
        ++m_nTextPages;
    else if (m_sparsePages.size() < kMaxRendered) {
        m_sparsePages.push_back(page);
        const PageImage image = m_file.render(page, kLookDpi);
        if (image.isEmpty() || width <= 0 || height <= 0)
            return;
        std::vector<uint8_t> isWord(static_cast<size_t>(image.width) * static_cast<size_t>(image.height));
        for (const Word& w : text.words)
            for (int y = std::max(0, static_cast<int>(w.box.top * image.height / height));
                 y <= std::min(image.height - 1, static_cast<int>(w.box.bottom * image.height / height)); ++y)
                for (int x = std::max(0, static_cast<int>(w.box.left * image.width / width));
                     x <= std::min(image.width - 1, static_cast<int>(w.box.right * image.width / width)); ++x)
                    isWord[static_cast<size_t>(y) * static_cast<size_t>(image.width) + static_cast<size_t>(x)] = 1;
        int64_t nInk = 0;
        for (size_t i = 0; i < isWord.size(); ++i)
            nInk += !isWord[i] && image.rgb[3 * i] + image.rgb[3 * i + 1] + image.rgb[3 * i + 2] < 3 * 200;
        if (static_cast<double>(nInk) > kInkShare * static_cast<double>(isWord.size()))
            m_quality.imagePages.push_back(page);
    }
}

TextQuality QualityJudge::result() const
{
    TextQuality quality = m_quality;
    quality.isGarbledThroughout = m_nLetters > 0 && m_nSuspicious * 2 > m_nLetters;
    // Nothing but pictures with a page number or a stamp: as good as no text.
    if (m_nTextPages == 0 && !quality.imagePages.empty() && quality.imagePages.size() == m_sparsePages.size())
        quality.nChars = 0;
    // A cover or a plate or two in a long text is no news.
    if (quality.imagePages.size() < 3 && static_cast<int>(quality.imagePages.size()) * 20 < m_nPages)
        quality.imagePages.clear();
    return quality;
}

} // namespace sy::documents
