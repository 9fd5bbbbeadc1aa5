// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/conversation/message.h"
#include "widgets/markdown/block_layout.h"
#include "widgets/markdown/block_parser.h"

#include <QAbstractScrollArea>
#include <QElapsedTimer>
#include <QHash>
#include <QTimer>
#include <memory>
#include <optional>
#include <vector>

class QToolButton;

namespace sy::widgets {

/// A conversation of any length. Messages are cut into blocks; only blocks near the viewport are laid out, the others have a height
/// estimated from their length. While an answer streams its last block alone is laid out again, and the viewport is painted at most
/// 30 times a second. The view stays at the end only if it was there; otherwise what the reader looks at does not move.
///
/// Keyboard: arrows, Page and Home/End scroll; Ctrl+Up and Ctrl+Down step through the messages; Left and Right through links,
/// citations and buttons; Enter activates; Ctrl+C copies the selection, or the current message.
class ConversationView : public QAbstractScrollArea {
    Q_OBJECT
public:
    enum class ControlKind { Source, Copy, Continue, Regenerate, Edit, Delete, PreviousBranch, NextBranch, CopyError, Footer };

    explicit ConversationView(QWidget* parent = nullptr);
    ~ConversationView() override;

    void setMessages(const QList<MessageItem>& messages);
    void appendMessage(const MessageItem& message);
    /// Replaces the message with the same id; its text is compared with what is there, so growing text costs its end only.
    void updateMessage(const MessageItem& message);
    void updateMessages(const QList<MessageItem>& messages); // the same for several, laid out once
    void removeMessagesFrom(qint64 id);
    qsizetype messageCount() const { return qsizetype(m_rows.size()); }
    const MessageItem& messageAt(qsizetype row) const;

    /// Size of the conversation's text in points, independent of the interface's.
    void setTextPoints(double points);

    /// Highlights all occurrences and goes to the nearest; returns their number. An empty text ends the search.
    int find(const QString& text);
    void findNext(bool backwards = false);

    QString selectedText() const;
    QString plainText(qint64 messageId); // as it is read: without the marks of Markdown
    void selectAll();
    void clearSelection();
    bool isAtEnd() const;
    void scrollToEnd();
    void scrollToMessage(qint64 id);

    /// Counters for tests: blocks laid out and viewport paints since construction.
    int layoutCount() const { return m_layoutCount; }
    int paintCount() const { return m_paintCount; }
    int liveLayoutCount() const;

    /// Screen places of what can be activated in a message, for tests and for accessibility.
    QRect citationRect(qint64 messageId, int number);
    QRect controlRect(qint64 messageId, ControlKind kind); // null when the message has none of it
    QRect messageRect(qsizetype row) const;

    bool event(QEvent* event) override;

signals:
    void citationActivated(qint64 messageId, int number);
    void linkActivated(const QString& url);
    void copyRequested(const QString& text); // also put on the clipboard; lets the page confirm it
    void regenerateRequested(qint64 messageId);
    void continueRequested(qint64 messageId);
    void branchRequested(qint64 messageId, int step); // -1 or 1: the one before or after among its branches
    void editRequested(qint64 messageId);
    void deleteRequested(qint64 messageId);
    void deleteFromRequested(qint64 messageId); // this one and all that follow it

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;
    void timerEvent(QTimerEvent* event) override;

private:
    struct BlockSlot {
        qreal height = 0;
        bool isExact = false;
        std::unique_ptr<BlockLayout> layout;
    };
    /// A small thing drawn by the view itself: a button under a message, a source above it.
    struct Control {
        ControlKind kind;
        QRectF rect; // in the row's coordinates; but for Source, below the text
        QString label;
        int number = 0;
        bool isMuted = false;
    };
    struct Row {
        MessageItem message;
        bool isParsed = false;  // far rows only have an estimated height: a chat of a thousand messages opens at once
        BlockParser parser;     // empty until parsed
        std::vector<BlockSlot> blocks;
        qreal top = 0;
        qreal height = 0;
        qreal textTop = 0;  // where the blocks begin inside the row
        qreal textLeft = 0;
        qreal textWidth = 0;
        qreal textHeight = 0;
        qreal tailHeight = 0; // everything under the text
        qreal noticeTop = -1; // inside the tail; -1: absent
        qreal errorTop = -1;
        qreal errorHeight = 0;
        qreal progressTop = -1;
        qreal footerTop = -1;
        QRectF bubble;        // user: ground behind attachments and text; height is filled in by placeRows
        QRectF branchLabel;   // "2/3", below the text
        std::vector<Control> controls;
    };
    struct TextPosition {
        int row = -1;
        int block = 0;
        qsizetype at = 0;
        auto operator<=>(const TextPosition&) const = default;
    };
    /// Something under the pointer or the keyboard.
    struct TargetRef {
        int row = -1;
        int block = -1;   // -1: a control
        int index = -1;
        bool operator==(const TargetRef&) const = default;
        bool isValid() const { return row >= 0 && index >= 0; }
    };

    struct ScrollAnchor {
        int row = -1, block = -1;
        qreal delta = 0; // of the viewport's top below the block's
    };

    void syncBlocks(Row& row, size_t firstChanged);
    BlockStyle styleFor(const Row& row) const;
    void frameRow(Row& row);
    void placeControls(Row& row, qreal tail);
    void applyPending();
    void ensureParsed(Row& row);
    void estimateRow(Row& row);
    std::unique_ptr<Row> makeRow(const MessageItem& message);
    void setRowMessage(Row& row, const MessageItem& message);
    QRectF belowText(const Row& row, const QRectF& rect) const;       // in the row's coordinates
    QRectF controlRect(const Row& row, const Control& control) const; // in the row's coordinates
    void invalidateLayouts();
    void scheduleUpdate();
    void flush();
    void relayout(const ScrollAnchor& anchor);
    void placeRows();
    BlockLayout& layoutBlock(Row& row, size_t block);
    void layOutVisible();
    void releaseFar();
    void updateScrollBar();
    int rowAt(qreal y) const;
    int blockAt(const Row& row, qreal y, qreal* blockTop) const; // y in the row's coordinates
    ScrollAnchor captureAnchor() const;
    qreal anchorOffset(const ScrollAnchor& anchor) const;
    TextPosition positionAt(QPointF point);
    TargetRef targetAt(QPointF point);
    QRectF targetRect(const TargetRef& target);
    std::vector<TargetRef> targetsOfRow(int row);
    void activate(const TargetRef& target);
    void setHovered(const TargetRef& target, QPoint global);
    void showTip(const TargetRef& target, QPoint global);
    void moveTarget(int step);
    void moveRow(int step);
    void ensureVisible(const QRectF& rect);
    void copyToClipboard(const QString& text);
    QString textOf(TextPosition from, TextPosition to);
    void drawRow(QPainter& painter, int row, qreal offset, const QRectF& clip);
    void drawGround(QPainter& painter, int row, qreal offset);
    void drawTail(QPainter& painter, int row, qreal offset);
    void drawControls(QPainter& painter, int row, qreal offset);
    void drawSource(QPainter& painter, const Control& control, const QRectF& rect, bool isHovered);
    void placeJumpButton();
    qreal columnLeft() const;
    qreal columnWidth() const;
    QFont textFont() const;
    bool isRowActive(int row) const; // its buttons are shown

    std::vector<std::unique_ptr<Row>> m_rows;
    QHash<qint64, MessageItem> m_pending; // updates that wait for the next of at most 30 flushes a second
    double m_points = 0;
    qreal m_offset = 0;
    qreal m_total = 0;
    bool m_followsEnd = true;
    bool m_isAdjusting = false;
    QTimer m_updateTimer;
    QElapsedTimer m_sinceUpdate;
    int m_spinnerTimer = 0;
    int m_spinnerPhase = 0;
    int m_layoutCount = 0;
    int m_paintCount = 0;
    TextPosition m_anchor, m_cursor;
    bool m_isSelecting = false;
    TargetRef m_pressed, m_hovered, m_focused;
    int m_currentRow = -1;
    bool m_showsRing = false; // the keyboard brought the focus, not a click
    QPoint m_pressPoint;
    QPoint m_lastMove;
    int m_autoScrollTimer = 0;
    QString m_found;
    std::vector<TextPosition> m_hits;
    int m_currentHit = -1;
    QToolButton* m_jump;
};

/// Registers the accessible tree of conversations: each message is a child with its text. Called once by main and by tests.
void installConversationAccessibility();

} // namespace sy::widgets
