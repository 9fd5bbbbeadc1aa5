// SPDX-License-Identifier: GPL-3.0-or-later
// From lines to paragraphs.
#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"
#include "engine/documents/pdf_layout.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

namespace sy::documents {
namespace {

enum class Join {
    Merge, // the sentence goes on
    Line,  // a new line of the same paragraph: list item, table row, verse
    Paragraph,
};

char32_t lastOf(std::u32string_view text)
{
    return text.empty() ? 0 : text.back();
}

bool endsSentence(std::u32string_view text)
{
    static constexpr std::u32string_view kEnds = U".!?:;。！？：；…”\"’)）」』";
    return kEnds.find(lastOf(text)) != std::u32string_view::npos;
}

bool isChineseDigit(char32_t c)
{
    static constexpr std::u32string_view kDigits = U"〇一二三四五六七八九十百零";
    return kDigits.find(c) != std::u32string_view::npos;
}

// "•", "- ", "3. ", "(a) ", "①", "一、", "（二）", "第三条"
bool startsListItem(std::u32string_view text)
{
    if (text.empty())
        return false;
    static constexpr std::u32string_view kBullets = U"•◦▪‣●○■□◆◇▶►➢➤✓✔★☆∙·";
    const char32_t first = text[0];
    if (kBullets.find(first) != std::u32string_view::npos || (first >= 0x2460 && first <= 0x24ff) ||
        (first >= 0x2776 && first <= 0x2793))
        return true;
    auto at = [&](size_t i) { return i < text.size() ? text[i] : U'\0'; };
    if ((first == U'-' || first == U'–' || first == U'—' || first == U'*') && at(1) == ' ')
        return true;
    size_t i = 0;
    const bool isBracketed = first == U'(' || first == U'（' || first == U'[';
    i += isBracketed;
    const size_t start = i;
    while (i < text.size() && i - start < 4 && (isDigit(text[i]) || isChineseDigit(text[i])))
        ++i;
    const size_t nDigits = i - start;
    if (nDigits == 0 && isLetter(at(i)) && !isCjk(at(i)) && (isBracketed || at(i + 1) == ')'))
        ++i; // (a) b)
    if (i == start)
        return first == U'第' && isChineseDigit(at(1));
    const char32_t mark = at(i);
    if (isBracketed)
        return mark == U')' || mark == U'）' || mark == U']';
    if (mark == U'、' || mark == U'）' || mark == U'．')
        return true;
    return (mark == U'.' || mark == U')') && (at(i + 1) == ' ' || isCjk(at(i + 1)));
}

bool endsInHyphen(std::u32string_view text)
{
    return text.size() >= 2 && (text.back() == U'-' || text.back() == 0x2010) && isLetter(text[text.size() - 2]);
}

class Joiner {
public:
    explicit Joiner(const std::vector<PdfLine>& lines) : m_lines(lines)
    {
        for (const PdfLine& line : lines)
            m_wide.push_back(toUtf32(line.text));
        rememberCompounds();
    }

    PdfPageText run()
    {
        for (size_t i = 0; i < m_lines.size(); ++i) {
            if (m_wide[i].empty())
                continue;
            if (m_last == kNone) {
                openUnit(i, true);
            } else {
                const Join join = decide(m_last, i);
                if (join == Join::Merge) {
                    merge(m_last, i);
                } else {
                    append(join == Join::Paragraph ? U"\n\n" : U"\n");
                    openUnit(i, join == Join::Paragraph);
                }
            }
            addLine(i);
            m_last = i;
        }
        m_page.text = toUtf8(m_text);
        return std::move(m_page);
    }

private:
    static constexpr size_t kNone = static_cast<size_t>(-1);

    // "stress-engineered" inside a line says that a hyphen at a line's end between these words is one of its own.
    void rememberCompounds()
    {
        for (const std::u32string& text : m_wide)
            for (size_t i = 1; i + 1 < text.size(); ++i)
                if (text[i] == U'-' && isLetter(text[i - 1]) && isLetter(text[i + 1])) {
                    size_t from = i, to = i + 1;
                    while (from > 0 && isLetter(text[from - 1]))
                        --from;
                    while (to < text.size() && isLetter(text[to]))
                        ++to;
                    m_compounds.insert(toUtf8(std::u32string_view(text).substr(from, to - from)));
                }
    }

    bool keepsHyphen(std::u32string_view before, std::u32string_view after) const
    {
        if (before.size() < 2 || !isLetter(before[before.size() - 2]) || after.empty() || !isLowercase(after[0]))
            return true;
        size_t from = before.size() - 1, to = 0;
        while (from > 0 && isLetter(before[from - 1]))
            --from;
        while (to < after.size() && isLetter(after[to]))
            ++to;
        return m_compounds.contains(toUtf8(std::u32string(before.substr(from)) + std::u32string(after.substr(0, to))));
    }

    Join decide(size_t a, size_t b) const
    {
        const PdfLine& last = m_lines[a];
        const PdfLine& next = m_lines[b];
        const std::u32string& lastText = m_wide[a];
        const std::u32string& nextText = m_wide[b];
        if (last.rotation != next.rotation || std::max(last.size, next.size) > 1.1 * std::min(last.size, next.size) + 0.1)
            return Join::Paragraph;
        if (last.isRow || next.isRow)
            return last.region == next.region && last.isRow == next.isRow ? Join::Line : Join::Paragraph;
        if (last.isBold != next.isBold)
            return Join::Paragraph;
        if (last.region != next.region) {
            const bool goesOn = !endsSentence(lastText) &&
                                (isLowercase(nextText[0]) || (isHan(nextText[0]) && isHan(lastOf(lastText)))) &&
                                isFull(last, next) && !startsListItem(nextText);
            return goesOn ? Join::Merge : Join::Paragraph;
        }
        const double pitch = next.flat.bottom - last.flat.bottom;
        // A title in large letters has lines further apart than the text around it.
        const double usual = std::max(next.regionPitch > 0 ? next.regionPitch : 1.5 * next.size, 1.2 * next.size);
        if (pitch > 1.3 * usual + 0.5 || pitch < -0.5 * next.size)
            return Join::Paragraph;
        if (startsListItem(nextText))
            return Join::Line;
        if (endsInHyphen(lastText) && isLetter(nextText[0]))
            return Join::Merge;
        const bool isCjkText = isCjk(lastOf(lastText)) || isCjk(nextText[0]);
        const double indent = next.flat.left - next.regionLeft;
        const double lastIndent = last.flat.left - last.regionLeft;
        if (startsListItem(m_wide[m_itemLine]) && m_itemLine != b) {
            // Inside a list item the lines hang under its text; back at the margin a new paragraph begins.
            const double hang = next.flat.left - m_lines[m_itemLine].flat.left;
            if (hang > 0.5 * next.size)
                return endsSentence(lastText) && !isFull(last, next) ? Join::Line : Join::Merge;
            return isFull(last, next) ? Join::Merge : Join::Paragraph;
        }
        const bool isIndented = indent > 0.8 * next.size && indent < 6 * next.size && lastIndent < 0.5 * next.size;
        if (isIndented && (isCjkText || endsSentence(lastText) || !isFull(last, next)))
            return Join::Paragraph;
        if (!isFull(last, next))
            return endsSentence(lastText) ? Join::Paragraph : Join::Line;
        return Join::Merge;
    }

    // Did the line end because the next word would not fit? If it would, somebody wanted the line to end there.
    static bool isFull(const PdfLine& last, const PdfLine& next)
    {
        const double space = isCjk(lastOf(toUtf32(last.text))) ? 0.5 * last.size : 0.9 * last.size;
        return last.flat.right + next.firstWordWidth + space > last.regionRight;
    }

    void openUnit(size_t i, bool opensParagraph)
    {
        const auto at = static_cast<int64_t>(m_text.size());
        m_page.units.push_back({at, at, m_lines[i].size, m_lines[i].isBold, m_lines[i].isRow, opensParagraph, 0});
        m_itemLine = i;
    }

    void merge(size_t a, size_t b)
    {
        const char32_t last = m_text.back(), next = m_wide[b][0];
        if (endsInHyphen(m_text) && isLetter(next)) {
            if (!keepsHyphen(m_wide[a], m_wide[b])) {
                m_text.pop_back();
                if (!m_page.words.empty() && m_page.words.back().end > static_cast<int64_t>(m_text.size()))
                    m_page.words.back().end = static_cast<int64_t>(m_text.size());
            }
            return;
        }
        if ((last == U'-' || last == U'/') && m_text.size() >= 2 && !isSpace(m_text[m_text.size() - 2]))
            return; // 10-/20, a path
        if (!(isCjk(last) && isCjk(next)))
            append(U" ");
    }

    void append(std::u32string_view text) { m_text += text; }

    void addLine(size_t i)
    {
        const auto at = static_cast<int64_t>(m_text.size());
        for (const Word& word : m_lines[i].words)
            m_page.words.push_back({at + word.start, at + word.end, word.box});
        append(m_wide[i]);
        PdfUnit& unit = m_page.units.back();
        unit.end = static_cast<int64_t>(m_text.size());
        unit.nLines += 1;
    }

    const std::vector<PdfLine>& m_lines;
    std::vector<std::u32string> m_wide;
    std::unordered_set<std::string> m_compounds;
    std::u32string m_text;
    PdfPageText m_page;
    size_t m_last = kNone;
    size_t m_itemLine = 0; // the line that opened the current unit
};

} // namespace

PdfPageText joinLines(const std::vector<PdfLine>& lines)
{
    return Joiner(lines).run();
}

} // namespace sy::documents
