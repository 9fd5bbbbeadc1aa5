// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/status_field.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QPainter>

namespace sy::widgets {

StatusField::StatusField(const QString& name, const QString& iconName, QWidget* parent)
    : QWidget(parent), m_name(name), m_iconName(iconName)
{
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
    hide();
}

void StatusField::setValue(const QString& text, const QString& detail)
{
    if (text != m_text) {
        m_text = text;
        setAccessibleName(QStringLiteral("%1: %2").arg(m_name, text));
        updateGeometry();
        update();
    }
    setToolTip(QStringLiteral("%1: %2").arg(m_name, detail.isEmpty() ? text : detail));
    setVisible(!text.isEmpty());
}

QSize StatusField::sizeHint() const
{
    const QFontMetrics metrics(smallFont(font()));
    return {metrics.height() + 6 + metrics.horizontalAdvance(m_text) + 18, metrics.height() + 8};
}

QSize StatusField::minimumSizeHint() const
{
    const QFontMetrics metrics(smallFont(font()));
    return {std::min(sizeHint().width(), metrics.height() + 70), sizeHint().height()};
}

void StatusField::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    const QFont label = smallFont(font());
    const QFontMetrics metrics(label);
    const int side = metrics.height();
    painter.drawPixmap(QPointF(4, (height() - side) / 2.0), iconPixmap(m_iconName, side, t.textMuted, devicePixelRatioF()));
    painter.setFont(label);
    painter.setPen(t.textMuted);
    const QRect area(4 + side + 6, 0, width() - side - 12, height());
    painter.drawText(area, Qt::AlignVCenter, metrics.elidedText(m_text, Qt::ElideMiddle, area.width()));
}

} // namespace sy::widgets
