// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/facts_table.h"

#include "widgets/theme/tokens.h"

#include <QAbstractTextDocumentLayout>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QTextEdit>
#include <QTimer>
#include <QVBoxLayout>
#include <QtMath>

namespace sy::widgets {

/// A value as high as its text, which breaks anywhere when it must: a label never breaks a path or a hash, and the table would be
/// as wide as the longest of them.
class ValueText : public QTextEdit {
public:
    explicit ValueText(QWidget* parent) : QTextEdit(parent)
    {
        setProperty("kind", "bare");
        setReadOnly(true);
        setTextInteractionFlags(Qt::TextSelectableByMouse);
        setFocusPolicy(Qt::ClickFocus);
        setFrameShape(QFrame::NoFrame);
        setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
        setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
        setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
        viewport()->setAutoFillBackground(false);
        document()->setDocumentMargin(0);
        QSizePolicy policy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        policy.setHeightForWidth(true);
        setSizePolicy(policy);
    }
    void setValue(const QString& name, const QString& value)
    {
        setAccessibleName(name + QStringLiteral(": ") + value);
        if (value == toPlainText())
            return; // a selection stays
        setPlainText(value);
        updateGeometry();
    }
    QSize sizeHint() const override { return {160, fontMetrics().height()}; } // its width decides: heightForWidth
    QSize minimumSizeHint() const override { return {40, fontMetrics().height()}; }
    int heightForWidth(int width) const override
    {
        auto* self = const_cast<ValueText*>(this)->document();
        const QSignalBlocker quiet(self->documentLayout()); // told of another size, the view would lay it out at its own width of now
        const qreal before = self->textWidth();
        self->setTextWidth(width);
        const int height = qCeil(self->size().height());
        self->setTextWidth(before);
        return height;
    }
};

FactsTable::FactsTable(QWidget* parent) : QWidget(parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    m_grid = new QGridLayout;
    m_grid->setHorizontalSpacing(space::kHuge);
    m_grid->setVerticalSpacing(space::kTiny + 2);
    m_grid->setColumnStretch(1, 1);
    column->addLayout(m_grid);
    column->addStretch(1);
}

void FactsTable::setFacts(const QList<std::pair<QString, QString>>& facts)
{
    if (facts == m_facts)
        return;
    m_facts = facts;
    for (qsizetype row = 0; row < m_rows.size(); ++row)
        fillRow(row);
    addRow();
}

void FactsTable::addRow()
{
    if (m_rows.size() >= m_facts.size())
        return;
    const Row row{new QLabel(this), new ValueText(this)};
    row.name->setProperty("tone", "muted");
    m_grid->addWidget(row.name, int(m_rows.size()), 0, Qt::AlignTop | Qt::AlignLeft);
    m_grid->addWidget(row.value, int(m_rows.size()), 1);
    m_rows.push_back(row);
    fillRow(m_rows.size() - 1);
    QTimer::singleShot(1, this, &FactsTable::addRow); // 0 would be posted, and come in this turn
}

void FactsTable::fillRow(qsizetype row)
{
    const bool isUsed = row < m_facts.size();
    const Row& at = m_rows[row];
    if (isUsed) {
        at.name->setText(m_facts[row].first);
        at.value->setValue(m_facts[row].first, m_facts[row].second);
    }
    at.name->setVisible(isUsed); // before the rows are measured: what is hidden has no width, and a value without width is as high as its letters
    at.value->setVisible(isUsed);
}

QString FactsTable::valueOf(const QString& name) const
{
    for (const auto& [key, value] : m_facts)
        if (key == name)
            return value;
    return {};
}

} // namespace sy::widgets
