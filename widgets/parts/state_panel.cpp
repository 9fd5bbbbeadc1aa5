// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/state_panel.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

namespace sy::widgets {

StatePanel::StatePanel(QWidget* parent) : QWidget(parent)
{
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(space::kHuge, space::kHuge, space::kHuge, space::kHuge);
    outer->setSpacing(space::kMedium);
    outer->addStretch(2);
    m_icon = new QLabel(this);
    m_icon->setAlignment(Qt::AlignCenter);
    outer->addWidget(m_icon);
    m_title = new QLabel(this);
    m_title->setAlignment(Qt::AlignCenter);
    m_title->setWordWrap(true);
    outer->addWidget(m_title);
    m_text = new QLabel(this);
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    m_text->setProperty("tone", "muted");
    m_text->setMaximumWidth(560);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* textRow = new QHBoxLayout;
    textRow->addStretch(1);
    textRow->addWidget(m_text, 8);
    textRow->addStretch(1);
    outer->addLayout(textRow);
    m_progress = new QProgressBar(this);
    m_progress->setTextVisible(false);
    m_progress->setMaximumWidth(320);
    m_progress->setMinimumWidth(200);
    m_progress->hide();
    outer->addWidget(m_progress, 0, Qt::AlignHCenter);
    m_buttons = new QHBoxLayout;
    m_buttons->setSpacing(space::kSmall);
    m_buttons->addStretch(1);
    m_copy = new QPushButton(tr("Copy details"), this);
    m_copy->setProperty("kind", "link");
    m_copy->hide();
    m_buttons->addWidget(m_copy);
    m_buttons->addStretch(1);
    outer->addLayout(m_buttons);
    outer->addStretch(3);
    connect(m_copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(m_details); });
    paintIcon();
}

void StatePanel::setLook(Look look, const QString& iconName, const QString& title, const QString& text)
{
    m_look = look;
    m_iconName = iconName;
    m_title->setText(title);
    m_text->setText(text);
    m_text->setVisible(!text.isEmpty());
    m_progress->setVisible(look == Look::Working);
    if (look == Look::Working)
        setProgress(-1);
    setAccessibleName(title);
    setAccessibleDescription(text);
    paintIcon();
}

void StatePanel::setDetails(const QString& details)
{
    m_details = details;
    m_copy->setVisible(!details.isEmpty());
}

void StatePanel::setProgress(double fraction)
{
    m_progress->setAccessibleName(m_title->text());
    if (fraction < 0) {
        m_progress->setRange(0, 0);
    } else {
        m_progress->setRange(0, 1000);
        m_progress->setValue(int(fraction * 1000));
    }
}

QPushButton* StatePanel::addButton(const QString& text, bool isPrimary)
{
    auto* button = new QPushButton(text, this);
    if (isPrimary) {
        button->setProperty("kind", "primary");
        setFocusProxy(button);
    }
    m_buttons->insertWidget(m_buttons->count() - 2, button);
    button->show(); // at once: it may be given the focus before the layout comes to it
    return button;
}

void StatePanel::clearButtons()
{
    for (int i = m_buttons->count() - 1; i >= 0; --i) {
        QWidget* widget = m_buttons->itemAt(i)->widget();
        if (!widget || widget == m_copy)
            continue;
        m_buttons->removeWidget(widget);
        widget->hide();
        widget->deleteLater();
    }
}

QString StatePanel::title() const
{
    return m_title->text();
}

void StatePanel::paintIcon()
{
    const Tokens& t = tokens(palette());
    m_title->setFont(titleFont(font()));
    m_icon->setVisible(!m_iconName.isEmpty());
    if (!m_iconName.isEmpty())
        m_icon->setPixmap(iconPixmap(m_iconName, 44, m_look == Look::Failed ? t.danger : t.textFaint, devicePixelRatioF()));
}

void StatePanel::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        paintIcon();
}

} // namespace sy::widgets
