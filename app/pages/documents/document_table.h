// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"

#include <QAbstractTableModel>
#include <QList>

namespace sy::app {

/// The documents of a collection for a view, sorted by any column. Cells are made when they are looked at: a list of many thousands
/// of files is replaced every second while they are indexed.
class DocumentTable : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Name, Status, Pages, Chunks, Size, nColumns };
    static constexpr int kPathRole = Qt::UserRole + 1;

    using QAbstractTableModel::QAbstractTableModel;
    void setRows(const QList<api::DocumentRow>& rows); // keeps the order of sorting
    const api::DocumentRow& row(int at) const { return m_rows[at].document; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    struct Row {
        api::DocumentRow document;
        QString name;
    };
    void order(QList<Row>& rows) const;
    QList<Row> m_rows;
    int m_column = Name;
    Qt::SortOrder m_order = Qt::AscendingOrder;
};

} // namespace sy::app
