// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_furniture.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cmath>

namespace sy::documents {
namespace {

constexpr double kEdgeShare = 0.14; // of the page's height, at the top and at the bottom
constexpr size_t kMaxEdgeLines = 6; // of either edge
constexpr double kSameHeight = 4;   // points
constexpr int kMinRepeats = 3;      // pages that show it, this one included
constexpr int kShortFile = 3;       // pages; then two are enough, but their digits must agree: two bills have two totals
constexpr int64_t kMaxLength = 160; // code points; longer lines are text

bool isRomanNumeral(std::u32string_view text)
{
    return !text.empty() && text.size() <= 7 && std::all_of(text.begin(), text.end(), [](char32_t c) {
        return std::u32string_view(U"ivxlcIVXLC").find(c) != std::u32string_view::npos;
    });
}

// "12", "- 12 -", "Page 3 of 9", "第 3 页 共 9 页", "iv"
bool isPageNumber(const std::string& text)
{
    const std::u32string wide = toUtf32(text);
    std::u32string letters;
    bool hasDigit = false;
    for (const char32_t c : wide) {
        hasDigit = hasDigit || isDigit(c);
        if (isLetter(c))
            letters += c;
    }
    if (!hasDigit)
        return isRomanNumeral(letters) && wide.size() <= letters.size() + 4;
    static constexpr std::u32string_view kWords[] = {U"",         U"Page", U"page", U"Pageof",   U"pageof", U"of", U"Seite",
                                                     U"Seitevon", U"p",    U"第页", U"第页共页", U"共页",   U"页"};
    return wide.size() <= 24 && std::find(std::begin(kWords), std::end(kWords), letters) != std::end(kWords);
}

std::string masked(const std::string& text)
{
    std::string out;
    bool wasDigit = false;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        if (digit && !wasDigit)
            out += '#';
        if (!digit && c != ' ' && c != '\t')
            out += c;
        wasDigit = digit;
    }
    return out;
}

bool shows(const std::vector<EdgeLine>& page, const EdgeLine& line, bool isExact)
{
    return std::any_of(page.begin(), page.end(), [&](const EdgeLine& other) {
        return std::abs(other.top - line.top) <= kSameHeight &&
               ((isExact ? other.text == line.text : other.masked == line.masked) ||
                (other.isPageNumber && line.isPageNumber));
    });
}

} // namespace

std::vector<EdgeLine> edgeLines(const std::vector<PdfLine>& lines, double pageHeight)
{
    std::vector<EdgeLine> top, bottom;
    for (size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].rotation != 0 || countCodePoints(lines[i].text) > kMaxLength)
            continue;
        EdgeLine edge{lines[i].text, masked(lines[i].text), lines[i].flat.top, i, isPageNumber(lines[i].text)};
        if (lines[i].flat.bottom < kEdgeShare * pageHeight)
            top.push_back(std::move(edge));
        else if (lines[i].flat.top > (1 - kEdgeShare) * pageHeight)
            bottom.push_back(std::move(edge));
    }
    auto byTop = [](const EdgeLine& a, const EdgeLine& b) { return a.top < b.top; };
    std::stable_sort(top.begin(), top.end(), byTop);
    std::stable_sort(bottom.begin(), bottom.end(), byTop);
    if (top.size() > kMaxEdgeLines)
        top.resize(kMaxEdgeLines);
    if (bottom.size() > kMaxEdgeLines)
        bottom.erase(bottom.begin(), bottom.end() - kMaxEdgeLines);
    top.insert(top.end(), bottom.begin(), bottom.end());
    return top;
}

void dropFurniture(std::vector<PdfLine>& lines, const std::vector<EdgeLine>& edges,
                   std::span<const std::vector<EdgeLine>> before, std::span<const std::vector<EdgeLine>> after)
{
    const bool isShort = static_cast<int>(before.size() + after.size()) + 1 <= kShortFile;
    std::vector<size_t> dropped;
    for (const EdgeLine& edge : edges) {
        int nShown = 1;
        for (const auto& page : before)
            nShown += shows(page, edge, isShort);
        for (const auto& page : after)
            nShown += shows(page, edge, isShort);
        const bool mayBeTitle = before.empty() && !edge.isPageNumber;
        if (nShown >= (isShort ? kMinRepeats - 1 : kMinRepeats) && !mayBeTitle)
            dropped.push_back(edge.index);
    }
    std::sort(dropped.rbegin(), dropped.rend());
    for (const size_t index : dropped)
        lines.erase(lines.begin() + static_cast<ptrdiff_t>(index));
}

} // namespace sy::documents
