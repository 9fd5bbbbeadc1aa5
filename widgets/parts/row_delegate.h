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

/// What lies under a row's words: the ground of the current one and of the one under the pointer, the ring of the focused one.
void paintRowGround(QPainter& painter, const QStyleOptionViewItem& option, const QRect& area);

/// Rows that are renamed in place, over their whole width.
class RenameDelegate : public QStyledItemDelegate {
public:
    RenameDelegate(const QString& accessibleName, QObject* parent) : QStyledItemDelegate(parent), m_accessibleName(accessibleName) {}
    void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void setEditorData(QWidget* editor, const QModelIndex& index) const override;

private:
    QString m_accessibleName; // of the editor
};

} // namespace sy::widgets
