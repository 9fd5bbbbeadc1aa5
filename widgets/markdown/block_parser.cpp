// SPDX-License-Identifier: GPL-3.0-or-later
//
// One pass over the lines, deciding line by line what the line belongs to. A dialect, not all of CommonMark: language models write
// ATX headings, fences, lists, pipe tables, quotes and rules, and nothing here needs to look further ahead than one line (a table's
// delimiter row). That is what makes restarting cheap: parsing may begin at any block outside a list, because a block that continues
// a long one carries what its beginning said (the fence, the table's head).
#include "widgets/markdown/block_parser.h"

#include <QStringList>
#include <algorithm>

namespace sy::widgets {

namespace {

// Past these sizes a block is cut so that laying out the growing end stays cheap. A cut paragraph only starts a new line.
constexpr int kMaxCodeLines = 60;
constexpr int kMaxTableRows = 40;
constexpr qsizetype kMaxParagraph = 3000;

struct Line {
    qsizetype begin, end; // without the newline
    qsizetype next;       // begin of the following line
};

Line lineAt(QStringView text, qsizetype position)
{
    qsizetype end = text.indexOf(u'\n', position);
    if (end < 0)
        return {position, text.size(), text.size()};
    return {position, end, end + 1};
}

int indentOf(QStringView line, qsizetype* contentBegin)
{
    int columns = 0;
    qsizetype i = 0;
    for (; i < line.size(); ++i) {
        if (line[i] == u' ')
            ++columns;
        else if (line[i] == u'\t')
            columns += 4 - columns % 4;
        else
            break;
    }
    *contentBegin = i;
    return columns;
}

bool isBlank(QStringView line)
{
    return line.trimmed().isEmpty();
}

/// Length of a code fence at the start of `line` (indent removed), or 0.
int fenceLength(QStringView line, QChar* fence)
{
    if (line.isEmpty() || (line[0] != u'`' && line[0] != u'~'))
        return 0;
    int n = 0;
    while (n < line.size() && line[n] == line[0])
        ++n;
    if (n < 3)
        return 0;
    if (line[0] == u'`' && line.mid(n).contains(u'`'))
        return 0; // an inline code span on a line of its own
    *fence = line[0];
    return n;
}

int headingLevel(QStringView line)
{
    int n = 0;
    while (n < line.size() && line[n] == u'#')
        ++n;
    if (n < 1 || n > 6)
        return 0;
    return n == line.size() || line[n].isSpace() ? n : 0;
}

bool isRule(QStringView line)
{
    const QStringView t = line.trimmed();
    if (t.size() < 3 || (t[0] != u'-' && t[0] != u'*' && t[0] != u'_'))
        return false;
    int n = 0;
    for (const QChar c : t) {
        if (c == t[0])
            ++n;
        else if (!c.isSpace())
            return false;
    }
    return n >= 3;
}

/// "- ", "* ", "+ ", "1. ", "1) ": length of the marker with its space, or 0.
int listMarker(QStringView line, QString* marker)
{
    if (line.isEmpty())
        return 0;
    if (line[0] == u'-' || line[0] == u'*' || line[0] == u'+') {
        if (line.size() > 1 && !line[1].isSpace())
            return 0;
        if (line.size() == 1)
            return 0; // a lone dash while streaming: wait for what follows
        *marker = QStringLiteral("•");
        return 2;
    }
    int n = 0;
    while (n < line.size() && n < 9 && line[n] >= u'0' && line[n] <= u'9')
        ++n;
    if (n == 0 || n + 1 >= line.size() || (line[n] != u'.' && line[n] != u')') || !line[n + 1].isSpace())
        return 0;
    *marker = line.left(n).toString() + QLatin1Char('.');
    return n + 2;
}

bool isDelimiterRow(QStringView line)
{
    const QStringView t = line.trimmed();
    if (!t.contains(u'-') || !t.contains(u'|'))
        return false;
    return std::all_of(t.begin(), t.end(), [](QChar c) { return c == u'-' || c == u'|' || c == u':' || c == u' '; });
}

bool isInList(const Block& block)
{
    return block.kind == BlockKind::ListItem || block.depth > 0;
}

} // namespace

size_t BlockParser::setText(const QString& text)
{
    const qsizetype common = std::min(m_text.size(), text.size());
    qsizetype same = qsizetype(std::mismatch(m_text.cbegin(), m_text.cbegin() + common, text.cbegin()).first - m_text.cbegin());
    if (same == m_text.size() && same == text.size())
        return m_blocks.size();

    // Keep blocks that end before the first change, but never the last one before it: a line that grows can turn the line before
    // into a table's head. Blocks that continue another are parsed again from the head of the run's last piece.
    size_t keep = 0;
    while (keep < m_blocks.size() && m_blocks[keep].end < same)
        ++keep;
    if (keep > 0)
        --keep;
    // A list is parsed from its beginning: what its indents mean depends on all items before.
    while (keep > 0 && keep < m_blocks.size() && (isInList(m_blocks[keep]) || isInList(m_blocks[keep - 1])))
        --keep;
    std::vector<Block> before(m_blocks.begin() + qsizetype(keep), m_blocks.end());
    m_text = text;
    parseFrom(keep < before.size() + keep && !before.empty() ? before.front().begin : 0, keep);

    size_t firstChanged = keep;
    while (firstChanged < m_blocks.size() && firstChanged - keep < before.size() && m_blocks[firstChanged] == before[firstChanged - keep])
        ++firstChanged;
    return firstChanged;
}

void BlockParser::parseFrom(qsizetype position, size_t keep)
{
    // What the parser knew at `position`: whether it stands inside a code block or a table, and in which list.
    Block resume;
    const bool resumes = keep < m_blocks.size() && m_blocks[keep].continues;
    if (resumes)
        resume = m_blocks[keep];
    else if (keep == 0)
        position = 0;
    struct ListLevel {
        int contentIndent;
    };
    std::vector<ListLevel> lists;
    m_blocks.resize(keep);

    const QStringView text(m_text);
    const auto push = [&](Block block) { m_blocks.push_back(std::move(block)); };
    bool previousBlank = true;
    if (keep > 0)
        previousBlank = position >= 2 && text[position - 1] == u'\n' && (position < 2 || text[position - 2] == u'\n');

    // Code of one block, from `line` on; a run of pieces of at most kMaxCodeLines lines.
    const auto parseCode = [&](qsizetype blockBegin, qsizetype from, QChar fence, int length, int indent, const QString& language,
                               int depth, bool continues) {
        Block block{.kind = BlockKind::Code, .depth = depth, .language = language, .begin = blockBegin, .continues = continues,
                    .isOpen = true};
        // Restarting needs the fence: it is kept in the marker, which code blocks do not show.
        block.marker = QString(length, fence) + QString::number(indent);
        int nLines = 0;
        qsizetype at = from;
        while (at < text.size()) {
            const Line line = lineAt(text, at);
            QStringView view = text.mid(line.begin, line.end - line.begin);
            qsizetype content = 0;
            indentOf(view, &content);
            QChar closing;
            const int closingLength = fenceLength(view.mid(content), &closing);
            if (closingLength >= length && closing == fence && isBlank(view.mid(content + closingLength))) {
                block.isOpen = false;
                at = line.next;
                break;
            }
            if (nLines == kMaxCodeLines) {
                block.isOpen = false;
                block.end = line.begin;
                push(block);
                Block next = block;
                next.text.clear();
                next.begin = line.begin;
                next.continues = true;
                next.isOpen = true;
                block = next;
                nLines = 0;
            }
            qsizetype drop = 0;
            while (drop < content && drop < indent)
                ++drop;
            if (nLines > 0)
                block.text += QLatin1Char('\n');
            block.text += view.mid(drop);
            ++nLines;
            at = line.next;
        }
        block.end = at;
        push(block);
        return at;
    };
    const auto parseTableRows = [&](Block block, qsizetype at) {
        int nRows = 0;
        while (at < text.size()) {
            const Line line = lineAt(text, at);
            const QStringView view = text.mid(line.begin, line.end - line.begin);
            if (!view.contains(u'|') || isBlank(view))
                break;
            if (nRows == kMaxTableRows) {
                block.end = line.begin;
                push(block);
                const qsizetype headEnd = block.text.indexOf(QLatin1Char('\n'), block.text.indexOf(QLatin1Char('\n')) + 1);
                block.text = headEnd < 0 ? block.text : block.text.left(headEnd); // the head again: it fixes number and alignment
                block.begin = line.begin;
                block.continues = true;
                nRows = 0;
            }
            block.text += QLatin1Char('\n') + view.toString();
            ++nRows;
            at = line.next;
        }
        block.end = at;
        push(block);
        return at;
    };

    if (resumes && resume.kind == BlockKind::Code) {
        const int digits = int(std::count_if(resume.marker.begin(), resume.marker.end(), [](QChar c) { return c.isDigit(); }));
        const int length = int(resume.marker.size()) - digits;
        position = parseCode(resume.begin, resume.begin, resume.marker[0], length, resume.marker.right(digits).toInt(), resume.language,
                             resume.depth, true);
    } else if (resumes && resume.kind == BlockKind::Table) {
        const QStringList rows = resume.text.split(QLatin1Char('\n'));
        Block block = resume;
        block.text = rows.mid(0, 2).join(QLatin1Char('\n'));
        position = parseTableRows(block, resume.begin);
    }

    // A paragraph cut for length resumes as a plain paragraph: `continues` marks it.
    bool continueParagraph = resumes && resume.kind != BlockKind::Code && resume.kind != BlockKind::Table;
    while (position < text.size()) {
        const Line line = lineAt(text, position);
        QStringView view = text.mid(line.begin, line.end - line.begin);
        if (isBlank(view)) {
            previousBlank = true;
            position = line.next;
            continue;
        }
        qsizetype content = 0;
        int indent = indentOf(view, &content);

        int quoteDepth = 0;
        QStringView body = view.mid(content);
        while (!body.isEmpty() && body[0] == u'>') {
            ++quoteDepth;
            body = body.mid(1);
            if (!body.isEmpty() && body[0] == u' ')
                body = body.mid(1);
        }

        // Which item a line belongs to follows from its indent; text at the margin after a blank line leaves the list.
        QString marker;
        int markerLength = quoteDepth == 0 ? listMarker(body, &marker) : 0;
        if (markerLength > 0 && isRule(body))
            markerLength = 0;
        while (!lists.empty() && indent < lists.back().contentIndent
               && (markerLength > 0 ? indent + 1 < lists.back().contentIndent : previousBlank)) {
            if (markerLength > 0 && lists.size() == 1 && indent + 1 >= 2 && indent >= lists.back().contentIndent)
                break;
            lists.pop_back();
        }
        const int depth = int(lists.size());

        QChar fence;
        const int fenceSize = quoteDepth == 0 ? fenceLength(body, &fence) : 0;
        if (fenceSize > 0) {
            const QString language = body.mid(fenceSize).trimmed().toString().section(QLatin1Char(' '), 0, 0);
            position = parseCode(line.begin, line.next, fence, fenceSize, indent, language, depth, false);
            previousBlank = true;
            continueParagraph = false;
            continue;
        }
        if (const int level = quoteDepth == 0 ? headingLevel(body) : 0; level > 0 && !continueParagraph) {
            QString title = body.mid(level).trimmed().toString();
            while (title.endsWith(QLatin1Char('#')))
                title.chop(1);
            lists.clear();
            push({.kind = BlockKind::Heading, .level = level, .text = title.trimmed(), .begin = line.begin, .end = line.next});
            position = line.next;
            previousBlank = true;
            continue;
        }
        if (quoteDepth == 0 && isRule(body) && !continueParagraph) {
            lists.clear();
            push({.kind = BlockKind::Rule, .begin = line.begin, .end = line.next});
            position = line.next;
            previousBlank = true;
            continue;
        }
        if (quoteDepth == 0 && body.contains(u'|') && line.next < text.size() && !continueParagraph) {
            const Line below = lineAt(text, line.next);
            const QStringView delimiter = text.mid(below.begin, below.end - below.begin);
            if (isDelimiterRow(delimiter)) {
                Block block{.kind = BlockKind::Table, .depth = depth, .begin = line.begin};
                block.text = body.toString() + QLatin1Char('\n') + delimiter.trimmed().toString();
                position = parseTableRows(block, below.next);
                previousBlank = true;
                continue;
            }
        }

        // A paragraph, a quote or a list item: this line and the lines that flow on from it.
        Block block{.kind = quoteDepth > 0 ? BlockKind::Quote : BlockKind::Paragraph, .depth = depth, .quoteDepth = quoteDepth,
                    .begin = line.begin, .continues = continueParagraph};
        if (continueParagraph) {
            block.kind = resume.kind;
            block.depth = resume.depth;
            block.quoteDepth = resume.quoteDepth;
            continueParagraph = false;
        } else if (markerLength > 0) {
            block.kind = BlockKind::ListItem;
            block.marker = marker;
            block.depth = depth;
            body = body.mid(markerLength);
            lists.push_back({indent + markerLength});
        } else if (depth > 0 && quoteDepth == 0) {
            block.kind = BlockKind::ListItem; // another paragraph of the item
        }
        block.text = body.toString();
        position = line.next;
        while (position < text.size()) {
            const Line next = lineAt(text, position);
            QStringView nextView = text.mid(next.begin, next.end - next.begin);
            if (isBlank(nextView))
                break;
            qsizetype nextContent = 0;
            indentOf(nextView, &nextContent);
            QStringView nextBody = nextView.mid(nextContent);
            int nextQuote = 0;
            while (!nextBody.isEmpty() && nextBody[0] == u'>') {
                ++nextQuote;
                nextBody = nextBody.mid(1);
                if (!nextBody.isEmpty() && nextBody[0] == u' ')
                    nextBody = nextBody.mid(1);
            }
            QString ignored;
            QChar ignoredFence;
            if (nextQuote != quoteDepth || listMarker(nextBody, &ignored) > 0 || fenceLength(nextBody, &ignoredFence) > 0
                || headingLevel(nextBody) > 0 || isRule(nextBody))
                break;
            if (nextBody.contains(u'|') && next.next < text.size()) {
                const Line below = lineAt(text, next.next);
                if (isDelimiterRow(text.mid(below.begin, below.end - below.begin)))
                    break;
            }
            if (block.text.size() > kMaxParagraph)
                break;
            block.text += QLatin1Char('\n') + nextBody.toString();
            position = next.next;
        }
        block.end = position;
        // One endless line: cut after a sentence or a space. Pieces but the last are final, so streaming re-lays-out the end only.
        while (block.text.size() > 2 * kMaxParagraph && block.kind != BlockKind::Heading) {
            qsizetype cut = kMaxParagraph;
            for (qsizetype i = kMaxParagraph; i < kMaxParagraph + 400; ++i) {
                const QChar c = block.text[i];
                if (c == u'。' || c == u'！' || c == u'？' || (c.isSpace() && QStringView(u".!?").contains(block.text[i - 1]))) {
                    cut = i + 1;
                    break;
                }
                if (c.isSpace())
                    cut = i + 1;
            }
            // Source positions: content is a verbatim tail of one line here, so it can be counted from the end.
            const qsizetype tail = block.text.size() - cut;
            const bool endsWithNewline = block.end > 0 && block.end <= text.size() && text[block.end - 1] == u'\n';
            const qsizetype cutSource = block.end - (endsWithNewline ? 1 : 0) - tail;
            if (block.text.contains(QLatin1Char('\n')) || cutSource <= block.begin)
                break;
            Block head = block;
            head.text = block.text.left(cut);
            head.end = cutSource;
            push(head);
            block.text = block.text.mid(cut);
            block.begin = cutSource;
            block.marker.clear();
            block.continues = true;
        }
        push(block);
        previousBlank = false;
    }
}

} // namespace sy::widgets
