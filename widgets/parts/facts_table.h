// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

class QGridLayout;
class QLabel;

namespace sy::widgets {

class ValueText;

/// Names and values in two columns; values can be selected and copied, long ones wrap. Rows stay for the next facts; new ones come one
/// in a turn of the event loop: each takes some four milliseconds the first time.
class FactsTable : public QWidget {
    Q_OBJECT
public:
    explicit FactsTable(QWidget* parent = nullptr);
    void setFacts(const QList<std::pair<QString, QString>>& facts);
    QString valueOf(const QString& name) const;

private:
    struct Row {
        QLabel* name;
        ValueText* value;
    };
    void addRow();
    void fillRow(qsizetype row);

    QGridLayout* m_grid;
    QList<std::pair<QString, QString>> m_facts;
    QList<Row> m_rows; // those beyond the facts are hidden
};

} // namespace sy::widgets
