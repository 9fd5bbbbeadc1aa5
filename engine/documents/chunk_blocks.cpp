// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/chunk_blocks.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"
#include "engine/documents/pdf_headings.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace sy::documents {
namespace {

struct Line {
    size_t start = 0; // bytes, of the line with its indentation
    size_t end = 0;   // without the line feed and trailing blanks
    size_t indent = 0;
    std::string_view text; // without indentation and trailing blanks
    bool isBlank() const { return text.empty(); }
};

std::vector<Line> linesOf(std::string_view text)
{
    std::vector<Line> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t feed = std::min(text.find('\n', at), text.size());
        const auto [from, to] = trimmedSpan(text, at, feed);
        lines.push_back({at, to, from - at, text.substr(from, to - from)});
        at = feed + 1;
    }
    return lines;
}

size_t markLength(std::string_view text, char mark)
{
    size_t n = 0;
    while (n < text.size() && text[n] == mark)
        ++n;
    return n;
}

// "- ", "* ", "+ ", "3. ", "b) ", "• " at the start of a line.
bool startsListItem(std::string_view text)
{
    if (text.size() >= 2 && (text[0] == '-' || text[0] == '*' || text[0] == '+') && text[1] == ' ')
        return true;
    size_t i = 0;
    const bool isBracketed = !text.empty() && text[0] == '(';
    i += isBracketed;
    const size_t start = i;
    while (i < text.size() && i - start < 3 && text[i] >= '0' && text[i] <= '9')
        ++i;
    if (i == start && i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z')))
        i += i + 1 < text.size() && text[i + 1] == ')';
    if (i > start && i + 1 < text.size() && (text[i] == ')' || (text[i] == '.' && !isBracketed)) && text[i + 1] == ' ')
        return true;
    if (text.empty() || static_cast<unsigned char>(text[0]) < 0x80)
        return false;
    const char32_t first = decodeUtf8(text, 0).value;
    static constexpr std::u32string_view kBullets = U"•◦▪‣●○■□◆◇▶►➢➤✓✔";
    if (kBullets.find(first) != std::u32string_view::npos || (first >= 0x2460 && first <= 0x24ff))
        return true;
    const std::u32string head = toUtf32(text.substr(0, std::min<size_t>(text.size(), 24)));
    return (numberingDepth(head) > 0 && (head[0] == U'（' || (head.size() > 1 && (head[1] == U'、' || head[2] == U'、')))) ||
           (head[0] == U'第' && numberingDepth(head) == 3);
}

Block blockOf(const std::vector<Line>& lines, size_t first, size_t last, BlockKind kind)
{
    return {lines[first].start + lines[first].indent, lines[last].end, kind};
}

std::string plainTitle(std::string_view text)
{
    while (!text.empty() && (text.back() == '#' || text.back() == ' '))
        text.remove_suffix(1);
    std::string title;
    for (const char c : text)
        if (c != '`' && c != '*')
            title += c;
    if (const size_t attributes = title.find(" {");
        attributes != std::string::npos && title.ends_with('}')) // pandoc's {#id .class}
        title.resize(attributes);
    return title;
}

// A line of one repeated sign under or over a title: "=====", "-----".
std::optional<char> underline(std::string_view text)
{
    if (text.size() < 3)
        return std::nullopt;
    static constexpr std::string_view kMarks = "=-~^\"'*+#`:._";
    if (kMarks.find(text[0]) == std::string_view::npos || markLength(text, text[0]) != text.size())
        return std::nullopt;
    return text[0];
}

size_t displayWidth(std::string_view text)
{
    size_t n = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint point = decodeUtf8(text, at);
        n += isCjk(point.value) ? 2 : 1;
        at += static_cast<size_t>(point.nBytes);
    }
    return n;
}

Block headingBlock(const std::vector<Line>& lines, size_t first, size_t last, int level, std::string title)
{
    Block block = blockOf(lines, first, last, BlockKind::Heading);
    block.level = std::clamp(level, 1, 6);
    block.title = std::move(title);
    return block;
}

// --- Markdown ---

class MarkdownParser {
public:
    explicit MarkdownParser(std::string_view text) : m_lines(linesOf(text)) {}

    std::vector<Block> run()
    {
        frontMatter();
        while (m_at < m_lines.size()) {
            if (m_lines[m_at].isBlank())
                ++m_at;
            else if (!(fence() || atxHeading() || table() || listItem() || indentedCode()))
                paragraph();
        }
        return std::move(m_blocks);
    }

private:
    void frontMatter()
    {
        if (m_lines.empty() || m_lines[0].text != "---")
            return;
        for (size_t i = 1; i < std::min<size_t>(m_lines.size(), 200); ++i)
            if (m_lines[i].text == "---" || m_lines[i].text == "...") {
                m_blocks.push_back(blockOf(m_lines, 0, i, BlockKind::Code));
                m_at = i + 1;
                return;
            }
    }

    bool fence()
    {
        const Line& line = m_lines[m_at];
        const char mark = line.text[0];
        const size_t n = mark == '`' || mark == '~' ? markLength(line.text, mark) : 0;
        if (n < 3)
            return false;
        size_t last = m_at;
        for (size_t i = m_at + 1; i < m_lines.size(); ++i) {
            last = m_lines[i].isBlank() ? last : i;
            if (markLength(m_lines[i].text, mark) >= n && markLength(m_lines[i].text, mark) == m_lines[i].text.size() &&
                !m_lines[i].isBlank())
                break;
        }
        m_blocks.push_back(blockOf(m_lines, m_at, last, BlockKind::Code));
        m_at = last + 1;
        return true;
    }

    bool atxHeading()
    {
        const Line& line = m_lines[m_at];
        const size_t n = markLength(line.text, '#');
        if (n == 0 || n > 6 || line.indent > 3 || (n < line.text.size() && line.text[n] != ' '))
            return false;
        m_blocks.push_back(headingBlock(m_lines, m_at, m_at, static_cast<int>(n),
                                        plainTitle(line.text.substr(std::min(n + 1, line.text.size())))));
        ++m_at;
        return true;
    }

    static bool isTableLine(const Line& line)
    {
        return !line.isBlank() && (line.text[0] == '|' || line.text.find(" | ") != std::string_view::npos);
    }

    static bool isTableRule(const Line& line)
    {
        return !line.isBlank() && line.text.find('-') != std::string_view::npos &&
               line.text.find_first_not_of("|-: +=") == std::string_view::npos &&
               line.text.find('|') != std::string_view::npos;
    }

    bool table()
    {
        if (!isTableLine(m_lines[m_at]) || m_at + 1 >= m_lines.size() || !isTableRule(m_lines[m_at + 1]))
            return false;
        m_blocks.push_back(blockOf(m_lines, m_at, m_at + 1, BlockKind::TableRow)); // header and rule
        for (m_at += 2;
             m_at < m_lines.size() && !m_lines[m_at].isBlank() && m_lines[m_at].text.find('|') != std::string_view::npos;
             ++m_at)
            m_blocks.push_back(blockOf(m_lines, m_at, m_at, BlockKind::TableRow));
        return true;
    }

    bool listItem()
    {
        if (!startsListItem(m_lines[m_at].text))
            return false;
        const size_t indent = m_lines[m_at].indent;
        size_t last = m_at;
        for (size_t i = m_at + 1; i < m_lines.size(); ++i) {
            if (m_lines[i].isBlank()) {
                // An item goes on after an empty line only when it is indented further.
                if (i + 1 >= m_lines.size() || m_lines[i + 1].isBlank() || m_lines[i + 1].indent <= indent)
                    break;
                continue;
            }
            if (startsListItem(m_lines[i].text) || startsOther(i))
                break;
            last = i;
        }
        m_blocks.push_back(blockOf(m_lines, m_at, last, BlockKind::ListItem));
        m_at = last + 1;
        return true;
    }

    bool indentedCode()
    {
        auto isCode = [&](size_t i) { return m_lines[i].indent >= 4; };
        if (!isCode(m_at) || (m_at > 0 && !m_lines[m_at - 1].isBlank()))
            return false;
        size_t last = m_at;
        for (size_t i = m_at; i < m_lines.size() && (m_lines[i].isBlank() || isCode(i)); ++i)
            last = m_lines[i].isBlank() ? last : i;
        m_blocks.push_back(blockOf(m_lines, m_at, last, BlockKind::Code));
        m_at = last + 1;
        return true;
    }

    bool startsOther(size_t i) const
    {
        const Line& line = m_lines[i];
        return (line.text[0] == '#' && line.indent < 4 && markLength(line.text, '#') <= 6) || line.text.starts_with("```") ||
               line.text.starts_with("~~~");
    }

    void paragraph()
    {
        size_t last = m_at;
        for (size_t i = m_at + 1; i < m_lines.size() && !m_lines[i].isBlank(); ++i) {
            const auto rule = underline(m_lines[i].text);
            if (rule && (*rule == '=' || *rule == '-') && i == m_at + 1) {
                m_blocks.push_back(headingBlock(m_lines, m_at, i, *rule == '=' ? 1 : 2, plainTitle(m_lines[m_at].text)));
                m_at = i + 1;
                return;
            }
            if (startsListItem(m_lines[i].text) || startsOther(i))
                break;
            last = i;
        }
        m_blocks.push_back(blockOf(m_lines, m_at, last, BlockKind::Paragraph));
        m_at = last + 1;
    }

    std::vector<Line> m_lines;
    std::vector<Block> m_blocks;
    size_t m_at = 0;
};

// --- plain text and reStructuredText ---

class PlainParser {
public:
    explicit PlainParser(std::string_view text) : m_lines(linesOf(text)) {}

    std::vector<Block> run()
    {
        while (m_at < m_lines.size()) {
            if (m_lines[m_at].isBlank())
                ++m_at;
            else if (!(underlinedHeading() || numberedHeading()))
                paragraph();
        }
        return std::move(m_blocks);
    }

private:
    bool isBlankAt(size_t i) const { return i >= m_lines.size() || m_lines[i].isBlank(); }

    // "Title\n=====", with or without the same line above. The order in which signs first occur gives their levels.
    bool underlinedHeading()
    {
        size_t title = m_at;
        const auto over = underline(m_lines[m_at].text);
        if (over && !isBlankAt(m_at + 1) && m_at + 2 < m_lines.size() && underline(m_lines[m_at + 2].text) == over)
            ++title;
        else if (over)
            return false;
        if (title + 1 >= m_lines.size() || m_lines[title].text.size() > 120)
            return false;
        const auto under = underline(m_lines[title + 1].text);
        if (!under || m_lines[title + 1].text.size() + 1 < displayWidth(m_lines[title].text))
            return false;
        if (title == m_at && m_at > 0 && !m_lines[m_at - 1].isBlank())
            return false;
        const std::string style = {title > m_at ? 'o' : 'u', *under};
        auto known = std::find(m_styles.begin(), m_styles.end(), style);
        if (known == m_styles.end())
            known = m_styles.insert(m_styles.end(), style);
        m_blocks.push_back(headingBlock(m_lines, m_at, title + 1, static_cast<int>(known - m_styles.begin()) + 1,
                                        std::string(m_lines[title].text)));
        m_at = title + 2;
        return true;
    }

    // "2.3 Results", "第二章 总则", "INTRODUCTION" between empty lines.
    bool numberedHeading()
    {
        const Line& line = m_lines[m_at];
        if ((m_at > 0 && !m_lines[m_at - 1].isBlank()) || !isBlankAt(m_at + 1) || line.text.size() > 120)
            return false;
        const std::u32string wide = toUtf32(line.text);
        static constexpr std::u32string_view kNoEnd = U".,;:。，；：、";
        if (wide.size() < 2 || kNoEnd.find(wide.back()) != std::u32string_view::npos)
            return false;
        int level = numberingDepth(wide);
        if (level == 0) {
            const auto nUpper = std::count_if(wide.begin(), wide.end(), isUppercase);
            if (nUpper >= 4 && std::none_of(wide.begin(), wide.end(), isLowercase) && wide.size() <= 80)
                level = 1;
        }
        if (level == 0)
            return false;
        m_blocks.push_back(headingBlock(m_lines, m_at, m_at, level, std::string(line.text)));
        ++m_at;
        return true;
    }

    void paragraph()
    {
        const bool isItem = startsListItem(m_lines[m_at].text);
        size_t last = m_at;
        for (size_t i = m_at + 1; i < m_lines.size() && !m_lines[i].isBlank(); ++i) {
            if (startsListItem(m_lines[i].text))
                break;
            last = i;
        }
        m_blocks.push_back(blockOf(m_lines, m_at, last, isItem ? BlockKind::ListItem : BlockKind::Paragraph));
        m_at = last + 1;
    }

    std::vector<Line> m_lines;
    std::vector<Block> m_blocks;
    std::vector<std::string> m_styles;
    size_t m_at = 0;
};

// --- CSV: a record may hold line feeds inside quotation marks ---

std::vector<Block> parseTable(std::string_view text)
{
    std::vector<Block> blocks;
    constexpr size_t kMaxRecord = 64 * 1024; // an unclosed quotation mark must not swallow the rest of the file
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        bool isQuoted = false;
        for (; end < text.size() && (text[end] != '\n' || (isQuoted && end - at < kMaxRecord)); ++end)
            isQuoted ^= text[end] == '"';
        if (const auto [from, to] = trimmedSpan(text, at, end); to > from)
            blocks.push_back({from, to, BlockKind::TableRow});
        at = end + 1;
    }
    if (blocks.size() > 1) { // the first record names the columns: the section of all others
        blocks[0].kind = BlockKind::Heading;
        blocks[0].level = 3;
        blocks[0].title = std::string(text.substr(blocks[0].start, blocks[0].end - blocks[0].start));
    }
    return blocks;
}

// --- laid out pages ---

std::vector<Block> parsePage(const Page& page)
{
    std::vector<Block> blocks;
    const std::vector<Line> lines = linesOf(page.text);
    // Heading offsets are code points: walk along with the lines.
    int64_t nPoints = 0;
    size_t heading = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
        const int64_t lineStart = nPoints;
        const size_t lineEnd = i + 1 < lines.size() ? lines[i + 1].start : page.text.size();
        nPoints += countCodePoints(std::string_view(page.text).substr(lines[i].start, lineEnd - lines[i].start));
        if (lines[i].isBlank())
            continue;
        while (heading < page.headings.size() && page.headings[heading].start < lineStart)
            ++heading;
        if (heading < page.headings.size() && page.headings[heading].start >= lineStart &&
            page.headings[heading].start < nPoints) {
            blocks.push_back(headingBlock(lines, i, i, page.headings[heading].level, std::string(lines[i].text)));
            continue;
        }
        const bool isRow = lines[i].text.find('\t') != std::string_view::npos;
        const bool isItem = startsListItem(lines[i].text);
        blocks.push_back(blockOf(lines, i, i,
                                 isRow    ? BlockKind::TableRow
                                 : isItem ? BlockKind::ListItem
                                          : BlockKind::Paragraph));
    }
    return blocks;
}

} // namespace

ByteSpan trimmedSpan(std::string_view text, size_t start, size_t end)
{
    constexpr std::string_view kIdeographicSpace = "\u3000";
    auto isBlank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
    for (;;) {
        if (start < end && isBlank(text[start]))
            ++start;
        else if (end - start >= 3 && start < end && text.substr(start, 3) == kIdeographicSpace)
            start += 3;
        else if (start < end && isBlank(text[end - 1]))
            --end;
        else if (end - start >= 3 && start < end && text.substr(end - 3, 3) == kIdeographicSpace)
            end -= 3;
        else
            return {start, end};
    }
}

std::vector<Block> parseBlocks(const Page& page, Markup markup)
{
    switch (markup) {
    case Markup::Markdown:
        return MarkdownParser(page.text).run();
    case Markup::Table:
        return parseTable(page.text);
    case Markup::Pages:
        return parsePage(page);
    case Markup::Plain:
        break;
    }
    return PlainParser(page.text).run();
}

} // namespace sy::documents
