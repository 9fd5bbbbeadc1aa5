// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/toast.h"

#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QShortcut>
#include <QToolButton>

namespace sy::widgets {

namespace {
constexpr int kWidest = 640;
constexpr int kAbove = 150; // of the lower edge: clear of a composer and its buttons
} // namespace

Toast::Toast(QWidget* parent) : QFrame(parent)
{
    setProperty("kind", "toast");
    setAutoFillBackground(true);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(space::kLarge, space::kSmall, space::kSmall, space::kSmall);
    layout->setSpacing(space::kMedium);
    m_text = new QLabel(this);
    m_text->setTextFormat(Qt::PlainText);
    layout->addWidget(m_text, 1);
    m_action = new QPushButton(this);
    m_action->setProperty("kind", "link");
    m_action->setToolTip(QKeySequence(QKeySequence::Undo).toString(QKeySequence::NativeText));
    layout->addWidget(m_action);
    m_close = new QToolButton(this);
    m_close->setIcon(icon(QStringLiteral("close")));
    m_close->setAccessibleName(tr("Dismiss"));
    m_close->setToolTip(m_close->accessibleName());
    layout->addWidget(m_close);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (m_action->hasFocus() || m_close->hasFocus())
            m_timer.start();
        else
            dismiss();
    });
    connect(m_close, &QToolButton::clicked, this, &Toast::dismiss);
    connect(m_action, &QPushButton::clicked, this, [this] {
        dismiss();
        if (m_onAction)
            std::exchange(m_onAction, {})();
    });
    m_undoKey = new QShortcut(QKeySequence::Undo, this); // of the whole window, while this is seen
    connect(m_undoKey, &QShortcut::activated, m_action, &QPushButton::click);
    parent->installEventFilter(this);
    hide();
}

void Toast::showMessage(const QString& text, const QString& actionText, std::function<void()> action, int milliseconds)
{
    m_text->setText(text);
    m_action->setText(actionText);
    m_action->setVisible(!actionText.isEmpty());
    m_undoKey->setEnabled(!actionText.isEmpty());
    m_onAction = std::move(action);
    setAccessibleName(text);
    if (!isAncestorOf(QApplication::focusWidget()))
        m_focusBefore = QApplication::focusWidget();
    place();
    show();
    raise();
    m_timer.start(milliseconds);
}

void Toast::dismiss()
{
    // Focus goes back to where it was before somebody tabbed in here; Qt would pass it to whatever comes next.
    if (QWidget* focused = QApplication::focusWidget(); focused && isAncestorOf(focused)) {
        if (m_focusBefore)
            m_focusBefore->setFocus();
        else
            focused->clearFocus();
    }
    hide();
}

QString Toast::text() const
{
    return m_text->text();
}

void Toast::place()
{
    // One line when it fits, several when the text is long: a remedy at the end must not be cut off.
    const int room = std::min(kWidest, parentWidget()->width() - 2 * space::kLarge);
    m_text->setWordWrap(false);
    layout()->activate();
    if (sizeHint().width() > room) {
        m_text->setWordWrap(true);
        layout()->activate();
    }
    const int w = m_text->wordWrap() ? room : sizeHint().width();
    resize(w, layout()->hasHeightForWidth() ? layout()->heightForWidth(w) : sizeHint().height());
    move((parentWidget()->width() - width()) / 2, parentWidget()->height() - height() - kAbove);
}

bool Toast::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible())
        place();
    return QFrame::eventFilter(watched, event);
}

void Toast::enterEvent(QEnterEvent* event)
{
    m_timer.stop();
    QFrame::enterEvent(event);
}

void Toast::leaveEvent(QEvent* event)
{
    m_timer.start(3000);
    QFrame::leaveEvent(event);
}

} // namespace sy::widgets
