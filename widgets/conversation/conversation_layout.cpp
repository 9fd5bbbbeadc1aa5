// SPDX-License-Identifier: GPL-3.0-or-later
//
//   viewport            row (message)                 blocks
//   +-----------+       sources as chips              heights: estimated until near the viewport,
//   |           |  <->  blocks of its text       <->  exact from then on; QTextLayouts only for
//   +-----------+       notice, error, footer         two viewports around
//
// Heights above the viewport change when an estimate becomes exact. Whatever the reader looks at must not move, so every layout
// remembers the first visible block and puts it back to where it was (captureAnchor, anchorOffset).
#include "widgets/conversation/conversation_metrics.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/theme/fonts.h"

#include <QFontMetricsF>
#include <QScrollBar>
#include <QToolButton>
#include <cmath>

namespace sy::widgets {

using namespace conversation;

QString branchText(const MessageItem& message)
{
    return ConversationView::tr("%1/%2").arg(message.branch).arg(message.nBranches);
}

qreal ConversationView::columnWidth() const
{
    const qreal margin = viewport()->width() < 560 ? space::kMedium : space::kHuge;
    const qreal scale = std::max(1.0, textFont().pointSizeF() / 10.5); // a column of about 90 characters at any text size
    return std::clamp<qreal>(viewport()->width() - 2 * margin, 120, kMaxColumn * scale);
}

qreal ConversationView::columnLeft() const
{
    return std::floor((viewport()->width() - columnWidth()) / 2);
}

/// Everything of a row that does not depend on its text's height.
void ConversationView::frameRow(Row& row)
{
    const MessageItem& m = row.message;
    const qreal left = columnLeft(), width = columnWidth();
    const QFont small = smallFont(font());
    const QFontMetricsF metrics(small);
    const qreal chipHeight = std::ceil(metrics.height() + 8);
    row.controls.clear();
    row.bubble = row.branchLabel = {};
    qreal y = 0;
    qreal tail = 0;
    row.noticeTop = row.errorTop = row.progressTop = row.footerTop = -1;

    if (m.isUser) {
        const QFontMetricsF text(textFont());
        qreal natural = 60;
        for (const QString& line : m.text.split(QLatin1Char('\n')))
            natural = std::max(natural, std::ceil(text.horizontalAdvance(line.left(400)) * 1.02) + 4);
        for (const QString& name : m.attachments)
            natural = std::max(natural, metrics.horizontalAdvance(name) + chipHeight + 16);
        if (m.text.contains(QLatin1String("```")) || m.text.contains(QLatin1Char('|')))
            natural = width; // frames and tables use the room there is
        const qreal inner = std::min(natural, std::floor(width * 0.86) - 2 * kBubblePadding);
        row.textWidth = inner;
        row.textLeft = left + width - inner - kBubblePadding;
        y = kBubblePadding + qreal(m.attachments.size()) * (chipHeight + 4);
        row.bubble = QRectF(row.textLeft - kBubblePadding, 0, inner + 2 * kBubblePadding, 0);
        tail = 2;
        row.footerTop = tail + 2;
    } else {
        row.textLeft = left;
        row.textWidth = width;
        qreal x = left;
        for (const PassageItem& passage : m.passages) {
            // The page stays readable however long the title.
            const QString place = passage.location.isEmpty() ? QString() : QStringLiteral(" · ") + passage.location;
            const QString label = metrics.elidedText(passage.title, Qt::ElideRight, std::min<qreal>(300, width - 60) - metrics.horizontalAdvance(place)) + place;
            const qreal mark = passage.number > 0 ? metrics.horizontalAdvance(QString::number(passage.number)) : metrics.height() - 2;
            const qreal w = std::ceil(metrics.horizontalAdvance(label) + mark + 30);
            if (x > left && x + w > left + width) {
                x = left;
                y += chipHeight + 6;
            }
            row.controls.push_back({ControlKind::Source, QRectF(x, y, w, chipHeight), label, passage.number, !passage.isCited});
            x += w + 6;
        }
        if (!m.passages.isEmpty())
            y += chipHeight + 12;
        if (m.state == MessageState::Waiting || (m.state == MessageState::Streaming && (m.text.isEmpty() || !m.progressText.isEmpty()))) {
            row.progressTop = tail;
            tail += std::ceil(QFontMetricsF(font()).height()) + 14;
        }
        if (!m.notice.isEmpty()) {
            row.noticeTop = tail;
            tail += std::ceil(metrics.boundingRect(QRectF(0, 0, width - 36, 1000), Qt::TextWordWrap, m.notice).height()) + 18;
        }
        if (m.state == MessageState::Failed) {
            row.errorTop = tail;
            const QFontMetricsF body(font());
            row.errorHeight = std::ceil(body.height() + body.boundingRect(QRectF(0, 0, width - 64, 2000), Qt::TextWordWrap, m.errorText).height() + 28);
            if (!m.errorDetails.isEmpty()) {
                const QString label = tr("Copy details");
                const qreal high = std::ceil(body.height() + 8);
                row.controls.push_back({ControlKind::CopyError, QRectF(left + 18 + body.height(), tail + row.errorHeight - 6, body.horizontalAdvance(label) + 12, high), label, 0, false});
                row.errorHeight += high;
            }
            tail += row.errorHeight + 8;
        }
        row.footerTop = tail + 2;
    }
    row.textTop = y;

    placeControls(row, tail);
}

/// The buttons under a message; a conversation that is being answered offers only what cannot disturb it.
void ConversationView::placeControls(Row& row, qreal tail)
{
    const MessageItem& m = row.message;
    const bool isLive = m.state == MessageState::Waiting || m.state == MessageState::Streaming;
    std::vector<std::pair<ControlKind, QString>> buttons;
    if (!isLive) {
        buttons.push_back({ControlKind::Copy, tr("Copy")});
        if (m.canContinue)
            buttons.push_back({ControlKind::Continue, tr("Continue this answer")});
        if (m.canRegenerate)
            buttons.push_back({ControlKind::Regenerate, tr("Answer again")});
        if (m.canEdit)
            buttons.push_back({ControlKind::Edit, tr("Edit and ask again")});
        if (m.canDelete)
            buttons.push_back({ControlKind::Delete, tr("Delete this message")});
    }
    const qreal side = std::ceil(QFontMetricsF(font()).height() + 8);
    const bool hasBranches = m.nBranches > 1 && !isLive;
    const qreal numbers = hasBranches ? std::ceil(QFontMetricsF(smallFont(font())).horizontalAdvance(branchText(m))) + 4 : 0;
    const qreal branchWidth = hasBranches ? numbers + 2 * side : 0;
    if (!buttons.empty() || hasBranches || !m.footer.isEmpty()) {
        // At the outer edge of the message the way to its other versions, which is always seen; the buttons inside of it.
        const qreal right = columnLeft() + columnWidth();
        if (hasBranches) {
            const qreal at = m.isUser ? right - branchWidth + 6 : columnLeft() - 6;
            if (m.canSwitchBranch && m.branch > 1)
                row.controls.push_back({ControlKind::PreviousBranch, QRectF(at, row.footerTop, side, side), tr("Previous version"), 0, false});
            row.branchLabel = QRectF(at + side, row.footerTop, numbers, side);
            if (m.canSwitchBranch && m.branch < m.nBranches)
                row.controls.push_back({ControlKind::NextBranch, QRectF(at + side + numbers, row.footerTop, side, side), tr("Next version"), 0, false});
        }
        qreal x = m.isUser ? right - branchWidth - qreal(buttons.size()) * side : columnLeft() - 6 + branchWidth;
        for (const auto& [kind, label] : buttons) {
            row.controls.push_back({kind, QRectF(x, row.footerTop, side, side), label, 0, false});
            x += side;
        }
        if (!m.isUser && !m.footer.isEmpty()) {
            const QFontMetricsF metrics(smallFont(font()));
            const QString text = metrics.elidedText(m.footer, Qt::ElideRight, columnLeft() + columnWidth() - x - 16);
            row.controls.push_back({ControlKind::Footer, QRectF(x, row.footerTop, std::ceil(metrics.horizontalAdvance(text)) + 16, side), text, 0, false});
        }
        tail = row.footerTop + side;
    }
    row.tailHeight = tail + kRowGap;
}

QRectF ConversationView::belowText(const Row& row, const QRectF& rect) const
{
    return rect.translated(0, row.textTop + row.textHeight + (row.message.isUser ? kBubblePadding - 6 : 0));
}

QRectF ConversationView::controlRect(const Row& row, const Control& control) const
{
    return control.kind == ControlKind::Source ? control.rect : belowText(row, control.rect);
}

void ConversationView::placeRows()
{
    qreal y = space::kHuge;
    for (auto& row : m_rows) {
        row->top = y;
        qreal text = row->isParsed ? 0 : row->textHeight;
        for (const BlockSlot& slot : row->blocks)
            text += slot.height;
        row->textHeight = text;
        if (row->message.isUser)
            row->bubble.setHeight(row->textTop + text + kBubblePadding - 6);
        row->height = row->textTop + text + row->tailHeight + (row->message.isUser ? kBubblePadding - 6 : 0);
        y += row->height;
    }
    m_total = y;
}

BlockLayout& ConversationView::layoutBlock(Row& row, size_t block)
{
    BlockSlot& slot = row.blocks[block];
    if (!slot.layout) {
        const auto& blocks = row.parser.blocks();
        const bool nextContinues = block + 1 < blocks.size() && blocks[block + 1].continues;
        slot.layout = std::make_unique<BlockLayout>(blocks[block], styleFor(row), row.textWidth, nextContinues);
        slot.height = slot.layout->height();
        slot.isExact = true;
        ++m_layoutCount;
    }
    return *slot.layout;
}

ConversationView::ScrollAnchor ConversationView::captureAnchor() const
{
    ScrollAnchor anchor;
    anchor.row = rowAt(m_offset);
    if (anchor.row < 0)
        return anchor;
    const Row& row = *m_rows[size_t(anchor.row)];
    const qreal y = m_offset - row.top;
    qreal blockTop = 0;
    if (y >= row.textTop)
        anchor.block = blockAt(row, y, &blockTop);
    anchor.delta = anchor.block >= 0 ? y - blockTop : y;
    return anchor;
}

qreal ConversationView::anchorOffset(const ScrollAnchor& anchor) const
{
    if (anchor.row < 0 || size_t(anchor.row) >= m_rows.size())
        return m_offset;
    const Row& row = *m_rows[size_t(anchor.row)];
    if (anchor.block < 0)
        return row.top + anchor.delta;
    qreal y = row.top + row.textTop;
    for (size_t b = 0; b < std::min(size_t(anchor.block), row.blocks.size()); ++b)
        y += row.blocks[b].height;
    return y + anchor.delta;
}

void ConversationView::relayout(const ScrollAnchor& anchor)
{
    const qreal view = viewport()->height();
    // Each pass makes more heights exact; the number of blocks on a screen bounds the passes, and two usually do.
    for (int pass = 0; pass < 12; ++pass) {
        placeRows();
        const qreal maximum = std::max<qreal>(0, std::ceil(m_total) - view);
        m_offset = std::clamp<qreal>(m_followsEnd ? maximum : anchorOffset(anchor), 0, maximum);
        bool changed = false;
        const qreal from = m_offset - view * 0.2, to = m_offset + view * 1.2;
        for (size_t r = 0; r < m_rows.size(); ++r) {
            Row& row = *m_rows[r];
            if (row.top + row.height < from || row.top > to)
                continue;
            if (!row.isParsed) {
                ensureParsed(row);
                changed = true;
            }
            qreal y = row.top + row.textTop;
            for (size_t b = 0; b < row.blocks.size(); ++b) {
                const qreal height = row.blocks[b].height;
                if (y + height >= from && y <= to && !row.blocks[b].layout) {
                    layoutBlock(row, b);
                    changed = changed || std::abs(row.blocks[b].height - height) > 0.5;
                }
                y += height;
            }
        }
        if (!changed)
            break;
    }
    releaseFar();
    updateScrollBar();
    placeJumpButton();
}

void ConversationView::releaseFar()
{
    const qreal view = viewport()->height();
    const qreal from = m_offset - 2 * view, to = m_offset + 3 * view;
    for (auto& row : m_rows) {
        qreal y = row->top + row->textTop;
        const bool isFar = row->top + row->height < from || row->top > to;
        for (BlockSlot& slot : row->blocks) {
            if (slot.layout && (isFar || y + slot.height < from || y > to))
                slot.layout.reset();
            y += slot.height;
        }
    }
}

int ConversationView::liveLayoutCount() const
{
    int n = 0;
    for (const auto& row : m_rows)
        for (const BlockSlot& slot : row->blocks)
            n += slot.layout ? 1 : 0;
    return n;
}

void ConversationView::updateScrollBar()
{
    m_isAdjusting = true;
    const int view = viewport()->height();
    verticalScrollBar()->setPageStep(view);
    verticalScrollBar()->setSingleStep(std::max(20, int(QFontMetricsF(textFont()).height() * 2)));
    verticalScrollBar()->setRange(0, std::max(0, int(std::ceil(m_total)) - view));
    verticalScrollBar()->setValue(int(std::round(m_offset)));
    m_isAdjusting = false;
}
void ConversationView::placeJumpButton()
{
    const bool shows = !isAtEnd() && !m_rows.empty();
    if (shows) {
        m_jump->adjustSize();
        m_jump->move((viewport()->width() - m_jump->width()) / 2, viewport()->height() - m_jump->height() - space::kMedium);
        m_jump->raise();
    }
    m_jump->setVisible(shows);
}

} // namespace sy::widgets
