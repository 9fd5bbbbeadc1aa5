// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where things of a conversation are: rows, blocks, text positions and what can be activated, from points and back.
#include "widgets/conversation/conversation_metrics.h"
#include "widgets/conversation/conversation_view.h"

#include <cmath>

namespace sy::widgets {

using namespace conversation;

int ConversationView::rowAt(qreal y) const
{
    for (size_t r = 0; r < m_rows.size(); ++r)
        if (y < m_rows[r]->top + m_rows[r]->height)
            return int(r);
    return int(m_rows.size()) - 1;
}

int ConversationView::blockAt(const Row& row, qreal y, qreal* blockTop) const
{
    qreal top = row.textTop;
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        if (y < top + row.blocks[b].height || b + 1 == row.blocks.size()) {
            if (blockTop)
                *blockTop = top;
            return int(b);
        }
        top += row.blocks[b].height;
    }
    return -1;
}

ConversationView::TextPosition ConversationView::positionAt(QPointF point)
{
    const qreal y = point.y() + m_offset;
    const int r = rowAt(y);
    if (r < 0)
        return {};
    Row& row = *m_rows[size_t(r)];
    qreal top = 0;
    const qreal inRow = y - row.top;
    const int b = blockAt(row, inRow, &top);
    if (b < 0)
        return {r, 0, 0};
    if (inRow < row.textTop)
        return {r, 0, 0};
    BlockLayout& layout = layoutBlock(row, size_t(b));
    if (inRow > row.textTop + row.textHeight)
        return {r, int(row.blocks.size()) - 1, layout.plainText().size()};
    return {r, b, layout.positionAt(QPointF(point.x() - row.textLeft, inRow - top))};
}

ConversationView::TargetRef ConversationView::targetAt(QPointF point)
{
    const qreal y = point.y() + m_offset;
    const int r = rowAt(y);
    if (r < 0)
        return {};
    Row& row = *m_rows[size_t(r)];
    const QPointF inRow(point.x(), y - row.top);
    for (size_t c = 0; c < row.controls.size(); ++c)
        if (controlRect(row, row.controls[c]).contains(inRow))
            return {r, -1, int(c)};
    qreal top = 0;
    const int b = blockAt(row, inRow.y(), &top);
    if (b >= 0) {
        const int index = layoutBlock(row, size_t(b)).targetAt(QPointF(inRow.x() - row.textLeft, inRow.y() - top));
        if (index >= 0)
            return {r, b, index};
    }
    return {};
}

QRectF ConversationView::targetRect(const TargetRef& target)
{
    if (!target.isValid() || size_t(target.row) >= m_rows.size())
        return {};
    Row& row = *m_rows[size_t(target.row)];
    if (target.block < 0) {
        if (size_t(target.index) >= row.controls.size())
            return {};
        return controlRect(row, row.controls[size_t(target.index)]).translated(0, row.top - m_offset);
    }
    if (size_t(target.block) >= row.blocks.size())
        return {};
    BlockLayout& layout = layoutBlock(row, size_t(target.block));
    if (size_t(target.index) >= layout.targets().size())
        return {};
    qreal y = row.top + row.textTop - m_offset;
    for (int b = 0; b < target.block; ++b)
        y += row.blocks[size_t(b)].height;
    return layout.targets()[size_t(target.index)].rect.translated(row.textLeft, y);
}

std::vector<ConversationView::TargetRef> ConversationView::targetsOfRow(int r)
{
    std::vector<TargetRef> targets;
    if (r < 0 || size_t(r) >= m_rows.size())
        return targets;
    Row& row = *m_rows[size_t(r)];
    ensureParsed(row);
    const auto controls = [&](bool sources) {
        for (size_t c = 0; c < row.controls.size(); ++c)
            if ((row.controls[c].kind == ControlKind::Source) == sources)
                targets.push_back({r, -1, int(c)});
    };
    controls(true);
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        // Only blocks that can hold a target are worth a layout when they are far away.
        const QString& text = row.parser.blocks()[b].text;
        const bool may = row.parser.blocks()[b].kind == BlockKind::Code || text.contains(QLatin1Char('[')) || text.contains(QLatin1String("http"));
        if (!may)
            continue;
        const size_t n = layoutBlock(row, b).targets().size();
        for (size_t i = 0; i < n; ++i)
            targets.push_back({r, int(b), int(i)});
    }
    controls(false);
    return targets;
}

QRect ConversationView::citationRect(qint64 messageId, int number)
{
    applyPending();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        if (m_rows[r]->message.id != messageId)
            continue;
        for (const TargetRef& target : targetsOfRow(int(r))) {
            if (target.block < 0)
                continue;
            const BlockTarget& inBlock = layoutBlock(*m_rows[r], size_t(target.block)).targets()[size_t(target.index)];
            if (inBlock.kind == BlockTarget::Kind::Citation && inBlock.citation == number)
                return targetRect(target).toAlignedRect();
        }
    }
    return {};
}

QRect ConversationView::controlRect(qint64 messageId, ControlKind kind)
{
    applyPending();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        if (m_rows[r]->message.id != messageId)
            continue;
        for (const TargetRef& target : targetsOfRow(int(r)))
            if (target.block < 0 && m_rows[r]->controls[size_t(target.index)].kind == kind)
                return targetRect(target).toAlignedRect();
    }
    return {};
}

QRect ConversationView::messageRect(qsizetype r) const
{
    const Row& row = *m_rows.at(size_t(r));
    return QRectF(columnLeft(), row.top - m_offset, columnWidth(), row.height - kRowGap).toAlignedRect();
}

} // namespace sy::widgets
