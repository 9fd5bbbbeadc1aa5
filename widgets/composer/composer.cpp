// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/composer/composer.h"

#include "widgets/composer/context_gauge.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QInputMethodEvent>
#include <QLabel>
#include <QLocale>
#include <QMimeData>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QTextBlock>
#include <QToolButton>

namespace sy::widgets {

// ------------------------------------------------------------------------------------------------------------------- edit

ComposerEdit::ComposerEdit(QWidget* parent) : QPlainTextEdit(parent)
{
    setFrameShape(QFrame::NoFrame);
    setProperty("kind", "bare");
    setTabChangesFocus(true);
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    document()->setDocumentMargin(2);
    document()->clearUndoRedoStacks(); // a margin counts as an edit
    connect(this, &QPlainTextEdit::textChanged, this, &ComposerEdit::heightWanted);
}

int ComposerEdit::wantedHeight() const
{
    // The document of a QPlainTextEdit counts lines, not pixels; past 400 lines the limit is reached in any case.
    int lines = 0;
    for (QTextBlock block = document()->firstBlock(); block.isValid() && lines < 400; block = block.next())
        lines += std::max(1, block.lineCount());
    return lines * fontMetrics().lineSpacing() + 2 * int(document()->documentMargin()) + 4;
}

bool ComposerEdit::event(QEvent* event)
{
    // With nothing of its own to undo, Ctrl+Z is left to the window, whose last deed may be undone.
    if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->matches(QKeySequence::Undo) && !document()->isUndoAvailable()) {
        event->ignore();
        return true;
    }
    return QPlainTextEdit::event(event);
}

void ComposerEdit::keyPressEvent(QKeyEvent* event)
{
    const bool isEnter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (isEnter && m_isComposing) {
        // The key belongs to the input method: it confirms what is being composed. Some platforms deliver it to us as well.
        event->accept();
        return;
    }
    if (isEnter) {
        const bool control = event->modifiers() & Qt::ControlModifier;
        const bool shift = event->modifiers() & Qt::ShiftModifier;
        if (m_sendsOnEnter ? (!shift && !(event->modifiers() & Qt::AltModifier)) : control) {
            emit sendRequested();
            return;
        }
        insertPlainText(QStringLiteral("\n")); // Shift+Enter would insert a line separator, which is no newline to a model
        ensureCursorVisible();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        emit stopRequested();
        event->ignore(); // with nothing to stop the page may have something to close
        return;
    }
    if (event->key() == Qt::Key_Up && event->modifiers() == Qt::NoModifier && toPlainText().isEmpty() && !m_isComposing) {
        emit editLastRequested();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

void ComposerEdit::inputMethodEvent(QInputMethodEvent* event)
{
    m_isComposing = !event->preeditString().isEmpty();
    QPlainTextEdit::inputMethodEvent(event);
}

void ComposerEdit::focusOutEvent(QFocusEvent* event)
{
    m_isComposing = false; // the platform ends composition when focus leaves
    QPlainTextEdit::focusOutEvent(event);
}

bool ComposerEdit::canInsertFromMimeData(const QMimeData* source) const
{
    return !droppedFiles(source).isEmpty() || QPlainTextEdit::canInsertFromMimeData(source);
}

void ComposerEdit::insertFromMimeData(const QMimeData* source)
{
    const QStringList files = droppedFiles(source);
    if (!files.isEmpty()) {
        emit filesPasted(files);
        return;
    }
    if (source->hasText() && source->text().size() > Composer::kLongPaste) {
        emit longTextPasted(source->text());
        return;
    }
    QPlainTextEdit::insertFromMimeData(source);
}

// --------------------------------------------------------------------------------------------------------------- composer

Composer::Composer(QWidget* parent) : QFrame(parent)
{
    setAcceptDrops(true);
    setAutoFillBackground(false);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::kMedium, space::kSmall + 2, space::kSmall + 2, space::kSmall);
    layout->setSpacing(space::kTiny);

    m_banner = new QFrame(this);
    m_banner->setProperty("kind", "warning");
    auto* bannerLayout = new QHBoxLayout(m_banner);
    bannerLayout->setContentsMargins(space::kSmall, space::kTiny, space::kTiny, space::kTiny);
    m_bannerText = new QLabel(m_banner);
    m_bannerText->setWordWrap(true);
    m_bannerClose = new QToolButton(m_banner);
    m_bannerClose->setIcon(icon(QStringLiteral("close")));
    m_bannerClose->setAccessibleName(tr("Dismiss"));
    m_bannerClose->setToolTip(m_bannerClose->accessibleName());
    bannerLayout->addWidget(m_bannerText, 1);
    m_bannerAction = new QPushButton(m_banner);
    m_bannerAction->setProperty("kind", "link");
    bannerLayout->addWidget(m_bannerAction);
    bannerLayout->addWidget(m_bannerClose, 0, Qt::AlignTop);
    m_banner->hide();
    layout->addWidget(m_banner);

    m_chips = new QWidget(this);
    m_chipLayout = new FlowLayout(space::kTiny + 2);
    m_chips->setLayout(m_chipLayout);
    m_chips->hide();
    layout->addWidget(m_chips);

    m_edit = new ComposerEdit(this);
    m_edit->setAccessibleName(tr("Message"));
    m_edit->installEventFilter(this);
    layout->addWidget(m_edit);

    m_tools = new QHBoxLayout;
    m_tools->setSpacing(space::kTiny + 2);
    m_attach = new QToolButton(this);
    m_attach->setIcon(icon(QStringLiteral("attach")));
    m_attach->setAccessibleName(tr("Attach files"));
    m_attach->setToolTip(tr("Attach files (or drop them here)"));
    m_tools->addWidget(m_attach);
    m_tools->addStretch(1);
    m_gauge = new ContextGauge(this);
    m_tools->addWidget(m_gauge);
    m_send = new QToolButton(this);
    m_send->setProperty("kind", "send");
    m_send->setIconSize({20, 20});
    m_tools->addWidget(m_send);
    layout->addLayout(m_tools);

    connect(m_send, &QToolButton::clicked, this, [this] {
        if (m_isRunning)
            emit stopRequested();
        else
            send();
    });
    connect(m_attach, &QToolButton::clicked, this, &Composer::attachRequested);
    connect(m_bannerAction, &QPushButton::clicked, this, &Composer::bannerActivated);
    connect(m_bannerClose, &QToolButton::clicked, this, &Composer::bannerDismissed);
    connect(m_edit, &ComposerEdit::sendRequested, this, &Composer::send);
    connect(m_edit, &ComposerEdit::stopRequested, this, [this] {
        if (m_isRunning)
            emit stopRequested();
        else if (m_banner->isVisible() && m_bannerClose->isVisible())
            emit bannerDismissed();
    });
    connect(m_edit, &ComposerEdit::editLastRequested, this, &Composer::editLastRequested);
    connect(m_edit, &ComposerEdit::heightWanted, this, &Composer::adjustHeight);
    connect(m_edit, &ComposerEdit::filesPasted, this, &Composer::addFiles);
    connect(m_edit, &ComposerEdit::longTextPasted, this, [this](const QString& text) {
        m_attachments.push_back({tr("Pasted text (%1 characters)").arg(locale().toString(text.size())), {}, text});
        attachmentsHaveChanged();
    });
    connect(m_edit, &QPlainTextEdit::textChanged, this, [this] {
        cancelSend();
        updateSend();
        emit textChanged();
    });
    setPlaceholder(tr("Ask anything"));
    updateSend();
    adjustHeight();
}

QString Composer::text() const
{
    return m_edit->toPlainText();
}

void Composer::setText(const QString& text)
{
    m_edit->setPlainText(text);
    m_edit->moveCursor(QTextCursor::End);
}

void Composer::setAttachments(const QList<Attachment>& attachments)
{
    m_attachments = attachments;
    attachmentsHaveChanged();
}

void Composer::addFiles(const QStringList& paths)
{
    for (const QString& path : paths) {
        const bool isThere = std::any_of(m_attachments.cbegin(), m_attachments.cend(), [&](const Attachment& a) { return a.path == path; });
        if (!isThere)
            m_attachments.push_back({QFileInfo(path).fileName(), path, {}});
    }
    attachmentsHaveChanged();
    focusInput();
}

void Composer::attachmentsHaveChanged()
{
    cancelSend();
    rebuildChips();
    emit attachmentsChanged();
}

void Composer::clear()
{
    m_edit->clear();
    m_attachments.clear();
    attachmentsHaveChanged();
}

void Composer::send()
{
    const QString text = m_edit->toPlainText().trimmed();
    if (m_isRunning || (text.isEmpty() && m_attachments.isEmpty()))
        return cancelSend();
    setSendWaiting(!m_blockedReason.isEmpty() && m_isBlockPassing);
    if (m_blockedReason.isEmpty())
        emit sendRequested(text);
}

void Composer::setSendWaiting(bool isWaiting)
{
    if (m_isSendWaiting == isWaiting)
        return;
    m_isSendWaiting = isWaiting;
    updateSend();
    emit sendWaitingChanged();
}

void Composer::cancelSend()
{
    setSendWaiting(false);
}

void Composer::setRunning(bool running, bool isStopping)
{
    m_isRunning = running;
    m_isStopping = running && isStopping;
    updateSend();
}

void Composer::setBlockedReason(const QString& reason, bool isPassing)
{
    m_blockedReason = reason;
    m_isBlockPassing = isPassing;
    updateSend();
    if (m_isSendWaiting && reason.isEmpty()) {
        QMetaObject::invokeMethod(this, [this] { // whoever tells this is not done yet
            if (m_isSendWaiting)
                send();
        }, Qt::QueuedConnection);
    } else if (!isPassing) {
        cancelSend();
    }
}

void Composer::setPlaceholder(const QString& text)
{
    m_edit->setPlaceholderText(text);
}

void Composer::setSendsOnEnter(bool sends)
{
    m_edit->setSendsOnEnter(sends);
}

QString Composer::banner() const
{
    return m_banner->isHidden() ? QString() : m_bannerText->text();
}

void Composer::setBanner(const QString& text, bool dismissable, const QString& actionText)
{
    m_bannerAction->setText(actionText);
    m_bannerAction->setVisible(!actionText.isEmpty());
    m_bannerText->setText(text);
    m_bannerClose->setVisible(dismissable);
    m_banner->setVisible(!text.isEmpty());
}

void Composer::addTool(QWidget* tool)
{
    m_tools->insertWidget(m_tools->count() - 3, tool);
}

void Composer::focusInput()
{
    m_edit->setFocus(Qt::OtherFocusReason);
}

void Composer::updateSend()
{
    const bool isEmpty = m_edit->document()->isEmpty() && m_attachments.isEmpty();
    if (m_isRunning) {
        m_send->setIcon(icon(QStringLiteral("stop"), IconTone::OnAccent));
        m_send->setAccessibleName(m_isStopping ? tr("Stopping…") : tr("Stop"));
        m_send->setToolTip(m_isStopping ? tr("Stopping…") : tr("Stop (Esc)"));
        m_send->setEnabled(!m_isStopping);
    } else {
        const bool canSend = (m_blockedReason.isEmpty() || m_isBlockPassing) && !isEmpty && !m_isSendWaiting;
        m_send->setIcon(icon(QStringLiteral("send"), canSend ? IconTone::OnAccent : IconTone::Muted));
        m_send->setAccessibleName(tr("Send"));
        m_send->setToolTip(m_blockedReason.isEmpty() ? tr("Send (Enter)") : m_blockedReason);
        m_send->setEnabled(canSend);
    }
}

void Composer::adjustHeight()
{
    const QWidget* area = parentWidget() ? parentWidget() : this;
    const int limit = std::max(80, int(area->height() * 0.4));
    const int wanted = m_edit->wantedHeight();
    const int least = m_edit->fontMetrics().lineSpacing() + 8;
    m_edit->setFixedHeight(std::clamp(wanted, least, std::max(least, limit)));
    m_edit->setVerticalScrollBarPolicy(wanted > limit ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
}

void Composer::rebuildChips()
{
    while (QLayoutItem* item = m_chipLayout->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    const qsizetype shown = std::min<qsizetype>(m_attachments.size(), 4);
    for (qsizetype i = 0; i < shown; ++i) {
        const Attachment& attachment = m_attachments[i];
        auto* chip = new QToolButton(m_chips);
        chip->setProperty("kind", "chip");
        chip->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        chip->setIcon(icon(QStringLiteral("close")));
        chip->setText(fontMetrics().elidedText(attachment.name, Qt::ElideMiddle, 180));
        chip->setToolTip(attachment.path.isEmpty() ? tr("%1\nGoes along with the message as a whole. Press to remove.").arg(attachment.name)
                                                   : tr("%1\nIs indexed; the passages that fit a question are looked up in it. Press to remove.").arg(attachment.path));
        chip->setAccessibleName(tr("Remove %1").arg(attachment.name));
        connect(chip, &QToolButton::clicked, this, [this, i] {
            m_attachments.removeAt(i);
            attachmentsHaveChanged();
            focusInput();
        });
        m_chipLayout->addWidget(chip);
    }
    if (m_attachments.size() > shown)
        m_chipLayout->addWidget(new QLabel(tr("and %n more", nullptr, int(m_attachments.size() - shown)), m_chips));
    m_chips->setVisible(!m_attachments.isEmpty());
    updateSend();
}

void Composer::dragEnterEvent(QDragEnterEvent* event)
{
    if (droppedFiles(event->mimeData()).isEmpty())
        return;
    event->acceptProposedAction();
    m_isDropTarget = true;
    update();
}

void Composer::dragLeaveEvent(QDragLeaveEvent*)
{
    m_isDropTarget = false;
    update();
}

void Composer::dropEvent(QDropEvent* event)
{
    m_isDropTarget = false;
    update();
    const QStringList files = droppedFiles(event->mimeData());
    if (files.isEmpty())
        return;
    event->acceptProposedAction();
    addFiles(files);
}

bool Composer::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_edit && (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut))
        update(); // the ring is drawn around the whole composer
    return QFrame::eventFilter(watched, event);
}

void Composer::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    adjustHeight();
}

void Composer::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::FontChange && m_edit)
        adjustHeight();
}

void Composer::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool isFocused = m_edit->hasFocus();
    const qreal pen = isFocused || m_isDropTarget ? 2 : 1;
    painter.setPen(QPen(isFocused || m_isDropTarget ? t.focus : t.borderStrong, pen, m_isDropTarget ? Qt::DashLine : Qt::SolidLine));
    painter.setBrush(m_isDropTarget ? t.accentSoft : t.isDark ? t.raised : t.surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2), radius::kCard + 2, radius::kCard + 2);
}

} // namespace sy::widgets
