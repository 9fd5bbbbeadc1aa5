// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/markdown/block_parser.h"
#include "widgets/markdown/code_colors.h"
#include "widgets/markdown/inline_parser.h"
#include "widgets/theme/tokens.h"

#include <QFont>
#include <QPointF>
#include <QRectF>
#include <memory>
#include <optional>
#include <vector>

class QPainter;
class QTextLayout;

namespace sy::widgets {

/// What every block of a conversation is drawn with.
struct BlockStyle {
    QFont font;             // of the text; headings and code derive from it
    Tokens tokens;
    int nCitations = 0;     // `[n]` up to this number is a mark
    QString copyLabel;      // words on a code block's button
};

/// What can be activated inside a block.
struct BlockTarget {
    enum class Kind { Link, Citation, CopyCode } kind;
    QRectF rect;       // in the block's coordinates
    QString url;       // Link
    int citation = 0;  // Citation
    qsizetype at = 0;  // position in the block's plain text
};

/// One block, laid out for one width. Building it is the expensive part of showing Markdown, so the view keeps few of them.
class BlockLayout {
public:
    BlockLayout(const Block& block, const BlockStyle& style, qreal width, bool nextContinues);
    ~BlockLayout();
    BlockLayout(BlockLayout&&) noexcept;

    qreal height() const { return m_height; }
    /// What selection and the clipboard see; positions of all functions below index it.
    const QString& plainText() const { return m_plain; }
    /// The part [from, to) for the clipboard: citation marks become "[1]", unsupported marks vanish.
    QString copyText(qsizetype from, qsizetype to) const;

    /// Draws at the painter's origin; selection is a range of plainText(), empty when from == to.
    void draw(QPainter& painter, qsizetype selectFrom, qsizetype selectTo, int hoveredTarget, int focusedTarget,
              const std::vector<std::pair<qsizetype, qsizetype>>& found) const;

    qsizetype positionAt(QPointF point) const;
    const std::vector<BlockTarget>& targets() const { return m_targets; }
    int targetAt(QPointF point) const; // index, or -1
    bool isTextAt(QPointF point) const;
    QRectF cursorRect(qsizetype position) const;

    /// Height without laying out, from the number of characters: good enough for a scroll bar.
    static qreal estimateHeight(const Block& block, const BlockStyle& style, qreal width);

private:
    struct Piece {
        std::unique_ptr<QTextLayout> layout;
        QPointF position;
        qsizetype start;     // of its text in m_plain
        std::vector<InlineSpan> spans;
    };
    Piece& addPiece(const InlineText& text, const QFont& font, QColor color, qreal width, QPointF position, Qt::Alignment alignment,
                    bool breakAnywhere, const std::vector<CodeRange>& colors = {});
    void layOutTable(qreal width);
    void layOutCode(qreal width, bool nextContinues);
    void collectTargets();
    std::vector<QRectF> rectsOf(const Piece& piece, qsizetype from, qsizetype to) const;
    void drawMarks(QPainter& painter, int hoveredTarget, int focusedTarget) const;

    Block m_block;
    BlockStyle m_style;
    qreal m_width;
    qreal m_height = 0;
    QString m_plain;
    std::vector<Piece> m_pieces;
    std::vector<BlockTarget> m_targets;
    std::vector<qreal> m_columns; // table: left edges and the right end
    std::vector<qreal> m_rows;    // table: top edges and the bottom
    QRectF m_frame;               // code
    bool m_nextContinues = false;
};

} // namespace sy::widgets
