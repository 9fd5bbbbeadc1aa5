// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/facts_table.h"

#include "widgets/theme/tokens.h"

#include <QAbstractTextDocumentLayout>
#include <QEvent>
#include <QSignalBlocker>
#include <QTextTable>
#include <QtMath>
#include <algorithm>
#include <utility>

namespace sy::widgets {

FactsTable::FactsTable(QWidget* parent) : QTextEdit(parent)
{
    setProperty("kind", "bare");
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse);
    setFocusPolicy(Qt::ClickFocus);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setUndoRedoEnabled(false);
    viewport()->setAutoFillBackground(false);
    document()->setDocumentMargin(0);
    QSizePolicy policy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void FactsTable::setFacts(const QList<std::pair<QString, QString>>& facts)
{
    if (facts == m_facts)
        return;
    const auto isSameName = [](const auto& a, const auto& b) { return a.first == b.first; };
    const bool isSame = std::equal(facts.cbegin(), facts.cend(), m_facts.cbegin(), m_facts.cend(), isSameName);
    const QList<std::pair<QString, QString>> before = std::exchange(m_facts, facts);
    if (!isSame) {
        build();
        return;
    }
    // Values that change while they are looked at: a selection in another one stays.
    for (int row = 0; row < int(facts.size()); ++row)
        if (facts[row].second != before[row].second)
            setCell(row, 1, facts[row].second);
    tellOthers();
}

void FactsTable::build()
{
    clear();
    m_table = nullptr;
    if (!m_facts.isEmpty()) {
        int widest = 0;
        for (const auto& [name, value] : m_facts)
            widest = std::max(widest, fontMetrics().horizontalAdvance(name));
        QTextTableFormat format;
        format.setBorder(0);
        format.setCellPadding(0);
        format.setCellSpacing(0);
        format.setColumnWidthConstraints({QTextLength(QTextLength::FixedLength, widest + space::kHuge), QTextLength(QTextLength::VariableLength, 0)});
        format.setWidth(QTextLength(QTextLength::PercentageLength, 100));
        QTextCursor cursor(document());
        cursor.beginEditBlock();
        m_table = cursor.insertTable(int(m_facts.size()), 2, format);
        for (int row = 0; row < int(m_facts.size()); ++row) {
            setCell(row, 0, m_facts[row].first);
            setCell(row, 1, m_facts[row].second);
        }
        cursor.endEditBlock();
    }
    tellOthers();
}

void FactsTable::setCell(int row, int column, const QString& text)
{
    QTextTableCell cell = m_table->cellAt(row, column);
    QTextTableCellFormat format;
    if (row + 1 < m_table->rows())
        format.setBottomPadding(space::kTiny + 2);
    format.setForeground(column == 0 ? tokens(palette()).textMuted : tokens(palette()).text);
    cell.setFormat(format);
    QTextCursor cursor = cell.firstCursorPosition();
    cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor::KeepAnchor);
    cursor.insertText(text, format);
}

// Layouts, of the height; and who cannot see the columns.
void FactsTable::tellOthers()
{
    QStringList lines;
    for (const auto& [name, value] : m_facts)
        lines << name + QStringLiteral(": ") + value;
    setAccessibleName(lines.join(QStringLiteral("; ")));
    m_measured = {};
    updateGeometry();
}

QString FactsTable::valueOf(const QString& name) const
{
    for (const auto& [key, value] : m_facts)
        if (key == name)
            return value;
    return {};
}

QSize FactsTable::sizeHint() const
{
    return {160, m_facts.isEmpty() ? 0 : fontMetrics().height()}; // its width decides: heightForWidth
}

QSize FactsTable::minimumSizeHint() const
{
    return {40, m_facts.isEmpty() ? 0 : fontMetrics().height()};
}

int FactsTable::heightForWidth(int width) const
{
    if (m_facts.isEmpty())
        return 0;
    if (width == m_measured.width())
        return m_measured.height();
    QTextDocument* text = document();
    const QSignalBlocker quiet(text->documentLayout()); // told of another size, the view would lay it out at its own width of now
    const qreal before = text->textWidth();
    text->setTextWidth(width);
    m_measured = {width, qCeil(text->size().height())};
    text->setTextWidth(before);
    return m_measured.height();
}

void FactsTable::changeEvent(QEvent* event)
{
    QTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        build(); // colours and the width of the names
}

} // namespace sy::widgets
