// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace sy::widgets {

/// Rows of a side list: icon and text on a rounded ground, the focus ring around the current row instead of the whole list. Items
/// that cannot be selected are drawn as headings.
class RowDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

} // namespace sy::widgets
