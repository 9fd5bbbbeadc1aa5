// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/training/token_preview.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QTextEdit>
#include <QToolButton>

namespace sy::widgets {

namespace {
constexpr qsizetype kMostLetters = 4'000; // of one text: the layout of more would be felt
}

TokenPreview::TokenPreview(QWidget* parent) : QWidget(parent)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kTiny);
    auto* head = new QHBoxLayout;
    head->setSpacing(2);
    const auto button = [&](const QString& iconName, const QString& name, int by) {
        auto* made = new QToolButton(this);
        made->setIcon(icon(iconName));
        made->setIconSize({16, 16});
        made->setAccessibleName(name);
        made->setToolTip(name);
        connect(made, &QToolButton::clicked, this, [this, by] { show(m_current + by); });
        return made;
    };
    m_previous = button(QStringLiteral("chevron-left"), tr("Previous text"), -1);
    m_next = button(QStringLiteral("chevron-right"), tr("Next text"), 1);
    m_place = new QLabel(this);
    m_place->setProperty("tone", "muted");
    m_heading = new QLabel(this);
    m_heading->setProperty("tone", "muted");
    m_heading->setWordWrap(true);
    m_heading->setTextFormat(Qt::PlainText);
    head->addWidget(m_previous);
    head->addWidget(m_place);
    head->addWidget(m_next);
    head->addSpacing(space::kSmall);
    head->addWidget(m_heading, 1);
    rows->addLayout(head);
    m_view = new QTextEdit(this);
    m_view->setReadOnly(true);
    m_view->setTabChangesFocus(true);
    m_view->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_view->setAccessibleName(tr("Text as the model reads it"));
    m_view->setMinimumHeight(140);
    rows->addWidget(m_view, 1);
    m_legend = new QLabel(this);
    m_legend->setProperty("tone", "muted");
    m_legend->setWordWrap(true);
    rows->addWidget(m_legend);
    fill();
}

void TokenPreview::setTexts(const QList<PreviewText>& texts)
{
    if (texts.size() != m_texts.size())
        m_current = 0;
    m_texts = texts;
    fill();
}

void TokenPreview::setLegend(const QString& text)
{
    m_legend->setText(text);
    m_legend->setVisible(!text.isEmpty());
}

void TokenPreview::show(int index)
{
    if (index < 0 || index >= m_texts.size())
        return;
    m_current = index;
    fill();
}

void TokenPreview::fill()
{
    const Tokens& t = tokens(palette());
    m_previous->setEnabled(m_current > 0);
    m_next->setEnabled(m_current + 1 < m_texts.size());
    m_place->setText(m_texts.isEmpty() ? QString() : tr("%1 of %2").arg(m_current + 1).arg(m_texts.size()));
    m_view->clear();
    if (m_texts.isEmpty()) {
        m_heading->clear();
        return;
    }
    const PreviewText& shown = m_texts[m_current];
    m_heading->setText(shown.note.isEmpty() ? shown.heading : shown.heading + QStringLiteral(" · ") + shown.note);
    QTextCharFormat plain, marked;
    plain.setForeground(t.textMuted);
    marked.setForeground(t.text);
    marked.setBackground(t.accentSoft);
    marked.setUnderlineStyle(QTextCharFormat::SingleUnderline);
    marked.setUnderlineColor(t.accent);
    m_view->setFont(monospaceFont(font()));
    QTextCursor cursor(m_view->document());
    cursor.beginEditBlock();
    qsizetype left = kMostLetters;
    for (const PreviewText::Piece& piece : shown.pieces) {
        cursor.insertText(piece.text.left(left), piece.isMarked ? marked : plain);
        left -= piece.text.size();
        if (left <= 0) {
            cursor.insertText(QStringLiteral(" …"), plain);
            break;
        }
    }
    cursor.endEditBlock();
    cursor.movePosition(QTextCursor::Start);
    m_view->setTextCursor(cursor);
}

void TokenPreview::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        fill();
}

} // namespace sy::widgets
