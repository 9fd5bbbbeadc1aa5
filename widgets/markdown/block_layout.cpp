// SPDX-License-Identifier: GPL-3.0-or-later
//
// Blocks are drawn with QTextLayout rather than QTextDocument: a document costs some 20 kB and a cascade of signals for each
// block, a layout a tenth of that, and chips and code frames have to be painted by hand in either case.
#include "widgets/markdown/block_layout.h"

#include "widgets/markdown/code_colors.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>
#include <QTextLayout>
#include <cmath>

namespace sy::widgets {

namespace {

constexpr qreal kCodePadding = 12;
constexpr qreal kCellPadding = 8;
constexpr qreal kIndentPerDepth = 24;
constexpr qreal kQuoteIndent = 16;

qreal lineSpacing(const QFont& font)
{
    return std::ceil(QFontMetricsF(font).lineSpacing() * 1.18); // prose wants air; Qt's own spacing is for labels
}

qreal codeLineSpacing(const QFont& font)
{
    return std::ceil(QFontMetricsF(font).lineSpacing() * 1.08);
}

QFont blockFont(const Block& block, const QFont& base)
{
    if (block.kind == BlockKind::Heading) {
        QFont font = strongFont(base);
        const double factors[] = {1.45, 1.28, 1.14, 1.05, 1.0, 1.0};
        font.setPointSizeF(base.pointSizeF() * factors[std::clamp(block.level, 1, 6) - 1]);
        return font;
    }
    if (block.kind == BlockKind::Code)
        return monospaceFont(base);
    return base;
}

qreal indentOfBlock(const Block& block)
{
    const qreal own = block.kind == BlockKind::ListItem && !block.marker.isEmpty() ? kIndentPerDepth : 0;
    return block.depth * kIndentPerDepth + own + block.quoteDepth * kQuoteIndent;
}

/// A list item's marker stands in its own column; a paragraph that continues an item stands under the item's text.
qreal contentLeft(const Block& block)
{
    return indentOfBlock(block);
}

QStringList splitRow(QStringView row)
{
    QStringView t = row.trimmed();
    if (t.startsWith(u'|'))
        t = t.mid(1);
    QStringList cells;
    QString cell;
    bool inCode = false;
    for (qsizetype i = 0; i < t.size(); ++i) {
        if (t[i] == u'\\' && i + 1 < t.size() && t[i + 1] == u'|') {
            cell += QLatin1Char('|');
            ++i;
        } else if (t[i] == u'|' && !inCode) {
            cells << cell.trimmed();
            cell.clear();
        } else {
            if (t[i] == u'`')
                inCode = !inCode;
            cell += t[i];
        }
    }
    if (!cell.trimmed().isEmpty() || !t.endsWith(u'|'))
        cells << cell.trimmed();
    return cells;
}

} // namespace

BlockLayout::~BlockLayout() = default;
BlockLayout::BlockLayout(BlockLayout&&) noexcept = default;

BlockLayout::BlockLayout(const Block& block, const BlockStyle& style, qreal width, bool nextContinues)
    : m_block(block), m_style(style), m_width(std::max<qreal>(width, 40)), m_nextContinues(nextContinues)
{
    const QFont font = blockFont(block, style.font);
    const qreal gap = std::ceil(QFontMetricsF(style.font).height() * 0.55);
    switch (block.kind) {
    case BlockKind::Rule:
        m_height = 2 * gap + 1;
        break;
    case BlockKind::Code:
        layOutCode(m_width, nextContinues);
        if (!nextContinues)
            m_height += gap;
        break;
    case BlockKind::Table:
        layOutTable(m_width);
        if (!nextContinues)
            m_height += gap;
        break;
    default: {
        const qreal left = contentLeft(block);
        const qreal top = block.kind == BlockKind::Heading ? std::ceil(gap * 0.8) : 0;
        const QColor color = block.kind == BlockKind::Quote ? style.tokens.textMuted : style.tokens.text;
        Piece& piece = addPiece(parseInline(block.text, style.nCitations), font, color, m_width - left, QPointF(left, top), Qt::AlignLeft, false);
        m_height = top + piece.layout->boundingRect().height();
        const bool tight = block.kind == BlockKind::ListItem;
        if (!nextContinues)
            m_height += block.kind == BlockKind::Heading ? std::ceil(gap * 0.6) : tight ? std::ceil(gap * 0.5) : gap;
        break;
    }
    }
    m_height = std::ceil(m_height);
    collectTargets();
}

BlockLayout::Piece& BlockLayout::addPiece(const InlineText& text, const QFont& font, QColor color, qreal width, QPointF position,
                                          Qt::Alignment alignment, bool breakAnywhere, const std::vector<CodeRange>& colors)
{
    Piece piece;
    piece.position = position;
    piece.start = m_plain.size();
    piece.spans = text.spans;
    piece.layout = std::make_unique<QTextLayout>(text.text, font);
    QTextOption option;
    option.setAlignment(alignment);
    option.setWrapMode(breakAnywhere ? QTextOption::WrapAnywhere : QTextOption::WrapAtWordBoundaryOrAnywhere);
    option.setTabStopDistance(QFontMetricsF(font).horizontalAdvance(QLatin1Char(' ')) * 4);
    piece.layout->setTextOption(option);
    QList<QTextLayout::FormatRange> formats;
    QTextLayout::FormatRange whole;
    whole.start = 0;
    whole.length = int(text.text.size());
    whole.format.setForeground(color);
    formats << whole;
    const QFont mono = monospaceFont(font);
    for (const InlineSpan& span : text.spans) {
        QTextLayout::FormatRange range;
        range.start = int(span.start);
        range.length = int(span.length);
        bool isPlain = true;
        if (span.isBold) {
            range.format.setFontWeight(QFont::DemiBold);
            isPlain = false;
        }
        if (span.isItalic) {
            range.format.setFontItalic(true);
            isPlain = false;
        }
        if (span.isStruck) {
            range.format.setFontStrikeOut(true);
            isPlain = false;
        }
        if (span.isCode) {
            range.format.setFontFamilies(mono.families());
            range.format.setFontFixedPitch(true);
            range.format.setFontPointSize(font.pointSizeF() * 0.93);
            isPlain = false;
        }
        if (!span.url.isEmpty()) {
            range.format.setForeground(m_style.tokens.accent);
            range.format.setFontUnderline(true);
            isPlain = false;
        }
        if (span.citation > 0) {
            range.format.setForeground(m_style.tokens.accent);
            range.format.setVerticalAlignment(QTextCharFormat::AlignSuperScript); // draws at two thirds of the size
            range.format.setFontPointSize(font.pointSizeF() * 1.2);
            range.format.setFontWeight(QFont::DemiBold);
            isPlain = false;
        }
        if (span.isUnsupported) {
            range.format.setForeground(m_style.tokens.warning);
            range.format.setVerticalAlignment(QTextCharFormat::AlignSuperScript);
            range.format.setFontWeight(QFont::Bold);
            isPlain = false;
        }
        if (!isPlain)
            formats << range;
    }
    for (const CodeRange& color : colors) {
        QTextLayout::FormatRange range;
        range.start = int(color.start);
        range.length = int(color.length);
        const Tokens& t = m_style.tokens;
        range.format.setForeground(color.tone == CodeTone::Keyword   ? t.codeKeyword
                                   : color.tone == CodeTone::String  ? t.codeString
                                   : color.tone == CodeTone::Comment ? t.codeComment
                                                                     : t.codeNumber);
        formats << range;
    }
    piece.layout->setFormats(formats); // before the lines: setting formats discards them
    const qreal spacing = m_block.kind == BlockKind::Code ? codeLineSpacing(font) : lineSpacing(font);
    piece.layout->setCacheEnabled(true);
    piece.layout->beginLayout();
    qreal y = 0;
    for (;;) {
        QTextLine line = piece.layout->createLine();
        if (!line.isValid())
            break;
        line.setLineWidth(width);
        // A fixed pitch: superscripts and inline code must not push lines apart unevenly.
        line.setPosition(QPointF(0, y + std::max<qreal>(0, (spacing - line.height()) / 2)));
        y += std::max(spacing, line.height());
    }
    piece.layout->endLayout();
    m_plain += text.text;
    m_pieces.push_back(std::move(piece));
    return m_pieces.back();
}

void BlockLayout::layOutCode(qreal width, bool nextContinues)
{
    const QFont font = blockFont(m_block, m_style.font);
    const qreal left = m_block.depth * kIndentPerDepth;
    const qreal header = m_block.continues ? 0 : std::ceil(QFontMetricsF(smallFont(m_style.font)).height() + 14);
    QString text = m_block.text;
    text.replace(QLatin1Char('\n'), QChar(QChar::LineSeparator));
    const qreal top = header + (m_block.continues ? 0 : kCodePadding * 0.6);
    Piece& piece = addPiece({text, {}}, font, m_style.tokens.text, width - left - 2 * kCodePadding, QPointF(left + kCodePadding, top),
                            Qt::AlignLeft, true, colorCode(m_block.text, m_block.language));
    qreal textHeight = 0;
    const qreal spacing = codeLineSpacing(font);
    if (piece.layout->lineCount() > 0) {
        const QTextLine last = piece.layout->lineAt(piece.layout->lineCount() - 1);
        textHeight = last.y() + last.height() + std::max<qreal>(0, (spacing - last.height()) / 2);
    }
    m_height = top + textHeight + (nextContinues ? 0 : kCodePadding);
    m_frame = QRectF(left, 0, width - left, m_height);
}

void BlockLayout::layOutTable(qreal width)
{
    const qreal left = m_block.depth * kIndentPerDepth;
    const QStringList lines = m_block.text.split(QLatin1Char('\n'));
    if (lines.size() < 2)
        return;
    const QStringList head = splitRow(lines[0]);
    const qsizetype n = std::max<qsizetype>(1, head.size());
    std::vector<Qt::Alignment> alignment(static_cast<size_t>(n), Qt::AlignLeft);
    const QStringList delimiters = splitRow(lines[1]);
    for (qsizetype c = 0; c < std::min(n, qsizetype(delimiters.size())); ++c) {
        const bool atStart = delimiters[c].startsWith(QLatin1Char(':')), atEnd = delimiters[c].endsWith(QLatin1Char(':'));
        if (atEnd)
            alignment[size_t(c)] = atStart ? Qt::AlignHCenter : Qt::AlignRight;
    }
    std::vector<QStringList> rows;
    if (!m_block.continues)
        rows.push_back(head);
    for (qsizetype r = 2; r < lines.size(); ++r)
        rows.push_back(splitRow(lines[r]));

    // Natural widths, then shrunk: columns under their fair share keep it, the others divide what is left.
    const QFontMetricsF metrics(m_style.font);
    std::vector<qreal> natural(size_t(n), 24);
    std::vector<std::vector<InlineText>> cells;
    for (const QStringList& row : rows) {
        std::vector<InlineText> parsed;
        for (qsizetype c = 0; c < n; ++c) {
            parsed.push_back(parseInline(c < row.size() ? row[c] : QString(), m_style.nCitations));
            natural[size_t(c)] = std::max(natural[size_t(c)], metrics.horizontalAdvance(parsed.back().text) * 1.08 + 2 * kCellPadding + 2);
        }
        cells.push_back(std::move(parsed));
    }
    const qreal available = width - left;
    std::vector<qreal> widths = natural;
    std::vector<bool> isFixed(size_t(n), false);
    qreal rest = available;
    size_t open = size_t(n);
    for (bool changed = true; changed && open > 0;) {
        changed = false;
        const qreal share = rest / qreal(open);
        for (size_t c = 0; c < size_t(n); ++c) {
            if (!isFixed[c] && natural[c] <= share) {
                isFixed[c] = true;
                rest -= natural[c];
                --open;
                changed = true;
            }
        }
    }
    for (size_t c = 0; c < size_t(n); ++c)
        if (!isFixed[c])
            widths[c] = std::max<qreal>(32, rest / qreal(open));

    m_columns.push_back(left);
    for (size_t c = 0; c < size_t(n); ++c)
        m_columns.push_back(m_columns.back() + widths[c]);
    qreal y = 0;
    m_rows.push_back(y);
    for (size_t r = 0; r < cells.size(); ++r) {
        qreal rowHeight = lineSpacing(m_style.font);
        const QFont font = r == 0 && !m_block.continues ? strongFont(m_style.font) : m_style.font;
        for (size_t c = 0; c < size_t(n); ++c) {
            const Piece& piece = addPiece(cells[r][c], font, m_style.tokens.text, widths[c] - 2 * kCellPadding,
                                          QPointF(m_columns[c] + kCellPadding, y + 5), alignment[c], false);
            rowHeight = std::max(rowHeight, piece.layout->boundingRect().height());
            m_plain += c + 1 < size_t(n) ? QLatin1Char('\t') : QLatin1Char('\n');
        }
        y = std::ceil(y + rowHeight + 10);
        m_rows.push_back(y);
    }
    if (m_plain.endsWith(QLatin1Char('\n')))
        m_plain.chop(1);
    m_height = y;
}

std::vector<QRectF> BlockLayout::rectsOf(const Piece& piece, qsizetype from, qsizetype to) const
{
    std::vector<QRectF> rects;
    for (int i = 0; i < piece.layout->lineCount(); ++i) {
        const QTextLine line = piece.layout->lineAt(i);
        const qsizetype begin = std::max<qsizetype>(from, line.textStart());
        const qsizetype end = std::min<qsizetype>(to, line.textStart() + line.textLength());
        if (begin >= end)
            continue;
        const qreal x0 = line.cursorToX(int(begin)), x1 = line.cursorToX(int(end));
        rects.push_back(QRectF(std::min(x0, x1), line.y(), std::abs(x1 - x0), line.height()).translated(piece.position));
    }
    return rects;
}

void BlockLayout::collectTargets()
{
    for (const Piece& piece : m_pieces) {
        for (const InlineSpan& span : piece.spans) {
            if (span.citation == 0 && span.url.isEmpty())
                continue;
            QRectF rect;
            for (const QRectF& part : rectsOf(piece, span.start, span.start + span.length))
                rect = rect.isNull() ? part : rect.united(part);
            if (rect.isNull())
                continue;
            if (span.citation > 0) { // the superscript's own place, not the full line
                const qreal h = rect.height();
                rect = QRectF(rect.left(), rect.top() - h * 0.02, rect.width(), h * 0.72);
                m_targets.push_back({BlockTarget::Kind::Citation, rect.adjusted(0, 0, 0, 0), {}, span.citation, piece.start + span.start});
            } else {
                m_targets.push_back({BlockTarget::Kind::Link, rect, span.url, 0, piece.start + span.start});
            }
        }
    }
    if (m_block.kind == BlockKind::Code && !m_block.continues) {
        const QFontMetricsF metrics(smallFont(m_style.font));
        const qreal w = metrics.horizontalAdvance(m_style.copyLabel) + metrics.height() + 22;
        const qreal h = metrics.height() + 6;
        m_targets.push_back({BlockTarget::Kind::CopyCode, QRectF(m_frame.right() - w - 6, 4, w, h), {}, 0, 0});
    }
}

qreal BlockLayout::estimateHeight(const Block& block, const BlockStyle& style, qreal width)
{
    const qreal spacing = lineSpacing(style.font);
    const qreal gap = QFontMetricsF(style.font).height() * 0.55;
    if (block.kind == BlockKind::Rule)
        return 2 * gap + 1;
    if (block.kind == BlockKind::Code) {
        const QFont mono = monospaceFont(style.font);
        return qreal(block.text.count(QLatin1Char('\n')) + 1) * codeLineSpacing(mono) + (block.continues ? 0 : 50);
    }
    if (block.kind == BlockKind::Table)
        return qreal(block.text.count(QLatin1Char('\n'))) * (spacing + 10);
    qreal advance = 0;
    const qreal em = QFontMetricsF(style.font).averageCharWidth();
    for (const QChar c : block.text)
        advance += c.unicode() >= 0x2E80 ? 2 * em : em;
    const qreal lines = std::max<qreal>(1, std::ceil(advance / std::max<qreal>(80, width - contentLeft(block)))) + qreal(block.text.count(QLatin1Char('\n')));
    return lines * spacing + gap + (block.kind == BlockKind::Heading ? gap : 0);
}

void BlockLayout::drawMarks(QPainter& painter, int hoveredTarget, int focusedTarget) const
{
    const Tokens& t = m_style.tokens;
    for (const Piece& piece : m_pieces) {
        for (const InlineSpan& span : piece.spans) {
            if (span.isCode) {
                painter.setPen(Qt::NoPen);
                painter.setBrush(t.sunken);
                for (const QRectF& rect : rectsOf(piece, span.start, span.start + span.length))
                    painter.drawRoundedRect(rect.adjusted(-1.5, 1, 1.5, -1), radius::kSmall, radius::kSmall);
            } else if (span.isUnsupported) {
                painter.setPen(Qt::NoPen);
                painter.setBrush(t.warningSoft);
                for (const QRectF& rect : rectsOf(piece, span.start, span.start + span.length))
                    painter.drawRoundedRect(QRectF(rect.left(), rect.top(), rect.width(), rect.height() * 0.7), radius::kSmall, radius::kSmall);
            }
        }
    }
    for (size_t i = 0; i < m_targets.size(); ++i) {
        const BlockTarget& target = m_targets[i];
        const bool isHovered = int(i) == hoveredTarget, isFocused = int(i) == focusedTarget;
        if (target.kind == BlockTarget::Kind::Citation) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(isHovered ? t.hover : t.accentSoft);
            painter.drawRoundedRect(target.rect, radius::kSmall, radius::kSmall);
        } else if (target.kind == BlockTarget::Kind::CopyCode && isHovered) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(t.hover);
            painter.drawRoundedRect(target.rect, radius::kControl, radius::kControl);
        }
        if (isFocused) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(t.focus, 2));
            painter.drawRoundedRect(target.rect.adjusted(-2, -2, 2, 2), radius::kSmall, radius::kSmall);
        }
    }
}

void BlockLayout::draw(QPainter& painter, qsizetype selectFrom, qsizetype selectTo, int hoveredTarget, int focusedTarget,
                       const std::vector<std::pair<qsizetype, qsizetype>>& found) const
{
    const Tokens& t = m_style.tokens;
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_block.kind == BlockKind::Rule) {
        painter.fillRect(QRectF(0, std::floor(m_height / 2), m_width, 1), t.border);
        return;
    }
    if (m_block.kind == BlockKind::Code) {
        // One frame over all pieces: only its first and last have rounded ends.
        painter.save();
        painter.setClipRect(QRectF(m_frame.left() - 1, 0, m_frame.width() + 2, m_frame.height() + 1));
        const QRectF frame = m_frame.adjusted(0.5, m_block.continues ? -20 : 0.5, -0.5, m_nextContinues ? 20 : -0.5);
        painter.setPen(QPen(t.border, 1));
        painter.setBrush(t.sunken);
        painter.drawRoundedRect(frame, radius::kControl, radius::kControl);
        painter.restore();
        if (!m_block.continues) {
            const QFont label = smallFont(m_style.font);
            const QFontMetricsF metrics(label);
            const qreal headerHeight = std::ceil(metrics.height() + 14);
            painter.setFont(label);
            painter.setPen(t.textMuted);
            painter.drawText(QRectF(m_frame.left() + kCodePadding, 0, m_frame.width() / 2, headerHeight), Qt::AlignVCenter | Qt::AlignLeft,
                             m_block.language);
            painter.fillRect(QRectF(m_frame.left() + 1, headerHeight - 1, m_frame.width() - 2, 1), t.border);
        }
    }
    if (m_block.kind == BlockKind::Table && m_rows.size() > 1) {
        if (!m_block.continues)
            painter.fillRect(QRectF(m_columns.front(), 0, m_columns.back() - m_columns.front(), m_rows[1]), t.sunken);
        painter.setPen(QPen(t.border, 1));
        for (size_t r = m_block.continues ? 1 : 0; r < m_rows.size(); ++r)
            painter.drawLine(QPointF(m_columns.front(), m_rows[r] + 0.5), QPointF(m_columns.back(), m_rows[r] + 0.5));
        for (const qreal x : {m_columns.front(), m_columns.back()})
            painter.drawLine(QPointF(x + 0.5, 0), QPointF(x + 0.5, m_rows.back()));
    }
    for (int q = 0; q < m_block.quoteDepth; ++q)
        painter.fillRect(QRectF(m_block.depth * kIndentPerDepth + q * kQuoteIndent, 0, 3, m_height - (m_nextContinues ? 0 : 6)), t.borderStrong);

    drawMarks(painter, hoveredTarget, focusedTarget);

    if (m_block.kind == BlockKind::ListItem && !m_block.marker.isEmpty() && !m_pieces.empty()) {
        painter.setFont(m_style.font);
        painter.setPen(t.textMuted);
        const QTextLine line = m_pieces[0].layout->lineCount() > 0 ? m_pieces[0].layout->lineAt(0) : QTextLine();
        const qreal top = m_pieces[0].position.y() + (line.isValid() ? line.y() : 0);
        const qreal height = line.isValid() ? line.height() : lineSpacing(m_style.font);
        const qreal right = m_pieces[0].position.x() - 8;
        painter.drawText(QRectF(right - 80, top, 80, height), Qt::AlignRight | Qt::AlignVCenter, m_block.marker);
    }

    for (const Piece& piece : m_pieces) {
        QList<QTextLayout::FormatRange> selections;
        const auto mark = [&](qsizetype from, qsizetype to, const QColor& ground) {
            from = std::clamp<qsizetype>(from - piece.start, 0, piece.layout->text().size());
            to = std::clamp<qsizetype>(to - piece.start, 0, piece.layout->text().size());
            if (from >= to)
                return;
            QTextLayout::FormatRange range;
            range.start = int(from);
            range.length = int(to - from);
            range.format.setBackground(ground);
            selections << range;
        };
        for (const auto& [from, to] : found)
            mark(from, to, t.passage);
        mark(selectFrom, selectTo, t.selection);
        piece.layout->draw(&painter, piece.position, selections);
    }

    for (size_t i = 0; i < m_targets.size(); ++i) {
        const BlockTarget& target = m_targets[i];
        if (target.kind != BlockTarget::Kind::CopyCode)
            continue;
        const QFont label = smallFont(m_style.font);
        const int side = int(QFontMetricsF(label).height());
        const QColor color = int(i) == hoveredTarget ? t.text : t.textMuted;
        painter.drawPixmap(QPointF(target.rect.left() + 6, target.rect.center().y() - side / 2.0),
                           iconPixmap(QStringLiteral("copy"), side, color, painter.device()->devicePixelRatioF()));
        painter.setFont(label);
        painter.setPen(color);
        painter.drawText(target.rect.adjusted(side + 10, 0, -4, 0), Qt::AlignVCenter | Qt::AlignLeft, m_style.copyLabel);
    }
}

qsizetype BlockLayout::positionAt(QPointF point) const
{
    if (m_pieces.empty())
        return 0;
    // The piece under the point, or the nearest one in reading order.
    const Piece* best = &m_pieces.front();
    qreal bestDistance = std::numeric_limits<qreal>::max();
    for (const Piece& piece : m_pieces) {
        QRectF rect = piece.layout->boundingRect().translated(piece.position);
        const qreal dy = point.y() < rect.top() ? rect.top() - point.y() : point.y() > rect.bottom() ? point.y() - rect.bottom() : 0;
        const qreal dx = point.x() < rect.left() ? rect.left() - point.x() : point.x() > rect.right() ? point.x() - rect.right() : 0;
        const qreal distance = dy * 1000 + dx;
        if (distance < bestDistance) {
            bestDistance = distance;
            best = &piece;
        }
    }
    const QPointF local = point - best->position;
    const int nLines = best->layout->lineCount();
    for (int i = 0; i < nLines; ++i) {
        const QTextLine line = best->layout->lineAt(i);
        if (local.y() < line.y() + line.height() || i + 1 == nLines) {
            if (i + 1 == nLines && local.y() > line.y() + line.height() * 1.3)
                return best->start + best->layout->text().size();
            return best->start + line.xToCursor(local.x());
        }
    }
    return best->start;
}

int BlockLayout::targetAt(QPointF point) const
{
    for (size_t i = 0; i < m_targets.size(); ++i)
        if (m_targets[i].rect.adjusted(-2, -3, 2, 3).contains(point))
            return int(i);
    return -1;
}

bool BlockLayout::isTextAt(QPointF point) const
{
    for (const Piece& piece : m_pieces)
        if (piece.layout->boundingRect().translated(piece.position).adjusted(-4, -2, 4, 2).contains(point))
            return true;
    return false;
}

QRectF BlockLayout::cursorRect(qsizetype position) const
{
    for (const Piece& piece : m_pieces) {
        const qsizetype local = position - piece.start;
        if (local < 0 || local > piece.layout->text().size())
            continue;
        const QTextLine line = piece.layout->lineForTextPosition(int(local));
        if (line.isValid())
            return QRectF(line.cursorToX(int(local)), line.y(), 1, line.height()).translated(piece.position);
    }
    return {0, 0, 1, m_height};
}

QString BlockLayout::copyText(qsizetype from, qsizetype to) const
{
    QString text;
    if (from == 0 && to > 0 && m_block.kind == BlockKind::ListItem) {
        text += QString(m_block.depth * 2, QLatin1Char(' '));
        if (!m_block.marker.isEmpty())
            text += (m_block.marker == QStringLiteral("•") ? QStringLiteral("-") : m_block.marker) + QLatin1Char(' ');
    }
    qsizetype at = from;
    for (const Piece& piece : m_pieces) {
        for (const InlineSpan& span : piece.spans) {
            if (span.citation == 0 && !span.isUnsupported)
                continue;
            const qsizetype begin = piece.start + span.start, end = begin + span.length;
            if (end <= at || begin >= to)
                continue;
            text += m_plain.mid(at, std::max<qsizetype>(0, begin - at));
            if (span.citation > 0)
                text += QStringLiteral("[%1]").arg(span.citation);
            at = std::min(end, to);
        }
    }
    text += m_plain.mid(at, std::max<qsizetype>(0, to - at));
    text.replace(QChar(QChar::LineSeparator), QLatin1Char('\n'));
    return text;
}

} // namespace sy::widgets
