// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/search_box.h"

#include "widgets/theme/icons.h"

#include <QAction>
#include <QKeyEvent>

namespace sy::widgets {

SearchBox::SearchBox(const QString& placeholder, QWidget* parent) : QLineEdit(parent)
{
    setPlaceholderText(placeholder);
    setAccessibleName(placeholder);
    setClearButtonEnabled(true);
    addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    m_pause.setSingleShot(true);
    m_pause.setInterval(200);
    connect(this, &QLineEdit::textChanged, this, [this] { m_pause.start(); });
    connect(&m_pause, &QTimer::timeout, this, [this] { emit searched(text()); });
}

void SearchBox::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        m_pause.stop();
        emit searched(text());
        return;
    }
    if (event->key() == Qt::Key_Escape && m_clearsOnEscape && !text().isEmpty()) {
        clear();
        m_pause.stop();
        emit searched({});
        return;
    }
    QLineEdit::keyPressEvent(event);
}

} // namespace sy::widgets
