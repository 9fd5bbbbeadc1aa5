// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/row_delegate.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QIcon>
#include <QLineEdit>
#include <QPainter>
#include <QWidget>

namespace sy::widgets {

void RowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Tokens& t = tokens(option.palette);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRect area = option.rect.adjusted(2, 1, -2, -1);
    const QString text = index.data(Qt::DisplayRole).toString();
    if (!(index.flags() & Qt::ItemIsSelectable)) {
        painter->setFont(strongFont(smallFont(option.font)));
        painter->setPen(t.textFaint);
        painter->drawText(area.adjusted(8, 0, 0, -3), Qt::AlignLeft | Qt::AlignBottom, text);
        painter->restore();
        return;
    }
    paintRowGround(*painter, option, area);
    const int side = option.fontMetrics.height();
    int left = area.left() + 10;
    const QIcon icon = index.data(Qt::DecorationRole).value<QIcon>();
    if (!icon.isNull()) {
        icon.paint(painter, QRect(left, area.center().y() - side / 2, side, side));
        left += side + 8;
    }
    const QRect words(left, area.top(), area.right() - left - 8, area.height());
    painter->setFont(option.font);
    painter->setPen(t.text);
    painter->drawText(words, Qt::AlignVCenter | Qt::AlignLeft, option.fontMetrics.elidedText(text, Qt::ElideMiddle, words.width()));
    painter->restore();
}

void paintRowGround(QPainter& painter, const QStyleOptionViewItem& option, const QRect& area)
{
    const Tokens& t = tokens(option.palette);
    const bool isCurrent = option.state & QStyle::State_Selected;
    if (isCurrent || (option.state & QStyle::State_MouseOver)) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(isCurrent ? t.accentSoft : t.hover);
        painter.drawRoundedRect(area, radius::kControl, radius::kControl);
    }
    if ((option.state & QStyle::State_HasFocus) && option.widget && option.widget->hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.focus, 2));
        painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
    }
}

void RenameDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex&) const
{
    editor->setGeometry(option.rect.adjusted(6, 1, -6, -1));
}

void RenameDelegate::setEditorData(QWidget* editor, const QModelIndex& index) const
{
    auto* line = qobject_cast<QLineEdit*>(editor);
    line->setAccessibleName(m_accessibleName);
    line->setText(index.data(Qt::DisplayRole).toString());
    line->selectAll();
}

} // namespace sy::widgets
