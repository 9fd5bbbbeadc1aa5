// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/navigation_rail.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QKeyEvent>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace sy::widgets {

namespace {

/// Draws itself: a style sheet cannot put a mark at the edge of a checked button and tint its icon.
class RailButton : public QToolButton {
public:
    using QToolButton::QToolButton;
    QString iconName;

    QSize sizeHint() const override
    {
        const QFontMetrics metrics(smallFont(font()));
        return {std::max(82, QFontMetrics(strongFont(smallFont(font()))).horizontalAdvance(text()) + 20), metrics.height() + 24 + 22};
    }
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent*) override
    {
        const Tokens& t = tokens(palette());
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF area = QRectF(rect()).adjusted(6, 2, -6, -2);
        if (isChecked() || underMouse()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(isChecked() ? t.accentSoft : t.hover);
            painter.drawRoundedRect(area, radius::kCard, radius::kCard);
        }
        if (isChecked()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(t.accent);
            painter.drawRoundedRect(QRectF(0, area.center().y() - 14, 4, 28), 2, 2);
        }
        const QFont label = isChecked() ? strongFont(smallFont(font())) : smallFont(font());
        const int textHeight = QFontMetrics(label).height();
        const QColor color = isChecked() ? t.accent : t.textMuted;
        painter.drawPixmap(QPointF((width() - 24) / 2.0, (height() - 24 - textHeight - 3) / 2.0),
                           iconPixmap(iconName, 24, color, devicePixelRatioF()));
        painter.setFont(label);
        painter.setPen(isChecked() ? t.text : t.textMuted);
        painter.drawText(QRectF(0, (height() + 24 - textHeight + 3) / 2.0, width(), textHeight), Qt::AlignCenter, text());
        if (hasFocus()) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(t.focus, 2));
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), radius::kCard, radius::kCard);
        }
    }
};

} // namespace

NavigationRail::NavigationRail(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Areas"));
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, space::kSmall, 0, space::kSmall);
    m_layout->setSpacing(space::kTiny);
    m_layout->addStretch(1);
}

void NavigationRail::addItem(const QString& id, const QString& title, const QString& iconName, const QString& shortcut, bool atBottom)
{
    auto* button = new RailButton(this);
    button->iconName = iconName;
    button->setText(title);
    button->setCheckable(true);
    button->setProperty("id", id);
    button->setAccessibleName(title);
    button->setToolTip(shortcut.isEmpty() ? title : tr("%1 (%2)").arg(title, shortcut));
    button->setFocusPolicy(Qt::StrongFocus);
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed); // all as wide as the longest word, their icons in a line
    m_buttons.push_back(button); // no QButtonGroup: it leaves only the checked button to the Tab key
    connect(button, &QToolButton::clicked, this, [this, id] {
        setCurrent(id);
        emit activated(id);
    });
    if (atBottom)
        m_layout->addWidget(button);
    else
        m_layout->insertWidget(m_nTop++, button);
}

void NavigationRail::setCurrent(const QString& id)
{
    for (QToolButton* button : m_buttons)
        button->setChecked(button->property("id").toString() == id);
}

QString NavigationRail::current() const
{
    for (const QToolButton* button : m_buttons)
        if (button->isChecked())
            return button->property("id").toString();
    return {};
}

void NavigationRail::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Down || event->key() == Qt::Key_Up) {
        focusNextPrevChild(event->key() == Qt::Key_Down);
        return;
    }
    QWidget::keyPressEvent(event);
}

void NavigationRail::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.fillRect(rect(), t.sunken);
    painter.fillRect(QRect(width() - 1, 0, 1, height()), t.border);
}

} // namespace sy::widgets
