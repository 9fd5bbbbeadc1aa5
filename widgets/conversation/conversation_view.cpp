// SPDX-License-Identifier: GPL-3.0-or-later
//
//   viewport            row (message)                 blocks
//   +-----------+       sources as chips              heights: estimated until near the viewport,
//   |           |  <->  blocks of its text       <->  exact from then on; QTextLayouts only for
//   +-----------+       notice, error, footer         two viewports around
//
// Heights above the viewport change when an estimate becomes exact. Whatever the reader looks at must not move, so every layout
// remembers the first visible block and puts it back to where it was (captureAnchor, anchorOffset).
#include "widgets/conversation/conversation_view.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFontMetricsF>
#include <QHelpEvent>
#include <QMenu>
#include <QPainter>
#include <QScrollBar>
#include <QTextLayout>
#include <QToolButton>
#include <QToolTip>
#include <cmath>

namespace sy::widgets {

namespace {

using namespace std::chrono_literals;

constexpr auto kUpdateInterval = 34ms; // 30 updates a second at most
constexpr qreal kMaxColumn = 800;
constexpr qreal kRowGap = 22;
constexpr qreal kBubblePadding = 13;
constexpr qreal kEndTolerance = 6;

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
    if (!row.isParsed) {
        ensureParsed(row);
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
    for (auto it = m_pending.cbegin(); it != m_pending.cend(); ++it)
        for (auto& row : m_rows)
            if (row->message.id == it.key())
                setRowMessage(*row, it.value());
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

// ----------------------------------------------------------------------------------------------------------------- layout

qreal ConversationView::columnWidth() const
{
    const qreal margin = viewport()->width() < 560 ? space::kMedium : space::kHuge;
    const qreal scale = std::max(1.0, textFont().pointSizeF() / 10.5); // a column of about 90 characters at any text size
    return std::clamp<qreal>(viewport()->width() - 2 * margin, 120, kMaxColumn * scale);
}

qreal ConversationView::columnLeft() const
{
    return std::floor((viewport()->width() - columnWidth()) / 2);
}

/// Everything of a row that does not depend on its text's height.
void ConversationView::frameRow(Row& row)
{
    const MessageItem& m = row.message;
    const qreal left = columnLeft(), width = columnWidth();
    const QFont small = smallFont(font());
    const QFontMetricsF metrics(small);
    const qreal chipHeight = std::ceil(metrics.height() + 8);
    row.controls.clear();
    row.bubble = {};
    qreal y = 0;
    qreal tail = 0;
    row.noticeTop = row.errorTop = row.progressTop = row.footerTop = -1;

    if (m.isUser) {
        const QFontMetricsF text(textFont());
        qreal natural = 60;
        for (const QString& line : m.text.split(QLatin1Char('\n')))
            natural = std::max(natural, std::ceil(text.horizontalAdvance(line.left(400)) * 1.02) + 4);
        for (const QString& name : m.attachments)
            natural = std::max(natural, metrics.horizontalAdvance(name) + chipHeight + 16);
        if (m.text.contains(QLatin1String("```")) || m.text.contains(QLatin1Char('|')))
            natural = width; // frames and tables use the room there is
        const qreal inner = std::min(natural, std::floor(width * 0.86) - 2 * kBubblePadding);
        row.textWidth = inner;
        row.textLeft = left + width - inner - kBubblePadding;
        y = kBubblePadding + qreal(m.attachments.size()) * (chipHeight + 4);
        row.bubble = QRectF(row.textLeft - kBubblePadding, 0, inner + 2 * kBubblePadding, 0);
        tail = 2;
        row.footerTop = tail + 2;
    } else {
        row.textLeft = left;
        row.textWidth = width;
        qreal x = left;
        for (const PassageItem& passage : m.passages) {
            QString label = passage.title;
            if (!passage.location.isEmpty())
                label += QStringLiteral(" · ") + passage.location;
            label = metrics.elidedText(label, Qt::ElideMiddle, std::min<qreal>(240, width - 60));
            const qreal mark = passage.number > 0 ? metrics.horizontalAdvance(QString::number(passage.number)) : metrics.height() - 2;
            const qreal w = std::ceil(metrics.horizontalAdvance(label) + mark + 30);
            if (x > left && x + w > left + width) {
                x = left;
                y += chipHeight + 6;
            }
            row.controls.push_back({Control::Kind::Source, QRectF(x, y, w, chipHeight), label, passage.number, !passage.isCited});
            x += w + 6;
        }
        if (!m.passages.isEmpty())
            y += chipHeight + 12;
        if (m.state == MessageState::Waiting || (m.state == MessageState::Streaming && m.text.isEmpty())) {
            row.progressTop = tail;
            tail += std::ceil(QFontMetricsF(font()).height()) + 14;
        }
        if (!m.notice.isEmpty()) {
            row.noticeTop = tail;
            tail += std::ceil(metrics.boundingRect(QRectF(0, 0, width - 36, 1000), Qt::TextWordWrap, m.notice).height()) + 18;
        }
        if (m.state == MessageState::Failed) {
            row.errorTop = tail;
            const QFontMetricsF body(font());
            row.errorHeight = std::ceil(body.height() + body.boundingRect(QRectF(0, 0, width - 64, 2000), Qt::TextWordWrap, m.errorText).height() + 28);
            tail += row.errorHeight + 8;
        }
        row.footerTop = tail + 2;
    }
    row.textTop = y;

    // Buttons under the message; a conversation that is being answered offers only what cannot disturb it.
    const bool isLive = m.state == MessageState::Waiting || m.state == MessageState::Streaming;
    std::vector<std::pair<Control::Kind, QString>> buttons;
    if (!isLive) {
        buttons.push_back({Control::Kind::Copy, tr("Copy")});
        if (m.canRegenerate)
            buttons.push_back({Control::Kind::Regenerate, tr("Answer again")});
        if (m.canEdit)
            buttons.push_back({Control::Kind::Edit, tr("Edit and ask again")});
        if (m.canDelete)
            buttons.push_back({Control::Kind::Delete, tr("Delete from here on")});
    }
    const qreal side = std::ceil(QFontMetricsF(font()).height() + 8);
    if (!buttons.empty() || !m.footer.isEmpty()) {
        qreal x = m.isUser ? left + width - qreal(buttons.size()) * side : left - 6;
        for (const auto& [kind, label] : buttons) {
            row.controls.push_back({kind, QRectF(x, row.footerTop, side, side), label, 0, false});
            x += side;
        }
        tail = row.footerTop + side;
    }
    row.tailHeight = tail + kRowGap;
}

QRectF ConversationView::controlRect(const Row& row, const Control& control) const
{
    if (control.kind == Control::Kind::Source)
        return control.rect;
    return control.rect.translated(0, row.textTop + row.textHeight + (row.message.isUser ? kBubblePadding - 6 : 0));
}

void ConversationView::placeRows()
{
    qreal y = space::kHuge;
    for (auto& row : m_rows) {
        row->top = y;
        qreal text = row->isParsed ? 0 : row->textHeight;
        for (const BlockSlot& slot : row->blocks)
            text += slot.height;
        row->textHeight = text;
        if (row->message.isUser)
            row->bubble.setHeight(row->textTop + text + kBubblePadding - 6);
        row->height = row->textTop + text + row->tailHeight + (row->message.isUser ? kBubblePadding - 6 : 0);
        y += row->height;
    }
    m_total = y;
}

BlockLayout& ConversationView::layoutBlock(Row& row, size_t block)
{
    BlockSlot& slot = row.blocks[block];
    if (!slot.layout) {
        const auto& blocks = row.parser.blocks();
        const bool nextContinues = block + 1 < blocks.size() && blocks[block + 1].continues;
        slot.layout = std::make_unique<BlockLayout>(blocks[block], styleFor(row), row.textWidth, nextContinues);
        slot.height = slot.layout->height();
        slot.isExact = true;
        ++m_layoutCount;
    }
    return *slot.layout;
}

ConversationView::ScrollAnchor ConversationView::captureAnchor() const
{
    ScrollAnchor anchor;
    anchor.row = rowAt(m_offset);
    if (anchor.row < 0)
        return anchor;
    const Row& row = *m_rows[size_t(anchor.row)];
    const qreal y = m_offset - row.top;
    qreal blockTop = 0;
    if (y >= row.textTop)
        anchor.block = blockAt(row, y, &blockTop);
    anchor.delta = anchor.block >= 0 ? y - blockTop : y;
    return anchor;
}

qreal ConversationView::anchorOffset(const ScrollAnchor& anchor) const
{
    if (anchor.row < 0 || size_t(anchor.row) >= m_rows.size())
        return m_offset;
    const Row& row = *m_rows[size_t(anchor.row)];
    if (anchor.block < 0)
        return row.top + anchor.delta;
    qreal y = row.top + row.textTop;
    for (size_t b = 0; b < std::min(size_t(anchor.block), row.blocks.size()); ++b)
        y += row.blocks[b].height;
    return y + anchor.delta;
}

void ConversationView::relayout(const ScrollAnchor& anchor)
{
    const qreal view = viewport()->height();
    // Each pass makes more heights exact; the number of blocks on a screen bounds the passes, and two usually do.
    for (int pass = 0; pass < 12; ++pass) {
        placeRows();
        const qreal maximum = std::max<qreal>(0, std::ceil(m_total) - view);
        m_offset = std::clamp<qreal>(m_followsEnd ? maximum : anchorOffset(anchor), 0, maximum);
        bool changed = false;
        const qreal from = m_offset - view * 0.2, to = m_offset + view * 1.2;
        for (size_t r = 0; r < m_rows.size(); ++r) {
            Row& row = *m_rows[r];
            if (row.top + row.height < from || row.top > to)
                continue;
            if (!row.isParsed) {
                ensureParsed(row);
                changed = true;
            }
            qreal y = row.top + row.textTop;
            for (size_t b = 0; b < row.blocks.size(); ++b) {
                const qreal height = row.blocks[b].height;
                if (y + height >= from && y <= to && !row.blocks[b].layout) {
                    layoutBlock(row, b);
                    changed = changed || std::abs(row.blocks[b].height - height) > 0.5;
                }
                y += height;
            }
        }
        if (!changed)
            break;
    }
    releaseFar();
    updateScrollBar();
    placeJumpButton();
}

void ConversationView::releaseFar()
{
    const qreal view = viewport()->height();
    const qreal from = m_offset - 2 * view, to = m_offset + 3 * view;
    for (auto& row : m_rows) {
        qreal y = row->top + row->textTop;
        const bool isFar = row->top + row->height < from || row->top > to;
        for (BlockSlot& slot : row->blocks) {
            if (slot.layout && (isFar || y + slot.height < from || y > to))
                slot.layout.reset();
            y += slot.height;
        }
    }
}

int ConversationView::liveLayoutCount() const
{
    int n = 0;
    for (const auto& row : m_rows)
        for (const BlockSlot& slot : row->blocks)
            n += slot.layout ? 1 : 0;
    return n;
}

void ConversationView::updateScrollBar()
{
    m_isAdjusting = true;
    const int view = viewport()->height();
    verticalScrollBar()->setPageStep(view);
    verticalScrollBar()->setSingleStep(std::max(20, int(QFontMetricsF(textFont()).height() * 2)));
    verticalScrollBar()->setRange(0, std::max(0, int(std::ceil(m_total)) - view));
    verticalScrollBar()->setValue(int(std::round(m_offset)));
    m_isAdjusting = false;
}

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

void ConversationView::placeJumpButton()
{
    const bool shows = !isAtEnd() && !m_rows.empty();
    if (shows) {
        m_jump->adjustSize();
        m_jump->move((viewport()->width() - m_jump->width()) / 2, viewport()->height() - m_jump->height() - space::kMedium);
        m_jump->raise();
    }
    m_jump->setVisible(shows);
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

// --------------------------------------------------------------------------------------------------------------- geometry

int ConversationView::rowAt(qreal y) const
{
    for (size_t r = 0; r < m_rows.size(); ++r)
        if (y < m_rows[r]->top + m_rows[r]->height)
            return int(r);
    return int(m_rows.size()) - 1;
}

int ConversationView::blockAt(const Row& row, qreal y, qreal* blockTop) const
{
    qreal top = row.textTop;
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        if (y < top + row.blocks[b].height || b + 1 == row.blocks.size()) {
            if (blockTop)
                *blockTop = top;
            return int(b);
        }
        top += row.blocks[b].height;
    }
    return -1;
}

ConversationView::TextPosition ConversationView::positionAt(QPointF point)
{
    const qreal y = point.y() + m_offset;
    const int r = rowAt(y);
    if (r < 0)
        return {};
    Row& row = *m_rows[size_t(r)];
    qreal top = 0;
    const qreal inRow = y - row.top;
    const int b = blockAt(row, inRow, &top);
    if (b < 0)
        return {r, 0, 0};
    if (inRow < row.textTop)
        return {r, 0, 0};
    BlockLayout& layout = layoutBlock(row, size_t(b));
    if (inRow > row.textTop + row.textHeight)
        return {r, int(row.blocks.size()) - 1, layout.plainText().size()};
    return {r, b, layout.positionAt(QPointF(point.x() - row.textLeft, inRow - top))};
}

ConversationView::TargetRef ConversationView::targetAt(QPointF point)
{
    const qreal y = point.y() + m_offset;
    const int r = rowAt(y);
    if (r < 0)
        return {};
    Row& row = *m_rows[size_t(r)];
    const QPointF inRow(point.x(), y - row.top);
    for (size_t c = 0; c < row.controls.size(); ++c)
        if (controlRect(row, row.controls[c]).contains(inRow))
            return {r, -1, int(c)};
    qreal top = 0;
    const int b = blockAt(row, inRow.y(), &top);
    if (b >= 0) {
        const int index = layoutBlock(row, size_t(b)).targetAt(QPointF(inRow.x() - row.textLeft, inRow.y() - top));
        if (index >= 0)
            return {r, b, index};
    }
    return {};
}

QRectF ConversationView::targetRect(const TargetRef& target)
{
    if (!target.isValid() || size_t(target.row) >= m_rows.size())
        return {};
    Row& row = *m_rows[size_t(target.row)];
    if (target.block < 0) {
        if (size_t(target.index) >= row.controls.size())
            return {};
        return controlRect(row, row.controls[size_t(target.index)]).translated(0, row.top - m_offset);
    }
    if (size_t(target.block) >= row.blocks.size())
        return {};
    BlockLayout& layout = layoutBlock(row, size_t(target.block));
    if (size_t(target.index) >= layout.targets().size())
        return {};
    qreal y = row.top + row.textTop - m_offset;
    for (int b = 0; b < target.block; ++b)
        y += row.blocks[size_t(b)].height;
    return layout.targets()[size_t(target.index)].rect.translated(row.textLeft, y);
}

std::vector<ConversationView::TargetRef> ConversationView::targetsOfRow(int r)
{
    std::vector<TargetRef> targets;
    if (r < 0 || size_t(r) >= m_rows.size())
        return targets;
    Row& row = *m_rows[size_t(r)];
    ensureParsed(row);
    const auto controls = [&](bool sources) {
        for (size_t c = 0; c < row.controls.size(); ++c)
            if ((row.controls[c].kind == Control::Kind::Source) == sources)
                targets.push_back({r, -1, int(c)});
    };
    controls(true);
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        // Only blocks that can hold a target are worth a layout when they are far away.
        const QString& text = row.parser.blocks()[b].text;
        const bool may = row.parser.blocks()[b].kind == BlockKind::Code || text.contains(QLatin1Char('[')) || text.contains(QLatin1String("http"));
        if (!may)
            continue;
        const size_t n = layoutBlock(row, b).targets().size();
        for (size_t i = 0; i < n; ++i)
            targets.push_back({r, int(b), int(i)});
    }
    controls(false);
    return targets;
}

QRect ConversationView::citationRect(qint64 messageId, int number)
{
    applyPending();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        if (m_rows[r]->message.id != messageId)
            continue;
        for (const TargetRef& target : targetsOfRow(int(r))) {
            if (target.block < 0)
                continue;
            const BlockTarget& inBlock = layoutBlock(*m_rows[r], size_t(target.block)).targets()[size_t(target.index)];
            if (inBlock.kind == BlockTarget::Kind::Citation && inBlock.citation == number)
                return targetRect(target).toAlignedRect();
        }
    }
    return {};
}

QRect ConversationView::messageRect(qsizetype r) const
{
    const Row& row = *m_rows.at(size_t(r));
    return QRectF(columnLeft(), row.top - m_offset, columnWidth(), row.height - kRowGap).toAlignedRect();
}

// --------------------------------------------------------------------------------------------------------------- painting

bool ConversationView::isRowActive(int r) const
{
    return r + 1 == int(m_rows.size()) || m_hovered.row == r || (hasFocus() && m_currentRow == r) || rowAt(m_lastMove.y() + m_offset) == r;
}

void ConversationView::paintEvent(QPaintEvent* event)
{
    ++m_paintCount;
    QPainter painter(viewport());
    const Tokens& t = tokens(palette());
    painter.fillRect(event->rect(), t.surface);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF clip = event->rect();
    for (size_t r = 0; r < m_rows.size(); ++r) {
        const Row& row = *m_rows[r];
        const qreal y = row.top - m_offset;
        if (y + row.height < clip.top())
            continue;
        if (y > clip.bottom())
            break;
        drawRow(painter, int(r), y, clip);
    }
}

void ConversationView::drawRow(QPainter& painter, int r, qreal y, const QRectF& clip)
{
    Row& row = *m_rows[size_t(r)];
    ensureParsed(row); // rows in sight are parsed already; a paint before the first layout is not a reason to crash
    const MessageItem& m = row.message;
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    if (m.isUser) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.accentSoft);
        painter.drawRoundedRect(row.bubble.translated(0, y), radius::kCard, radius::kCard);
        const qreal chipHeight = std::ceil(QFontMetricsF(small).height() + 8);
        qreal top = y + kBubblePadding - 3;
        painter.setFont(small);
        for (const QString& name : m.attachments) {
            const int side = int(chipHeight) - 8;
            painter.drawPixmap(QPointF(row.textLeft, top + 4), iconPixmap(QStringLiteral("file"), side, t.textMuted, devicePixelRatioF()));
            painter.setPen(t.text);
            const QString shown = QFontMetricsF(small).elidedText(name, Qt::ElideMiddle, row.textWidth - side - 8);
            painter.drawText(QRectF(row.textLeft + side + 6, top, row.textWidth - side - 6, chipHeight), Qt::AlignVCenter, shown);
            top += chipHeight + 4;
        }
    }
    if (hasFocus() && m_showsRing && r == m_currentRow && !m_focused.isValid()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.focus, 2));
        const QRectF frame = m.isUser ? row.bubble.translated(0, y)
                                      : QRectF(columnLeft() - 10, y - 6, columnWidth() + 20, row.height - kRowGap + 10);
        painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), radius::kCard, radius::kCard);
    }

    const TextPosition first = std::min(m_anchor, m_cursor), last = std::max(m_anchor, m_cursor);
    qreal top = y + row.textTop;
    for (size_t b = 0; b < row.blocks.size(); ++b) {
        const qreal height = row.blocks[b].height;
        if (top + height >= clip.top() && top <= clip.bottom()) {
            const BlockLayout& layout = layoutBlock(row, b);
            qsizetype from = 0, to = 0;
            const TextPosition begin{r, int(b), 0}, end{r, int(b), layout.plainText().size()};
            if (first.row >= 0 && first < last && first <= end && last >= begin) {
                from = first > begin ? first.at : 0;
                to = last < end ? last.at : layout.plainText().size();
            }
            std::vector<std::pair<qsizetype, qsizetype>> found;
            if (!m_found.isEmpty())
                for (qsizetype at = layout.plainText().indexOf(m_found, 0, Qt::CaseInsensitive); at >= 0;
                     at = layout.plainText().indexOf(m_found, at + m_found.size(), Qt::CaseInsensitive))
                    found.push_back({at, at + m_found.size()});
            painter.save();
            painter.translate(row.textLeft, top);
            const int hovered = m_hovered.row == r && m_hovered.block == int(b) ? m_hovered.index : -1;
            const int focused = hasFocus() && m_focused.row == r && m_focused.block == int(b) ? m_focused.index : -1;
            layout.draw(painter, from, to, hovered, focused, found);
            painter.restore();
        }
        top += height;
    }
    const qreal tail = y + row.textTop + row.textHeight;
    const qreal left = columnLeft(), width = columnWidth();
    if (row.progressTop >= 0) {
        // Three dots and the words say that something happens; the bar says how far, when that is known.
        const QFontMetricsF metrics(font());
        const qreal middle = tail + row.progressTop + metrics.height() / 2 + 1;
        for (int dot = 0; dot < 3; ++dot) {
            QColor color = t.accent;
            color.setAlphaF(m_spinnerPhase % 4 == dot ? 1.0f : 0.35f);
            painter.setPen(Qt::NoPen);
            painter.setBrush(color);
            painter.drawEllipse(QPointF(left + 5 + dot * 11, middle), 3.5, 3.5);
        }
        painter.setFont(font());
        painter.setPen(t.textMuted);
        painter.drawText(QPointF(left + 44, middle + metrics.ascent() / 2 - 2), m.progressText);
        if (m.progress >= 0) {
            const QRectF bar(left + 52 + metrics.horizontalAdvance(m.progressText), middle - 2.5, 140, 5);
            painter.setPen(Qt::NoPen);
            painter.setBrush(t.border);
            painter.drawRoundedRect(bar, 2.5, 2.5);
            painter.setBrush(t.accent);
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * std::clamp(m.progress, 0.0, 1.0), bar.height()), 2.5, 2.5);
        }
    }
    if (row.noticeTop >= 0) {
        painter.setFont(small);
        const QFontMetricsF metrics(small);
        const int side = int(metrics.height());
        painter.drawPixmap(QPointF(left, tail + row.noticeTop + 3), iconPixmap(QStringLiteral("info"), side, t.textMuted, devicePixelRatioF()));
        painter.setPen(t.textMuted);
        painter.drawText(QRectF(left + side + 8, tail + row.noticeTop + 2, width - side - 8, 400), Qt::TextWordWrap | Qt::AlignTop, m.notice);
    }
    if (row.errorTop >= 0) {
        const QRectF box(left, tail + row.errorTop, width, row.errorHeight);
        painter.setPen(QPen(t.danger, 1));
        painter.setBrush(t.dangerSoft);
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius::kControl, radius::kControl);
        const QFontMetricsF metrics(font());
        const int side = int(metrics.height()) + 2;
        painter.drawPixmap(QPointF(box.left() + 12, box.top() + 10), iconPixmap(QStringLiteral("error"), side, t.danger, devicePixelRatioF()));
        painter.setFont(strongFont(font()));
        painter.setPen(t.text);
        painter.drawText(QRectF(box.left() + 22 + side, box.top() + 10, box.width() - 44, metrics.height() + 4), Qt::AlignVCenter, m.errorTitle);
        painter.setFont(font());
        painter.drawText(QRectF(box.left() + 22 + side, box.top() + 16 + metrics.height(), box.width() - 34 - side, box.height()),
                         Qt::TextWordWrap | Qt::AlignTop, m.errorText);
    }
    drawControls(painter, r, y);
}

void ConversationView::drawControls(QPainter& painter, int r, qreal y)
{
    const Row& row = *m_rows[size_t(r)];
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    const QFontMetricsF metrics(small);
    const bool isActive = isRowActive(r);
    qreal footerX = columnLeft();
    for (size_t c = 0; c < row.controls.size(); ++c) {
        const Control& control = row.controls[c];
        const QRectF rect = controlRect(row, control).translated(0, y);
        const TargetRef self{r, -1, int(c)};
        const bool isHovered = m_hovered == self, isFocused = hasFocus() && m_focused == self;
        if (control.kind == Control::Kind::Source) {
            painter.setPen(QPen(control.isMuted ? t.border : t.borderStrong, 1));
            painter.setBrush(isHovered ? t.hover : t.surface);
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), rect.height() / 2, rect.height() / 2);
            const QString digits = QString::number(control.number);
            qreal mark = metrics.horizontalAdvance(digits);
            if (control.number > 0) {
                painter.setFont(strongFont(small));
                painter.setPen(control.isMuted ? t.textFaint : t.accent);
                painter.drawText(rect.adjusted(10, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, digits);
            } else {
                mark = metrics.height() - 2;
                painter.drawPixmap(QPointF(rect.left() + 9, rect.center().y() - mark / 2), iconPixmap(QStringLiteral("file"), int(mark), t.textFaint, devicePixelRatioF()));
            }
            painter.setFont(small);
            painter.setPen(control.isMuted ? t.textFaint : t.text);
            painter.drawText(rect.adjusted(10 + mark + 8, 0, -4, 0), Qt::AlignVCenter | Qt::AlignLeft, control.label);
        } else {
            footerX = std::max(footerX, rect.right() + 8);
            if (isActive) {
                if (isHovered) {
                    painter.setPen(Qt::NoPen);
                    painter.setBrush(t.hover);
                    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
                }
                const char* name = control.kind == Control::Kind::Copy         ? "copy"
                                   : control.kind == Control::Kind::Regenerate ? "refresh"
                                   : control.kind == Control::Kind::Edit       ? "edit"
                                                                               : "trash";
                const int side = int(rect.height()) - 10;
                painter.drawPixmap(QPointF(rect.center().x() - side / 2.0, rect.center().y() - side / 2.0),
                                   iconPixmap(QString::fromLatin1(name), side, isHovered ? t.text : t.textMuted, devicePixelRatioF()));
            }
        }
        if (isFocused) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(t.focus, 2));
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
        }
    }
    if (!row.message.isUser && !row.message.footer.isEmpty() && row.footerTop >= 0) {
        const qreal side = std::ceil(QFontMetricsF(font()).height() + 8);
        const QRectF rect(footerX, y + row.textTop + row.textHeight + row.footerTop, columnLeft() + columnWidth() - footerX, side);
        painter.setFont(small);
        painter.setPen(t.textFaint);
        painter.drawText(rect, Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(row.message.footer, Qt::ElideRight, rect.width()));
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
