// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLayout>

namespace sy::widgets {

/// Puts widgets in a row and goes on in the next when the row is full: for rows of buttons that must fit any width.
class FlowLayout : public QLayout {
public:
    explicit FlowLayout(int spacing);
    ~FlowLayout() override;

    void addItem(QLayoutItem* item) override;
    int count() const override { return int(m_items.size()); }
    QLayoutItem* itemAt(int index) const override { return index >= 0 && index < count() ? m_items[index] : nullptr; }
    QLayoutItem* takeAt(int index) override;
    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override { return layOut(QRect(0, 0, width, 0), false); }
    void setGeometry(const QRect& rect) override;
    QSize sizeHint() const override;
    QSize minimumSize() const override;

private:
    int layOut(const QRect& rect, bool moves) const; // returns the height
    QList<QLayoutItem*> m_items;
    int m_spacing;
};

} // namespace sy::widgets
