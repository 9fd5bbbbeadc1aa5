// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/flow_layout.h"

#include <QWidget>
#include <utility>
#include <vector>

namespace sy::widgets {

FlowLayout::FlowLayout(int spacing) : m_spacing(spacing)
{
    setContentsMargins(0, 0, 0, 0);
}

FlowLayout::~FlowLayout()
{
    qDeleteAll(m_items);
}

void FlowLayout::addItem(QLayoutItem* item)
{
    m_items.push_back(item);
}

QLayoutItem* FlowLayout::takeAt(int index)
{
    return index >= 0 && index < count() ? m_items.takeAt(index) : nullptr;
}

void FlowLayout::setGeometry(const QRect& rect)
{
    QLayout::setGeometry(rect);
    layOut(rect, true);
}

QSize FlowLayout::sizeHint() const
{
    QSize size(0, 0);
    for (const QLayoutItem* item : m_items) {
        if (item->isEmpty())
            continue;
        const QSize hint = item->sizeHint();
        size = QSize(size.width() + (size.width() > 0 ? m_spacing : 0) + hint.width(), std::max(size.height(), hint.height()));
    }
    return size;
}

QSize FlowLayout::minimumSize() const
{
    QSize size(0, 0);
    for (const QLayoutItem* item : m_items)
        if (!item->isEmpty())
            size = size.expandedTo(item->minimumSize());
    return size;
}

int FlowLayout::layOut(const QRect& rect, bool moves) const
{
    int x = rect.x(), y = rect.y(), rowHeight = 0;
    std::vector<std::pair<QLayoutItem*, QRect>> row; // placed when its height is known: all in the middle of it
    const auto endRow = [&] {
        for (const auto& [item, area] : row)
            if (moves)
                item->setGeometry(area.translated(0, (rowHeight - area.height()) / 2));
        row.clear();
    };
    for (QLayoutItem* item : m_items) {
        if (item->isEmpty()) // hidden
            continue;
        const QSize hint = item->sizeHint().boundedTo(QSize(std::max(rect.width(), item->minimumSize().width()), QWIDGETSIZE_MAX));
        if (x > rect.x() && x + hint.width() > rect.right() + 1) {
            endRow();
            x = rect.x();
            y += rowHeight + m_spacing;
            rowHeight = 0;
        }
        row.push_back({item, QRect(QPoint(x, y), hint)});
        x += hint.width() + m_spacing;
        rowHeight = std::max(rowHeight, hint.height());
    }
    endRow();
    return y + rowHeight - rect.y();
}

} // namespace sy::widgets
