// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/notice.h"

#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

namespace sy::widgets {

Notice::Notice(QWidget* parent) : QFrame(parent)
{
    setProperty("kind", "danger");
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    m_text = new QLabel(this);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::RichText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setMinimumWidth(80);
    m_copy = new QPushButton(tr("Copy details"), this);
    m_copy->setProperty("kind", "link");
    m_close = new QToolButton(this);
    m_close->setIcon(icon(QStringLiteral("close")));
    m_close->setAccessibleName(tr("Close"));
    m_close->setToolTip(m_close->accessibleName());
    m_close->hide();
    row->addWidget(m_text, 1);
    row->addWidget(m_copy, 0, Qt::AlignTop);
    row->addWidget(m_close, 0, Qt::AlignTop);
    hide();
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QApplication::clipboard()->setText(m_details);
        emit copied();
    });
    connect(m_close, &QToolButton::clicked, this, [this] {
        hide();
        emit closed();
    });
}

void Notice::setNotice(const QString& title, const QString& text, const QString& details)
{
    m_title = title;
    m_details = details;
    m_text->setText(QStringLiteral("<b>%1</b><br>%2").arg(title.toHtmlEscaped(), text.toHtmlEscaped()));
    setAccessibleName(title);
    setVisible(!title.isEmpty());
}

void Notice::setClosable(bool isClosable)
{
    m_close->setVisible(isClosable);
}

} // namespace sy::widgets
