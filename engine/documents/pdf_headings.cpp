// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_headings.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace sy::documents {
namespace {

constexpr size_t kMaxHeading = 140; // code points
constexpr int kMaxLevel = 6;

struct Candidate {
    size_t page = 0;
    const PdfUnit* unit = nullptr;
    std::u32string text;
    int sizeKey = 0; // half points
    int depth = 0;   // by numbering
    int outlineLevel = 0;
    bool isHeading = false;
};

int sizeKeyOf(double size)
{
    return static_cast<int>(std::lround(size * 2));
}

bool isChineseNumeral(char32_t c)
{
    return std::u32string_view(U"〇一二三四五六七八九十百零").find(c) != std::u32string_view::npos;
}

// Letters and digits only, case folded the simple way: outlines and pages differ in spaces, dots and quotation marks.
std::string matchKey(std::u32string_view text)
{
    std::string key;
    for (const char32_t c : text)
        if (isLetter(c) || isDigit(c))
            appendUtf8(key, c >= 'A' && c <= 'Z' ? c + 32 : c);
    return key;
}

std::u32string_view withoutNumbering(std::u32string_view text)
{
    size_t i = 0;
    while (i < text.size() && (isDigit(text[i]) || text[i] == '.' || text[i] == ' ' || text[i] == U'、' || text[i] == U'．'))
        ++i;
    return text.substr(i);
}

bool couldBeHeading(const PdfUnit& unit, std::u32string_view text)
{
    if (unit.isRow || unit.nLines > 3 || text.size() < 2 || text.size() > kMaxHeading)
        return false;
    const auto nLetters = std::count_if(text.begin(), text.end(), isLetter);
    if (nLetters * 2 < static_cast<long>(text.size()) - 4 || nLetters < 2)
        return false;
    static constexpr std::u32string_view kNoEnd = U",;，；。、…";
    const char32_t last = text.back();
    if (kNoEnd.find(last) != std::u32string_view::npos)
        return false;
    return last != '.' || text.size() < 4 || !isLowercase(text[text.size() - 2]);
}

} // namespace

int numberingDepth(std::u32string_view line)
{
    auto at = [&](size_t i) { return i < line.size() ? line[i] : U'\0'; };
    if (at(0) == U'第') {
        size_t i = 1;
        while (isChineseNumeral(at(i)) || isDigit(at(i)) || (at(i) == ' ' && i < 3))
            ++i;
        if (i == 1)
            return 0;
        if (at(i) == ' ')
            ++i;
        static constexpr std::u32string_view kDeep = U"编部篇章节条";
        static constexpr int kDepth[] = {1, 1, 1, 1, 2, 3};
        const size_t found = kDeep.find(at(i));
        return at(i) == 0 || found == std::u32string_view::npos ? 0 : kDepth[found];
    }
    const bool isBracketed = at(0) == U'（' || at(0) == U'(';
    if (isChineseNumeral(at(isBracketed))) {
        size_t i = isBracketed;
        while (isChineseNumeral(at(i)))
            ++i;
        if (isBracketed)
            return at(i) == U'）' || at(i) == U')' ? 2 : 0;
        return at(i) == U'、' || at(i) == U'．' || at(i) == U'.' ? 1 : 0;
    }
    static constexpr std::u32string_view kParts[] = {U"Chapter ",  U"CHAPTER ",  U"Part ", U"PART ",
                                                     U"Appendix ", U"APPENDIX ", U"附录"};
    for (const auto part : kParts)
        if (line.starts_with(part))
            return 1;
    if (line.starts_with(U"Section ") || line.starts_with(U"SECTION "))
        return 1;
    size_t i = 0;
    int depth = 0;
    if (isUppercase(at(0)) && at(0) < 0x80 && at(1) == '.' && isDigit(at(2))) // A.1 of an appendix
        i = 2, depth = 1;
    while (isDigit(at(i))) {
        const size_t start = i;
        while (isDigit(at(i)))
            ++i;
        if (i - start > 3)
            return 0; // a year or an amount
        ++depth;
        if (at(i) != '.')
            break;
        ++i;
    }
    if (depth > 0)
        return at(i) == ' ' || at(i) == U'\u3000' || isHan(at(i)) ? std::min(depth, kMaxLevel) : 0;
    while (std::u32string_view(U"IVX").find(at(i)) != std::u32string_view::npos && at(i) != 0)
        ++i;
    return i > 0 && i < 6 && at(i) == '.' && at(i + 1) == ' ' ? 1 : 0;
}

void markHeadings(std::vector<Page>& pages, const std::vector<std::vector<PdfUnit>>& units,
                  const std::vector<OutlineEntry>& outline)
{
    std::map<int, int64_t> charsOfSize;
    int64_t nChars = 0, nBold = 0;
    for (const auto& page : units)
        for (const PdfUnit& unit : page) {
            charsOfSize[sizeKeyOf(unit.size)] += unit.end - unit.start;
            nChars += unit.end - unit.start;
            nBold += unit.isBold ? unit.end - unit.start : 0;
        }
    if (charsOfSize.empty())
        return;
    const int body = std::max_element(charsOfSize.begin(), charsOfSize.end(), [](auto& a, auto& b) {
                         return a.second < b.second;
                     })->first;
    const bool boldMeansSomething = nBold * 5 < nChars;

    std::unordered_map<std::string, int> outlineLevels;
    for (const OutlineEntry& entry : outline) {
        const std::u32string wide = toUtf32(entry.title);
        for (const std::string& key : {matchKey(wide), matchKey(withoutNumbering(wide))})
            if (key.size() >= 2)
                outlineLevels.emplace(key, entry.level);
    }

    std::vector<Candidate> headings;
    std::map<int, int64_t> headingsOfSize;
    for (size_t p = 0; p < pages.size(); ++p) {
        if (units[p].empty())
            continue;
        const std::u32string text = toUtf32(pages[p].text);
        for (size_t u = 0; u < units[p].size(); ++u) {
            const PdfUnit& unit = units[p][u];
            Candidate c{p, &unit, text.substr(static_cast<size_t>(unit.start), static_cast<size_t>(unit.end - unit.start)),
                        sizeKeyOf(unit.size)};
            if (!couldBeHeading(unit, c.text))
                continue;
            c.depth = numberingDepth(c.text);
            const bool standsAlone = unit.opensParagraph && (u + 1 == units[p].size() || units[p][u + 1].opensParagraph);
            const bool isLarge = c.sizeKey * 100 >= body * 112;
            const bool isBoldLine = unit.isBold && boldMeansSomething && unit.opensParagraph && c.text.size() <= 90 &&
                                    c.sizeKey * 100 >= body * 95;
            const bool isNumbered = c.depth > 0 && standsAlone && unit.nLines == 1 && c.text.size() <= 70 &&
                                    c.sizeKey * 100 >= body * 95 &&
                                    (c.depth > 1 || isHan(c.text.back()) || isBoldLine || isLarge ||
                                     std::none_of(c.text.begin(), c.text.end(), isLowercase));
            if (const auto known = outlineLevels.find(matchKey(c.text)); known != outlineLevels.end() && unit.opensParagraph)
                c.outlineLevel = known->second;
            else if (const auto bare = outlineLevels.find(matchKey(withoutNumbering(c.text)));
                     bare != outlineLevels.end() && c.depth > 0 && unit.opensParagraph)
                c.outlineLevel = bare->second;
            if (c.outlineLevel > 0 || isLarge || isBoldLine || isNumbered) {
                ++headingsOfSize[isLarge ? c.sizeKey : body];
                headings.push_back(std::move(c));
            }
        }
    }

    // Sizes from large to small give levels; bold and numbered lines in the body's size come after the last of them.
    std::map<int, int, std::greater<>> levelOfSize;
    int level = 0;
    for (auto it = headingsOfSize.rbegin(); it != headingsOfSize.rend(); ++it)
        levelOfSize[it->first] = std::min(++level, kMaxLevel);
    for (const Candidate& c : headings) {
        const bool isLarge = c.sizeKey * 100 >= body * 112;
        int at = levelOfSize[isLarge ? c.sizeKey : body];
        if (c.outlineLevel > 0)
            at = c.outlineLevel;
        else if (c.depth > 0)
            at = c.depth;
        pages[c.page].headings.push_back({c.unit->start, c.unit->end, std::clamp(at, 1, kMaxLevel)});
    }
}

} // namespace sy::documents
