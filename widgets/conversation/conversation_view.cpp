// SPDX-License-Identifier: GPL-3.0-or-later
//
// The half of ConversationView that holds the messages and decides when they are laid out and painted anew.
#include "widgets/conversation/conversation_view.h"

#include "widgets/conversation/conversation_metrics.h"
#include "widgets/theme/icons.h"

#include <QFontMetricsF>
#include <QResizeEvent>
#include <QScrollBar>
#include <QToolButton>
#include <cmath>

namespace sy::widgets {

using namespace conversation;

namespace {

using namespace std::chrono_literals;

constexpr auto kUpdateInterval = 34ms; // 30 updates a second at most

} // namespace

ConversationView::ConversationView(QWidget* parent) : QAbstractScrollArea(parent)
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Conversation"));
    viewport()->setMouseTracking(true);
    viewport()->setAutoFillBackground(false);
    m_updateTimer.setSingleShot(true);
    m_updateTimer.setTimerType(Qt::PreciseTimer);
    connect(&m_updateTimer, &QTimer::timeout, this, &ConversationView::flush);
    m_jump = new QToolButton(this);
    m_jump->setIcon(icon(QStringLiteral("arrow-down"), IconTone::Text));
    m_jump->setText(tr("Jump to end"));
    m_jump->setAccessibleName(m_jump->text());
    m_jump->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_jump->setProperty("kind", "chip");
    m_jump->setCursor(Qt::ArrowCursor);
    m_jump->hide();
    connect(m_jump, &QToolButton::clicked, this, [this] {
        scrollToEnd();
        setFocus();
    });
}

ConversationView::~ConversationView() = default;

// ---------------------------------------------------------------------------------------------------------------- content

QFont ConversationView::textFont() const
{
    QFont f = font();
    f.setPointSizeF(m_points > 0 ? m_points : f.pointSizeF() * 1.05);
    return f;
}

BlockStyle ConversationView::styleFor(const Row& row) const
{
    BlockStyle style{.font = textFont(), .tokens = tokens(palette()), .nCitations = 0, .copyLabel = tr("Copy code")};
    for (const PassageItem& passage : row.message.passages)
        style.nCitations = std::max(style.nCitations, passage.number);
    return style;
}

std::unique_ptr<ConversationView::Row> ConversationView::makeRow(const MessageItem& message)
{
    auto row = std::make_unique<Row>();
    row->message = message;
    estimateRow(*row);
    return row;
}

void ConversationView::estimateRow(Row& row)
{
    row.textWidth = columnWidth();
    row.textTop = row.message.passages.isEmpty() ? 0 : 40;
    row.tailHeight = 60;
    const QFontMetricsF metrics(textFont());
    const double perLine = std::max(10.0, row.textWidth / metrics.averageCharWidth());
    row.textHeight = (double(row.message.text.size()) / perLine + double(row.message.text.count(QLatin1Char('\n'))) * 0.8 + 1) * metrics.height() * 1.2;
}

void ConversationView::ensureParsed(Row& row)
{
    if (row.isParsed)
        return;
    row.isParsed = true;
    frameRow(row);
    row.blocks.clear();
    row.parser.setText(row.message.text);
    syncBlocks(row, 0);
}

void ConversationView::setRowMessage(Row& row, const MessageItem& message)
{
    const bool sameCitations = row.message.passages.size() == message.passages.size();
    row.message = message;
    if (!row.isParsed) { // far away; the layout takes it up when it comes into sight
        estimateRow(row);
        return;
    }
    frameRow(row);
    const size_t firstChanged = row.parser.setText(message.text);
    syncBlocks(row, sameCitations ? firstChanged : 0); // new passages turn "[1]" into a mark everywhere
}

void ConversationView::syncBlocks(Row& row, size_t firstChanged)
{
    const auto& blocks = row.parser.blocks();
    const BlockStyle style = styleFor(row);
    // The block before the first change draws its lower edge by whether the next one continues it.
    if (firstChanged > 0 && firstChanged <= row.blocks.size())
        --firstChanged;
    row.blocks.resize(std::min(firstChanged, row.blocks.size()));
    while (row.blocks.size() < blocks.size()) {
        BlockSlot slot;
        slot.height = BlockLayout::estimateHeight(blocks[row.blocks.size()], style, row.textWidth);
        row.blocks.push_back(std::move(slot));
    }
}

void ConversationView::setMessages(const QList<MessageItem>& messages)
{
    m_pending.clear();
    m_rows.clear();
    m_hovered = m_focused = m_pressed = {};
    m_currentRow = -1;
    m_anchor = m_cursor = {};
    m_hits.clear();
    m_rows.reserve(size_t(messages.size()));
    for (const MessageItem& message : messages)
        m_rows.push_back(makeRow(message));
    m_followsEnd = true;
    flush();
}

void ConversationView::appendMessage(const MessageItem& message)
{
    applyPending();
    m_rows.push_back(makeRow(message));
    m_followsEnd = m_followsEnd || message.isUser; // one's own new message is always shown
    flush();
}

void ConversationView::updateMessage(const MessageItem& message)
{
    const bool isLive = message.state == MessageState::Streaming || message.state == MessageState::Waiting;
    m_pending.insert(message.id, message);
    if (isLive)
        scheduleUpdate();
    else
        flush();
}

void ConversationView::updateMessages(const QList<MessageItem>& messages)
{
    for (const MessageItem& message : messages)
        m_pending.insert(message.id, message);
    flush();
}

void ConversationView::removeMessagesFrom(qint64 id)
{
    applyPending();
    for (size_t i = 0; i < m_rows.size(); ++i) {
        if (m_rows[i]->message.id != id)
            continue;
        m_rows.resize(i);
        break;
    }
    m_hovered = m_focused = m_pressed = {};
    m_anchor = m_cursor = {};
    m_currentRow = std::min(m_currentRow, int(m_rows.size()) - 1);
    flush();
}

const MessageItem& ConversationView::messageAt(qsizetype row) const
{
    return m_rows.at(size_t(row))->message;
}

void ConversationView::applyPending()
{
    if (m_pending.isEmpty())
        return;
    for (auto& row : m_rows)
        if (const auto it = m_pending.constFind(row->message.id); it != m_pending.cend())
            setRowMessage(*row, *it);
    m_pending.clear();
}

void ConversationView::setTextPoints(double points)
{
    m_points = points;
    invalidateLayouts();
}

void ConversationView::invalidateLayouts()
{
    for (auto& row : m_rows) {
        if (!row->isParsed) {
            estimateRow(*row);
            continue;
        }
        const qreal oldWidth = row->textWidth;
        frameRow(*row);
        const qreal factor = oldWidth > 0 && row->textWidth > 0 ? oldWidth / row->textWidth : 1;
        for (BlockSlot& slot : row->blocks) {
            slot.layout.reset();
            slot.isExact = false;
            slot.height = std::max<qreal>(8, slot.height * factor);
        }
    }
    flush();
}

// --------------------------------------------------------------------------------------------------------------- updates

void ConversationView::scheduleUpdate()
{
    if (m_updateTimer.isActive())
        return;
    const qint64 since = m_sinceUpdate.isValid() ? m_sinceUpdate.elapsed() : 1000;
    m_updateTimer.start(std::max<qint64>(0, std::chrono::milliseconds(kUpdateInterval).count() - since));
}

void ConversationView::flush()
{
    m_updateTimer.stop();
    m_sinceUpdate.start();
    const ScrollAnchor anchor = captureAnchor();
    applyPending();
    relayout(anchor);
    bool isWaiting = false;
    for (const auto& row : m_rows)
        isWaiting = isWaiting || row->progressTop >= 0;
    if (isWaiting && m_spinnerTimer == 0)
        m_spinnerTimer = startTimer(120ms);
    if (!isWaiting && m_spinnerTimer != 0) {
        killTimer(m_spinnerTimer);
        m_spinnerTimer = 0;
    }
    viewport()->update();
}

void ConversationView::scrollContentsBy(int, int)
{
    if (m_isAdjusting)
        return;
    m_offset = verticalScrollBar()->value();
    m_followsEnd = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - kEndTolerance;
    relayout(captureAnchor());
    viewport()->update();
}

void ConversationView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    if (event->size().width() != event->oldSize().width())
        invalidateLayouts();
    else
        flush();
}

void ConversationView::changeEvent(QEvent* event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        invalidateLayouts();
}

bool ConversationView::isAtEnd() const
{
    return verticalScrollBar()->value() >= verticalScrollBar()->maximum() - kEndTolerance;
}

void ConversationView::scrollToEnd()
{
    m_followsEnd = true;
    flush();
}

void ConversationView::scrollToMessage(qint64 id)
{
    applyPending();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        if (m_rows[r]->message.id != id)
            continue;
        m_followsEnd = false;
        m_currentRow = int(r);
        relayout({int(r), -1, -double(space::kMedium)});
        m_followsEnd = isAtEnd();
        viewport()->update();
    }
}

void ConversationView::timerEvent(QTimerEvent* event)
{
    if (event->timerId() == m_spinnerTimer) {
        ++m_spinnerPhase;
        for (const auto& row : m_rows) {
            if (row->progressTop < 0)
                continue;
            const qreal y = row->top + row->textTop + row->textHeight + row->progressTop - m_offset;
            viewport()->update(QRectF(columnLeft(), y - 2, 48, 40).toAlignedRect());
        }
    } else if (event->timerId() == m_autoScrollTimer) {
        const int y = viewport()->mapFromGlobal(QCursor::pos()).y();
        const int beyond = y < 0 ? y : y > viewport()->height() ? y - viewport()->height() : 0;
        if (beyond != 0) {
            verticalScrollBar()->setValue(verticalScrollBar()->value() + beyond);
            m_cursor = positionAt(QPointF(m_lastMove));
            viewport()->update();
        }
    } else {
        QAbstractScrollArea::timerEvent(event);
    }
}

} // namespace sy::widgets
