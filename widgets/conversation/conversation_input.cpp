// SPDX-License-Identifier: GPL-3.0-or-later
// The half of ConversationView that takes input: selection, targets, keys, search and the clipboard.
#include "widgets/conversation/conversation_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QScrollBar>
#include <QToolTip>

namespace sy::widgets {

void ConversationView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_pressPoint = event->pos();
    m_pressed = targetAt(event->position());
    m_focused = {};
    m_showsRing = false;
    m_currentRow = rowAt(event->position().y() + m_offset);
    if (!m_pressed.isValid()) {
        const TextPosition at = positionAt(event->position());
        if (event->modifiers() & Qt::ShiftModifier && m_anchor.row >= 0)
            m_cursor = at;
        else
            m_anchor = m_cursor = at;
        m_isSelecting = true;
        m_autoScrollTimer = startTimer(40);
    }
    viewport()->update();
}

void ConversationView::mouseMoveEvent(QMouseEvent* event)
{
    const int rowBefore = rowAt(m_lastMove.y() + m_offset);
    m_lastMove = event->pos();
    if (m_pressed.isValid() && (event->buttons() & Qt::LeftButton)
        && (event->pos() - m_pressPoint).manhattanLength() > QApplication::startDragDistance()) {
        m_pressed = {}; // pressed on a link and moved on: a selection
        m_anchor = positionAt(QPointF(m_pressPoint));
        m_isSelecting = true;
        if (m_autoScrollTimer == 0)
            m_autoScrollTimer = startTimer(40);
    }
    if (m_isSelecting) {
        m_cursor = positionAt(event->position());
        viewport()->update();
        return;
    }
    setHovered(targetAt(event->position()), event->globalPosition().toPoint());
    if (rowBefore != rowAt(m_lastMove.y() + m_offset))
        viewport()->update();
    if (m_hovered.isValid()) {
        const bool isFooter = m_hovered.block < 0 && m_rows[size_t(m_hovered.row)]->controls[size_t(m_hovered.index)].kind == ControlKind::Footer;
        viewport()->setCursor(isFooter ? Qt::ArrowCursor : Qt::PointingHandCursor);
        return;
    }
    const qreal y = event->position().y() + m_offset;
    const int r = rowAt(y);
    bool isText = false;
    if (r >= 0) {
        Row& row = *m_rows[size_t(r)];
        qreal top = 0;
        const int b = blockAt(row, y - row.top, &top);
        isText = b >= 0 && layoutBlock(row, size_t(b)).isTextAt(QPointF(event->position().x() - row.textLeft, y - row.top - top));
    }
    viewport()->setCursor(isText ? Qt::IBeamCursor : Qt::ArrowCursor);
}

void ConversationView::mouseReleaseEvent(QMouseEvent* event)
{
    if (m_autoScrollTimer != 0) {
        killTimer(m_autoScrollTimer);
        m_autoScrollTimer = 0;
    }
    m_isSelecting = false;
    if (event->button() != Qt::LeftButton)
        return;
    const TargetRef released = targetAt(event->position());
    if (m_pressed.isValid() && released == m_pressed)
        activate(released);
    m_pressed = {};
}

void ConversationView::mouseDoubleClickEvent(QMouseEvent* event)
{
    const TextPosition at = positionAt(event->position());
    if (at.row < 0 || m_rows[size_t(at.row)]->blocks.empty())
        return;
    const QString& text = layoutBlock(*m_rows[size_t(at.row)], size_t(at.block)).plainText();
    qsizetype from = std::min(at.at, text.size()), to = from;
    while (from > 0 && text[from - 1].isLetterOrNumber())
        --from;
    while (to < text.size() && text[to].isLetterOrNumber())
        ++to;
    m_anchor = {at.row, at.block, from};
    m_cursor = {at.row, at.block, to};
    viewport()->update();
}

void ConversationView::leaveEvent(QEvent*)
{
    m_lastMove = QPoint(0, -100000);
    setHovered({}, {});
    viewport()->update();
}

void ConversationView::setHovered(const TargetRef& target, QPoint global)
{
    if (target == m_hovered)
        return;
    m_hovered = target;
    if (target.isValid())
        showTip(target, global);
    else
        QToolTip::hideText();
    viewport()->update();
}

/// A citation shows its passage at once, not after the tool tip delay: that is what the mark is for.
void ConversationView::showTip(const TargetRef& target, QPoint global)
{
    const Row& row = *m_rows[size_t(target.row)];
    int number = 0; // no passage has this one
    QString text;
    if (target.block >= 0) {
        const BlockTarget& inBlock = row.blocks[size_t(target.block)].layout->targets()[size_t(target.index)];
        number = inBlock.citation;
        if (inBlock.kind == BlockTarget::Kind::Link)
            text = inBlock.url.toHtmlEscaped();
    } else {
        const Control& control = row.controls[size_t(target.index)];
        number = control.kind == ControlKind::Source ? control.number : 0;
        if (control.kind == ControlKind::Footer)
            text = row.message.footerDetail.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>"));
        else if (number == 0)
            text = control.label.toHtmlEscaped();
    }
    for (const PassageItem& passage : row.message.passages) {
        if (passage.number != number)
            continue;
        QString title = passage.title.toHtmlEscaped();
        if (!passage.location.isEmpty())
            title += QStringLiteral(" · ") + passage.location.toHtmlEscaped();
        QString body = passage.text.size() > 700 ? passage.text.left(700) + QStringLiteral(" …") : passage.text;
        body = body.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>"));
        // A table fixes the width: Qt makes tool tips as wide as their longest line otherwise.
        if (number > 0)
            title.prepend(QStringLiteral("[%1] ").arg(number));
        text = QStringLiteral("<table width=\"420\"><tr><td><b>%1</b></td></tr><tr><td>%2</td></tr></table>").arg(title, body);
    }
    if (!text.isEmpty())
        QToolTip::showText(global, text, viewport(), targetRect(target).toAlignedRect());
}

bool ConversationView::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        // Left, Right and Enter belong to the view while it has focus, not to a shortcut of the window.
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->matches(QKeySequence::Copy) || key->matches(QKeySequence::SelectAll)) {
            event->accept();
            return true;
        }
    }
    return QAbstractScrollArea::event(event);
}

void ConversationView::activate(const TargetRef& target)
{
    if (!target.isValid())
        return;
    Row& row = *m_rows[size_t(target.row)];
    const qint64 id = row.message.id;
    if (target.block >= 0) {
        const BlockTarget inBlock = layoutBlock(row, size_t(target.block)).targets()[size_t(target.index)];
        switch (inBlock.kind) {
        case BlockTarget::Kind::Citation: emit citationActivated(id, inBlock.citation); break;
        case BlockTarget::Kind::Link: emit linkActivated(inBlock.url); break;
        case BlockTarget::Kind::CopyCode: {
            const auto& blocks = row.parser.blocks();
            QString code = blocks[size_t(target.block)].text;
            for (size_t b = size_t(target.block) + 1; b < blocks.size() && blocks[b].continues; ++b)
                code += QLatin1Char('\n') + blocks[b].text;
            copyToClipboard(code);
            break;
        }
        }
        return;
    }
    const Control control = row.controls[size_t(target.index)];
    switch (control.kind) {
    case ControlKind::Source: emit citationActivated(id, control.number); break;
    case ControlKind::Copy: {
        QString text = row.message.text;
        text.remove(kUnsupportedMark);
        copyToClipboard(text);
        break;
    }
    case ControlKind::Footer: break; // says more when pointed at; that is all
    case ControlKind::Continue: emit continueRequested(id); break;
    case ControlKind::PreviousBranch: emit branchRequested(id, -1); break;
    case ControlKind::NextBranch: emit branchRequested(id, 1); break;
    case ControlKind::CopyError: copyToClipboard(row.message.errorTitle + QLatin1Char('\n') + row.message.errorText + QLatin1Char('\n') + row.message.errorDetails); break;
    case ControlKind::Regenerate: emit regenerateRequested(id); break;
    case ControlKind::Edit: emit editRequested(id); break;
    case ControlKind::Delete: emit deleteRequested(id); break;
    }
}

void ConversationView::copyToClipboard(const QString& text)
{
    QApplication::clipboard()->setText(text);
    emit copyRequested(text);
}

// -------------------------------------------------------------------------------------------------------------- selection

QString ConversationView::textOf(TextPosition from, TextPosition to)
{
    QString text;
    for (int r = from.row; r >= 0 && r <= to.row; ++r) {
        Row& row = *m_rows[size_t(r)];
        ensureParsed(row);
        const int firstBlock = r == from.row ? from.block : 0;
        const int lastBlock = r == to.row ? to.block : int(row.blocks.size()) - 1;
        if (r > from.row)
            text += QLatin1String("\n\n");
        for (int b = firstBlock; b <= lastBlock && size_t(b) < row.blocks.size(); ++b) {
            const BlockLayout& layout = layoutBlock(row, size_t(b));
            const qsizetype begin = r == from.row && b == from.block ? from.at : 0;
            const qsizetype end = r == to.row && b == to.block ? to.at : layout.plainText().size();
            if (b > firstBlock) {
                const Block& block = row.parser.blocks()[size_t(b)];
                const bool isList = block.kind == BlockKind::ListItem;
                const bool isTight = block.continues || (isList && row.parser.blocks()[size_t(b) - 1].kind == BlockKind::ListItem);
                text += isTight ? QLatin1String("\n") : QLatin1String("\n\n");
            }
            text += layout.copyText(begin, end);
        }
    }
    return text;
}

QString ConversationView::plainText(qint64 messageId)
{
    applyPending();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        Row& row = *m_rows[r];
        if (row.message.id != messageId)
            continue;
        ensureParsed(row);
        if (row.blocks.empty())
            return {};
        const int last = int(row.blocks.size()) - 1;
        return textOf({int(r), 0, 0}, {int(r), last, layoutBlock(row, size_t(last)).plainText().size()});
    }
    return {};
}

QString ConversationView::selectedText() const
{
    if (m_anchor.row < 0 || m_anchor == m_cursor)
        return {};
    auto* self = const_cast<ConversationView*>(this); // far blocks are laid out to be read, which changes nothing visible
    return self->textOf(std::min(m_anchor, m_cursor), std::max(m_anchor, m_cursor));
}

void ConversationView::selectAll()
{
    applyPending();
    if (m_rows.empty())
        return;
    m_anchor = {0, 0, 0};
    const int last = int(m_rows.size()) - 1;
    Row& row = *m_rows.back();
    ensureParsed(row);
    const int block = std::max(0, int(row.blocks.size()) - 1);
    m_cursor = {last, block, row.blocks.empty() ? 0 : layoutBlock(row, size_t(block)).plainText().size()};
    viewport()->update();
}

void ConversationView::clearSelection()
{
    m_anchor = m_cursor = {};
    viewport()->update();
}

// --------------------------------------------------------------------------------------------------------------- keyboard

void ConversationView::focusInEvent(QFocusEvent* event)
{
    if (m_currentRow < 0 && !m_rows.empty() && event->reason() != Qt::MouseFocusReason)
        m_currentRow = int(m_rows.size()) - 1;
    m_showsRing = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason || event->reason() == Qt::ShortcutFocusReason;
    viewport()->update();
    QAbstractScrollArea::focusInEvent(event);
}

void ConversationView::focusOutEvent(QFocusEvent* event)
{
    viewport()->update();
    QAbstractScrollArea::focusOutEvent(event);
}

void ConversationView::keyPressEvent(QKeyEvent* event)
{
    m_showsRing = true;
    QScrollBar* bar = verticalScrollBar();
    const bool control = event->modifiers() & Qt::ControlModifier;
    if (event->matches(QKeySequence::Copy)) {
        const QString selected = selectedText();
        if (!selected.isEmpty())
            copyToClipboard(selected);
        else if (m_currentRow >= 0 && size_t(m_currentRow) < m_rows.size())
            copyToClipboard(QString(m_rows[size_t(m_currentRow)]->message.text).remove(kUnsupportedMark));
        return;
    }
    if (event->matches(QKeySequence::SelectAll)) {
        selectAll();
        return;
    }
    switch (event->key()) {
    case Qt::Key_Up: control ? moveRow(-1) : bar->triggerAction(QAbstractSlider::SliderSingleStepSub); return;
    case Qt::Key_Down: control ? moveRow(1) : bar->triggerAction(QAbstractSlider::SliderSingleStepAdd); return;
    case Qt::Key_PageUp: bar->triggerAction(QAbstractSlider::SliderPageStepSub); return;
    case Qt::Key_PageDown: bar->triggerAction(QAbstractSlider::SliderPageStepAdd); return;
    case Qt::Key_Home: bar->setValue(0); return;
    case Qt::Key_End: scrollToEnd(); return;
    case Qt::Key_Left: moveTarget(-1); return;
    case Qt::Key_Right: moveTarget(1); return;
    case Qt::Key_Delete:
        if (m_currentRow >= 0 && size_t(m_currentRow) < m_rows.size() && m_rows[size_t(m_currentRow)]->message.canDelete) {
            emit deleteRequested(m_rows[size_t(m_currentRow)]->message.id);
            return;
        }
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (m_focused.isValid()) {
            activate(m_focused);
            return;
        }
        break;
    default: break;
    }
    QAbstractScrollArea::keyPressEvent(event);
}

void ConversationView::moveRow(int step)
{
    if (m_rows.empty())
        return;
    m_currentRow = std::clamp(m_currentRow + step, 0, int(m_rows.size()) - 1);
    m_focused = {};
    const Row& row = *m_rows[size_t(m_currentRow)];
    ensureVisible(QRectF(0, row.top, 10, std::min<qreal>(row.height, viewport()->height())));
    setAccessibleDescription(row.message.text.left(2000));
}

void ConversationView::moveTarget(int step)
{
    if (m_rows.empty())
        return;
    if (m_currentRow < 0)
        m_currentRow = int(m_rows.size()) - 1;
    const std::vector<TargetRef> targets = targetsOfRow(m_currentRow);
    if (targets.empty())
        return;
    int index = step > 0 ? -1 : int(targets.size());
    for (size_t i = 0; i < targets.size(); ++i)
        if (targets[i] == m_focused)
            index = int(i);
    index = std::clamp(index + step, 0, int(targets.size()) - 1);
    m_focused = targets[size_t(index)];
    placeRows();
    ensureVisible(targetRect(m_focused).translated(0, m_offset));
    showTip(m_focused, viewport()->mapToGlobal(targetRect(m_focused).bottomLeft().toPoint()));
}

/// rect in content coordinates
void ConversationView::ensureVisible(const QRectF& rect)
{
    const qreal view = viewport()->height();
    if (rect.top() < m_offset + 8)
        verticalScrollBar()->setValue(int(rect.top()) - 24);
    else if (rect.bottom() > m_offset + view - 8)
        verticalScrollBar()->setValue(int(rect.bottom() - view) + 24);
    viewport()->update();
}

// ----------------------------------------------------------------------------------------------------------------- search

int ConversationView::find(const QString& text)
{
    applyPending();
    m_found = text;
    m_hits.clear();
    m_currentHit = -1;
    if (!text.isEmpty()) {
        for (size_t r = 0; r < m_rows.size(); ++r) {
            if (!m_rows[r]->message.text.contains(text, Qt::CaseInsensitive))
                continue;
            ensureParsed(*m_rows[r]);
            const auto& blocks = m_rows[r]->parser.blocks();
            for (size_t b = 0; b < blocks.size(); ++b) {
                qsizetype n = 0; // the n-th occurrence in its block; where it stands is known when the block is laid out
                for (qsizetype at = blocks[b].text.indexOf(text, 0, Qt::CaseInsensitive); at >= 0;
                     at = blocks[b].text.indexOf(text, at + text.size(), Qt::CaseInsensitive))
                    m_hits.push_back({int(r), int(b), n++});
            }
        }
        if (!m_hits.empty()) {
            // The last hit at or above the end of what is seen, as readers of a chat look upwards.
            const TextPosition here = positionAt(QPointF(columnLeft(), viewport()->height()));
            m_currentHit = int(m_hits.size());
            for (size_t i = 0; i < m_hits.size(); ++i)
                if (m_hits[i].row < here.row || (m_hits[i].row == here.row && m_hits[i].block <= here.block))
                    m_currentHit = int(i) + 1;
            findNext(true);
        }
    }
    viewport()->update();
    return int(m_hits.size());
}

void ConversationView::findNext(bool backwards)
{
    if (m_hits.empty())
        return;
    const int n = int(m_hits.size());
    m_currentHit = ((m_currentHit + (backwards ? -1 : 1)) % n + n) % n;
    const TextPosition hit = m_hits[size_t(m_currentHit)];
    Row& row = *m_rows[size_t(hit.row)];
    ensureParsed(row);
    m_followsEnd = false;
    relayout({hit.row, hit.block, -viewport()->height() * 0.4});
    const QString& plain = layoutBlock(row, size_t(hit.block)).plainText();
    qsizetype at = plain.indexOf(m_found, 0, Qt::CaseInsensitive);
    for (qsizetype n2 = 0; n2 < hit.at && at >= 0; ++n2)
        at = plain.indexOf(m_found, at + m_found.size(), Qt::CaseInsensitive);
    if (at >= 0) {
        m_anchor = {hit.row, hit.block, at};
        m_cursor = {hit.row, hit.block, at + m_found.size()};
    }
    m_currentRow = hit.row;
    viewport()->update();
}

void ConversationView::contextMenuEvent(QContextMenuEvent* event)
{
    const int r = event->reason() == QContextMenuEvent::Keyboard ? m_currentRow : rowAt(event->pos().y() + m_offset);
    if (r < 0)
        return;
    m_currentRow = r;
    const MessageItem message = m_rows[size_t(r)]->message;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QString selected = selectedText();
    if (!selected.isEmpty())
        connect(menu->addAction(tr("Copy selection")), &QAction::triggered, this, [this, selected] { copyToClipboard(selected); });
    connect(menu->addAction(tr("Copy message")), &QAction::triggered, this,
            [this, message] { copyToClipboard(QString(message.text).remove(kUnsupportedMark)); });
    connect(menu->addAction(tr("Copy as plain text")), &QAction::triggered, this, [this, id = message.id] { copyToClipboard(plainText(id)); });
    connect(menu->addAction(tr("Select all")), &QAction::triggered, this, &ConversationView::selectAll);
    if (message.canContinue || message.canRegenerate || message.canEdit || message.canDelete)
        menu->addSeparator();
    if (message.canContinue)
        connect(menu->addAction(tr("Continue this answer")), &QAction::triggered, this, [this, message] { emit continueRequested(message.id); });
    if (message.canRegenerate)
        connect(menu->addAction(tr("Answer again")), &QAction::triggered, this, [this, message] { emit regenerateRequested(message.id); });
    if (message.canEdit)
        connect(menu->addAction(tr("Edit and ask again")), &QAction::triggered, this, [this, message] { emit editRequested(message.id); });
    if (message.canDelete) {
        connect(menu->addAction(tr("Delete this message")), &QAction::triggered, this, [this, message] { emit deleteRequested(message.id); });
        connect(menu->addAction(tr("Delete from here on")), &QAction::triggered, this, [this, message] { emit deleteFromRequested(message.id); });
    }
    const QPoint at = event->reason() == QContextMenuEvent::Keyboard ? viewport()->mapToGlobal(messageRect(r).topLeft()) : event->globalPos();
    menu->popup(at);
}

} // namespace sy::widgets
