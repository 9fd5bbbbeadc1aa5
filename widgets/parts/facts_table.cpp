// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/facts_table.h"

#include "widgets/theme/tokens.h"

#include <QGridLayout>
#include <QLabel>

namespace sy::widgets {

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
    m_facts = facts;
    while (QLayoutItem* item = m_grid->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater();
        }
        delete item;
    }
    int row = 0;
    for (const auto& [name, value] : facts) {
        auto* key = new QLabel(name, this);
        key->setProperty("tone", "muted");
        auto* text = new QLabel(value, this);
        text->setTextFormat(Qt::PlainText);
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse);
        text->setAccessibleName(name + QStringLiteral(": ") + value);
        m_grid->addWidget(key, row, 0, Qt::AlignTop | Qt::AlignLeft);
        m_grid->addWidget(text, row, 1);
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
