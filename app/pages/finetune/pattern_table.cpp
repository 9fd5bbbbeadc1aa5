// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/pattern_table.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QTableWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <optional>

namespace sy::app {

using namespace sy::widgets;

namespace {

enum Column { PatternColumn, RankColumn, AlphaColumn };
constexpr double kMostRank = 4096, kLeastAlpha = 0.01, kMostAlpha = 10000;
constexpr int kShownRows = 4;

/// A number that the engine takes; none for what is empty or out of its range.
std::optional<double> numberIn(const QString& text, int column)
{
    bool isNumber = false;
    double value = QLocale().toDouble(text.trimmed(), &isNumber);
    if (!isNumber)
        value = text.trimmed().toDouble(&isNumber);
    const bool isRank = column == RankColumn;
    const bool isFine = isNumber && value >= (isRank ? 1 : kLeastAlpha) && value <= (isRank ? kMostRank : kMostAlpha) && (!isRank || value == std::floor(value));
    return isFine ? std::optional(value) : std::nullopt;
}

/// What is no number of the column does not leave its field.
class PatternDelegate : public QStyledItemDelegate {
public:
    PatternDelegate(QStringList names, QObject* parent) : QStyledItemDelegate(parent), m_names(std::move(names)) {}
    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QWidget* editor = QStyledItemDelegate::createEditor(parent, option, index);
        editor->setAccessibleName(m_names.value(index.column()));
        return editor;
    }
    void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override
    {
        const QString text = static_cast<QLineEdit*>(editor)->text().trimmed();
        if (index.column() == PatternColumn || text.isEmpty() || numberIn(text, index.column()))
            model->setData(index, text);
    }

private:
    QStringList m_names;
};

} // namespace

PatternTable::PatternTable(QWidget* parent) : QWidget(parent)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kTiny);
    auto* label = new QLabel(tr("Rank and alpha by matrix"), this);
    rows->addWidget(label);
    m_table = new QTableWidget(0, 3, this);
    m_table->setAccessibleName(label->text());
    const QStringList names{tr("Pattern"), tr("Rank"), tr("Alpha")};
    m_table->setHorizontalHeaderLabels(names);
    m_table->horizontalHeader()->setSectionResizeMode(PatternColumn, QHeaderView::Stretch);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->verticalHeader()->hide();
    m_table->setTabKeyNavigation(false);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    m_table->setItemDelegate(new PatternDelegate(names, m_table));
    m_table->setColumnWidth(RankColumn, 80);
    m_table->setColumnWidth(AlphaColumn, 80);
    rows->addWidget(m_table);
    auto* buttons = new QHBoxLayout;
    m_add = new QPushButton(icon(QStringLiteral("plus"), IconTone::Text), tr("Add a pattern"), this);
    m_remove = new QPushButton(tr("Remove"), this);
    m_remove->setAccessibleName(tr("Remove the pattern"));
    buttons->addWidget(m_add);
    buttons->addWidget(m_remove);
    buttons->addStretch(1);
    rows->addLayout(buttons);
    auto* hint = new QLabel(tr("Names of matrices, * for anything: blk.0.*, *attn_q. An empty field is the value above; where several patterns fit, the first in the order of the alphabet counts."), this);
    hint->setProperty("tone", "faint");
    hint->setWordWrap(true);
    hint->setFont(smallFont(font()));
    rows->addWidget(hint);
    label->setBuddy(m_table);
    connect(m_add, &QPushButton::clicked, this, [this] {
        addRow({}, {}, {});
        m_table->setCurrentCell(m_table->rowCount() - 1, PatternColumn);
        m_table->setFocus();
        m_table->editItem(m_table->currentItem());
    });
    connect(m_remove, &QPushButton::clicked, this, [this] {
        m_table->removeRow(m_table->currentRow());
        updateLook();
        emit edited();
    });
    connect(m_table, &QTableWidget::itemSelectionChanged, this, &PatternTable::updateLook);
    connect(m_table, &QTableWidget::itemChanged, this, [this] {
        if (!m_isFilling)
            emit edited();
    });
    updateLook();
}

void PatternTable::addRow(const QString& pattern, const QString& rank, const QString& alpha)
{
    m_isFilling = true;
    const int row = m_table->rowCount();
    m_table->insertRow(row);
    const QStringList values{pattern, rank, alpha};
    for (int column = 0; column < values.size(); ++column)
        m_table->setItem(row, column, new QTableWidgetItem(values[column]));
    m_isFilling = false;
    updateLook();
}

void PatternTable::updateLook()
{
    m_remove->setEnabled(m_table->currentRow() >= 0);
    const int shown = std::clamp(m_table->rowCount(), 1, kShownRows);
    m_table->setFixedHeight(m_table->horizontalHeader()->sizeHint().height() + shown * m_table->verticalHeader()->defaultSectionSize() + 4);
    m_table->setVisible(m_table->rowCount() > 0);
    m_remove->setVisible(m_table->rowCount() > 0);
}

void PatternTable::setPatterns(const QJsonObject& ranks, const QJsonObject& alphas)
{
    m_table->setRowCount(0);
    QStringList patterns = ranks.keys() + alphas.keys();
    patterns.removeDuplicates();
    patterns.sort();
    const auto text = [](const QJsonValue& value) { return value.isDouble() ? QLocale().toString(value.toDouble(), 'g', 8) : QString(); };
    for (const QString& pattern : std::as_const(patterns))
        addRow(pattern, text(ranks.value(pattern)), text(alphas.value(pattern)));
    updateLook();
}

QJsonObject PatternTable::column(int column) const
{
    QJsonObject values;
    for (int row = 0; row < m_table->rowCount(); ++row) {
        const QString pattern = m_table->item(row, PatternColumn)->text().trimmed();
        const auto value = numberIn(m_table->item(row, column)->text(), column);
        if (!pattern.isEmpty() && value)
            values.insert(pattern, column == RankColumn ? QJsonValue(qint64(*value)) : QJsonValue(*value));
    }
    return values;
}

QJsonObject PatternTable::ranks() const
{
    return column(RankColumn);
}

QJsonObject PatternTable::alphas() const
{
    return column(AlphaColumn);
}

} // namespace sy::app
