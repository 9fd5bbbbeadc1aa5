// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/document_table.h"

#include "app/messages/user_message.h"
#include "app/pages/documents/document_words.h"

#include <QCollator>
#include <QFileInfo>
#include <QHash>
#include <QLocale>
#include <algorithm>

namespace sy::app {

namespace {

/// A title alone does not tell which of the files it is, and two may have the same; without one the reader gives the name again.
QString shownName(const api::DocumentRow& row)
{
    const QFileInfo file(QString::fromStdString(row.path));
    const QString title = QString::fromStdString(row.title);
    return title.isEmpty() || title == file.completeBaseName() ? file.fileName() : title + QStringLiteral(" · ") + file.fileName();
}

} // namespace

void DocumentTable::setRows(const QList<api::DocumentRow>& rows)
{
    QList<Row> sorted;
    sorted.reserve(rows.size());
    for (const api::DocumentRow& row : rows)
        sorted.push_back({row, shownName(row)});
    order(sorted);
    // The same files in the same places, as when one of them has been indexed again: the view keeps its place.
    const bool isSame = std::equal(sorted.cbegin(), sorted.cend(), m_rows.cbegin(), m_rows.cend(), [](const Row& a, const Row& b) { return a.document.path == b.document.path; });
    if (isSame && !sorted.isEmpty()) {
        m_rows = std::move(sorted);
        emit dataChanged(index(0, 0), index(int(m_rows.size()) - 1, nColumns - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(sorted);
    endResetModel();
}

int DocumentTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int DocumentTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : nColumns;
}

QVariant DocumentTable::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const Row& row = m_rows[index.row()];
    const int column = index.column();
    if (role == kPathRole)
        return QString::fromStdString(row.document.path);
    if (role == Qt::TextAlignmentRole && column >= Pages)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return column == Name ? QString::fromStdString(row.document.path) : column == Status ? statusWords(row.document).explanation : QString();
    if (role == Qt::DecorationRole && column == Status) {
        const StatusWords words = statusWords(row.document);
        return widgets::icon(words.iconName, words.tone);
    }
    if (role != Qt::DisplayRole)
        return {};
    const auto number = [](qint64 value) { return value > 0 ? QLocale().toString(value) : QString(); };
    switch (column) {
    case Name: return row.name;
    case Status: return statusWords(row.document).label;
    case Pages: return number(row.document.nPages);
    case Chunks: return number(row.document.nChunks);
    case Size: return formatBytes(row.document.bytes);
    default: return {};
    }
}

QVariant DocumentTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole && section >= Pages) // numbers stand at the right, and so do their headings
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name: return tr("Name");
    case Status: return tr("Status");
    case Pages: return tr("Pages");
    case Chunks: return tr("Chunks");
    case Size: return tr("Size");
    default: return {};
    }
}

void DocumentTable::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || (column == m_column && order == m_order))
        return;
    m_column = column;
    m_order = order;
    emit layoutAboutToBeChanged();
    const QModelIndexList before = persistentIndexList();
    QStringList paths;
    for (const QModelIndex& index : before)
        paths << index.data(kPathRole).toString();
    this->order(m_rows);
    QHash<QString, int> places;
    for (int r = 0; r < m_rows.size(); ++r)
        places.insert(QString::fromStdString(m_rows[r].document.path), r);
    for (qsizetype i = 0; i < before.size(); ++i)
        changePersistentIndex(before[i], index(places.value(paths[i]), before[i].column()));
    emit layoutChanged();
}

/// Equal ones stay in the order of their names, so that a list which is read again and again does not jump.
void DocumentTable::order(QList<Row>& rows) const
{
    QCollator collator{QLocale()};
    collator.setNumericMode(true);
    std::vector<std::pair<QCollatorSortKey, qsizetype>> byName;
    byName.reserve(size_t(rows.size()));
    for (qsizetype i = 0; i < rows.size(); ++i)
        byName.push_back({collator.sortKey(rows[i].name), i});
    std::stable_sort(byName.begin(), byName.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    QList<Row> sorted;
    sorted.reserve(rows.size());
    for (const auto& [key, i] : byName)
        sorted.push_back(std::move(rows[i]));
    const auto value = [column = m_column](const Row& row) -> qint64 {
        switch (column) {
        case Status: return statusWords(row.document).isProblem ? -1 : qint64(row.document.status); // what needs care first
        case Pages: return row.document.nPages;
        case Chunks: return row.document.nChunks;
        case Size: return qint64(row.document.bytes);
        default: return 0;
        }
    };
    if (m_column != Name)
        std::stable_sort(sorted.begin(), sorted.end(), [&](const Row& a, const Row& b) { return m_order == Qt::AscendingOrder ? value(a) < value(b) : value(a) > value(b); });
    else if (m_order == Qt::DescendingOrder)
        std::reverse(sorted.begin(), sorted.end());
    rows = std::move(sorted);
}

} // namespace sy::app
