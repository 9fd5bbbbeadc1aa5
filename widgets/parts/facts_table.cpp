// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/facts_table.h"

#include "widgets/theme/tokens.h"

#include <QAbstractTextDocumentLayout>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QTextEdit>
#include <QtMath>
#include <algorithm>

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
        setPlainText(value);
        setAccessibleName(name + QStringLiteral(": ") + value);
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
    m_grid = new QGridLayout(this);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(space::kHuge);
    m_grid->setVerticalSpacing(space::kTiny + 2);
    m_grid->setColumnStretch(1, 1);
}

void FactsTable::setFacts(const QList<std::pair<QString, QString>>& facts)
{
    if (facts == m_facts)
        return;
    const auto isSameKey = [](const auto& a, const auto& b) { return a.first == b.first; };
    const bool isSame = facts.size() == m_facts.size() && std::equal(facts.cbegin(), facts.cend(), m_facts.cbegin(), isSameKey);
    if (isSame) { // values that change while they are looked at: a selection in another one stays
        for (qsizetype i = 0; i < facts.size(); ++i)
            if (facts[i].second != m_facts[i].second)
                m_values[i]->setValue(facts[i].first, facts[i].second);
        m_facts = facts;
        return;
    }
    m_facts = facts;
    m_values.clear();
    while (QLayoutItem* item = m_grid->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater();
        }
        delete item;
    }
    for (int r = 0; r < m_grid->rowCount(); ++r)
        m_grid->setRowStretch(r, 0);
    m_grid->setRowStretch(int(facts.size()), 1); // room that is left stays below
    int row = 0;
    for (const auto& [name, value] : facts) {
        auto* key = new QLabel(name, this);
        key->setProperty("tone", "muted");
        auto* text = new ValueText(this);
        text->setValue(name, value);
        m_values.push_back(text);
        m_grid->addWidget(key, row, 0, Qt::AlignTop | Qt::AlignLeft);
        m_grid->addWidget(text, row, 1);
        key->show(); // before the rows are measured: what is hidden has no width, and a value without width is as high as its letters
        text->show();
        ++row;
    }
}

QString FactsTable::valueOf(const QString& name) const
{
    for (const auto& [key, value] : m_facts)
        if (key == name)
            return value;
    return {};
}

} // namespace sy::widgets
