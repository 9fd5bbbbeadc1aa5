// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

class QGridLayout;

namespace sy::widgets {

class ValueText;

/// Names and values in two columns; values can be selected and copied, long ones wrap.
class FactsTable : public QWidget {
    Q_OBJECT
public:
    explicit FactsTable(QWidget* parent = nullptr);
    void setFacts(const QList<std::pair<QString, QString>>& facts);
    QString valueOf(const QString& name) const;

private:
    QGridLayout* m_grid;
    QList<std::pair<QString, QString>> m_facts;
    QList<ValueText*> m_values; // as the facts
};

} // namespace sy::widgets
