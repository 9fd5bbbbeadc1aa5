// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a conversation looks: bubbles, blocks, source chips, progress, notices, errors and the buttons under a message.
#include "widgets/conversation/conversation_metrics.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"

#include <QPaintEvent>
#include <QPainter>
#include <cmath>

namespace sy::widgets {

using namespace conversation;

bool ConversationView::isRowActive(int r) const
{
    return r + 1 == int(m_rows.size()) || m_hovered.row == r || (hasFocus() && m_currentRow == r) || rowAt(m_lastMove.y() + m_offset) == r;
}

void ConversationView::paintEvent(QPaintEvent* event)
{
    ++m_paintCount;
    QPainter painter(viewport());
    const Tokens& t = tokens(palette());
    painter.fillRect(event->rect(), t.surface);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF clip = event->rect();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        const Row& row = *m_rows[r];
        const qreal y = row.top - m_offset;
        if (y + row.height < clip.top())
            continue;
        if (y > clip.bottom())
            break;
        drawRow(painter, int(r), y, clip);
    }
}

void ConversationView::drawRow(QPainter& painter, int r, qreal y, const QRectF& clip)
{
    Row& row = *m_rows[size_t(r)];
    ensureParsed(row); // rows in sight are parsed already; a paint before the first layout is not a reason to crash
    drawGround(painter, r, y);
    const TextPosition first = std::min(m_anchor, m_cursor), last = std::max(m_anchor, m_cursor);
    qreal top = y + row.textTop;
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        const qreal height = row.blocks[b].height;
        if (top + height >= clip.top() && top <= clip.bottom()) {
            const BlockLayout& layout = layoutBlock(row, b);
            qsizetype from = 0, to = 0;
            const TextPosition begin{r, int(b), 0}, end{r, int(b), layout.plainText().size()};
            if (first.row >= 0 && first < last && first <= end && last >= begin) {
                from = first > begin ? first.at : 0;
                to = last < end ? last.at : layout.plainText().size();
            }
            std::vector<std::pair<qsizetype, qsizetype>> found;
            if (!m_found.isEmpty())
                for (qsizetype at = layout.plainText().indexOf(m_found, 0, Qt::CaseInsensitive); at >= 0;
                     at = layout.plainText().indexOf(m_found, at + m_found.size(), Qt::CaseInsensitive))
                    found.push_back({at, at + m_found.size()});
            painter.save();
            painter.translate(row.textLeft, top);
            const int hovered = m_hovered.row == r && m_hovered.block == int(b) ? m_hovered.index : -1;
            const int focused = hasFocus() && m_focused.row == r && m_focused.block == int(b) ? m_focused.index : -1;
            layout.draw(painter, from, to, hovered, focused, found);
            painter.restore();
        }
        top += height;
    }
    drawTail(painter, r, y);
    drawControls(painter, r, y);
}

/// What lies behind a message's text: the bubble and attachments of a question, and the focus ring.
void ConversationView::drawGround(QPainter& painter, int r, qreal y)
{
    const Row& row = *m_rows[size_t(r)];
    const MessageItem& m = row.message;
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    if (m.isUser) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.accentSoft);
        painter.drawRoundedRect(row.bubble.translated(0, y), radius::kCard, radius::kCard);
        const qreal chipHeight = std::ceil(QFontMetricsF(small).height() + 8);
        qreal top = y + kBubblePadding - 3;
        painter.setFont(small);
        for (const QString& name : m.attachments) {
            const int side = int(chipHeight) - 8;
            painter.drawPixmap(QPointF(row.textLeft, top + 4), iconPixmap(QStringLiteral("file"), side, t.textMuted, devicePixelRatioF()));
            painter.setPen(t.text);
            const QString shown = QFontMetricsF(small).elidedText(name, Qt::ElideMiddle, row.textWidth - side - 8);
            painter.drawText(QRectF(row.textLeft + side + 6, top, row.textWidth - side - 6, chipHeight), Qt::AlignVCenter, shown);
            top += chipHeight + 4;
        }
    }
    if (hasFocus() && m_showsRing && r == m_currentRow && !m_focused.isValid()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.focus, 2));
        const QRectF frame = m.isUser ? row.bubble.translated(0, y)
                                      : QRectF(columnLeft() - 10, y - 6, columnWidth() + 20, row.height - kRowGap + 10);
        painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), radius::kCard, radius::kCard);
    }
}

/// What stands under a message's text: progress, notice, error.
void ConversationView::drawTail(QPainter& painter, int r, qreal y)
{
    const Row& row = *m_rows[size_t(r)];
    const MessageItem& m = row.message;
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    const qreal tail = y + row.textTop + row.textHeight;
    const qreal left = columnLeft(), width = columnWidth();
    if (row.progressTop >= 0) {
        // Three dots and the words say that something happens; the bar says how far, when that is known.
        const QFontMetricsF metrics(font());
        const qreal middle = tail + row.progressTop + metrics.height() / 2 + 1;
        for (int dot = 0; dot < 3; ++dot) {
            QColor color = t.accent;
            color.setAlphaF(m_spinnerPhase % 4 == dot ? 1.0f : 0.35f);
            painter.setPen(Qt::NoPen);
            painter.setBrush(color);
            painter.drawEllipse(QPointF(left + 5 + dot * 11, middle), 3.5, 3.5);
        }
        painter.setFont(font());
        painter.setPen(t.textMuted);
        painter.drawText(QPointF(left + 44, middle + metrics.ascent() / 2 - 2), m.progressText);
        if (m.progress >= 0) {
            const QRectF bar(left + 52 + metrics.horizontalAdvance(m.progressText), middle - 2.5, 140, 5);
            painter.setPen(Qt::NoPen);
            painter.setBrush(t.border);
            painter.drawRoundedRect(bar, 2.5, 2.5);
            painter.setBrush(t.accent);
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * std::clamp(m.progress, 0.0, 1.0), bar.height()), 2.5, 2.5);
        }
    }
    if (row.noticeTop >= 0) {
        painter.setFont(small);
        const QFontMetricsF metrics(small);
        const int side = int(metrics.height());
        painter.drawPixmap(QPointF(left, tail + row.noticeTop + 3), iconPixmap(QStringLiteral("info"), side, t.textMuted, devicePixelRatioF()));
        painter.setPen(t.textMuted);
        painter.drawText(QRectF(left + side + 8, tail + row.noticeTop + 2, width - side - 8, 400), Qt::TextWordWrap | Qt::AlignTop, m.notice);
    }
    if (row.errorTop >= 0) {
        const QRectF box(left, tail + row.errorTop, width, row.errorHeight);
        painter.setPen(QPen(t.danger, 1));
        painter.setBrush(t.dangerSoft);
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius::kControl, radius::kControl);
        const QFontMetricsF metrics(font());
        const int side = int(metrics.height()) + 2;
        painter.drawPixmap(QPointF(box.left() + 12, box.top() + 10), iconPixmap(QStringLiteral("error"), side, t.danger, devicePixelRatioF()));
        painter.setFont(strongFont(font()));
        painter.setPen(t.text);
        painter.drawText(QRectF(box.left() + 22 + side, box.top() + 10, box.width() - 44, metrics.height() + 4), Qt::AlignVCenter, m.errorTitle);
        painter.setFont(font());
        painter.drawText(QRectF(box.left() + 22 + side, box.top() + 16 + metrics.height(), box.width() - 34 - side, box.height()),
                         Qt::TextWordWrap | Qt::AlignTop, m.errorText);
    }
}

namespace {

const char* iconOf(ConversationView::ControlKind kind)
{
    using Kind = ConversationView::ControlKind;
    switch (kind) {
    case Kind::Copy: return "copy";
    case Kind::Continue: return "play";
    case Kind::Regenerate: return "refresh";
    case Kind::Edit: return "edit";
    case Kind::Delete: return "trash";
    case Kind::PreviousBranch: return "chevron-left";
    case Kind::NextBranch: return "chevron-right";
    case Kind::Source:
    case Kind::CopyError:
    case Kind::Footer: break;
    }
    return "";
}

} // namespace

void ConversationView::drawControls(QPainter& painter, int r, qreal y)
{
    const Row& row = *m_rows[size_t(r)];
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    const bool isActive = isRowActive(r);
    for (size_t c = 0; c < row.controls.size(); ++c) {
        const Control& control = row.controls[c];
        const QRectF rect = controlRect(row, control).translated(0, y);
        const TargetRef self{r, -1, int(c)};
        const bool isHovered = m_hovered == self, isFocused = hasFocus() && m_focused == self;
        if (control.kind == ControlKind::Source) {
            drawSource(painter, control, rect, isHovered);
        } else if (control.kind == ControlKind::CopyError) {
            painter.setFont(font());
            painter.setPen(t.accent);
            painter.drawText(rect.adjusted(6, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, control.label);
            if (isHovered)
                painter.drawLine(QPointF(rect.left() + 6, rect.bottom() - 4), QPointF(rect.right() - 6, rect.bottom() - 4));
        } else if (control.kind == ControlKind::Footer) {
            painter.setFont(small);
            painter.setPen(isHovered ? t.textMuted : t.textFaint);
            painter.drawText(rect.adjusted(8, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, control.label);
        } else {
            // The way to other branches is always seen, the rest where the reader is.
            if (isActive || control.kind == ControlKind::PreviousBranch || control.kind == ControlKind::NextBranch) {
                if (isHovered) {
                    painter.setPen(Qt::NoPen);
                    painter.setBrush(t.hover);
                    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
                }
                const int side = int(rect.height()) - 10;
                painter.drawPixmap(QPointF(rect.center().x() - side / 2.0, rect.center().y() - side / 2.0),
                                   iconPixmap(QString::fromLatin1(iconOf(control.kind)), side, isHovered ? t.text : t.textMuted, devicePixelRatioF()));
            }
        }
        if (isFocused) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(t.focus, 2));
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
        }
    }
    if (!row.branchLabel.isEmpty()) {
        painter.setFont(small);
        painter.setPen(t.textMuted);
        painter.drawText(belowText(row, row.branchLabel).translated(0, y), Qt::AlignCenter, branchText(row.message));
    }
}

/// A source above an answer: its number, or a sheet for one that is not cited, and where it comes from.
void ConversationView::drawSource(QPainter& painter, const Control& control, const QRectF& rect, bool isHovered)
{
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    const QFontMetricsF metrics(small);
    painter.setPen(QPen(control.isMuted ? t.border : t.borderStrong, 1));
    painter.setBrush(isHovered ? t.hover : t.surface);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), rect.height() / 2, rect.height() / 2);
    const QString digits = QString::number(control.number);
    qreal mark = metrics.horizontalAdvance(digits);
    if (control.number > 0) {
        painter.setFont(strongFont(small));
        painter.setPen(control.isMuted ? t.textFaint : t.accent);
        painter.drawText(rect.adjusted(10, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, digits);
    } else {
        mark = metrics.height() - 2;
        painter.drawPixmap(QPointF(rect.left() + 9, rect.center().y() - mark / 2), iconPixmap(QStringLiteral("file"), int(mark), t.textFaint, devicePixelRatioF()));
    }
    painter.setFont(small);
    painter.setPen(control.isMuted ? t.textFaint : t.text);
    painter.drawText(rect.adjusted(10 + mark + 8, 0, -4, 0), Qt::AlignVCenter | Qt::AlignLeft, control.label);
}

} // namespace sy::widgets
