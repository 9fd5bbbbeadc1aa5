// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QWidget>

class QLabel;
class QPushButton;
class QTableWidget;

namespace sy::app {

/// Ranks and alphas of their own for matrices by the pattern of their names: a row each; a field left empty is the general value.
class PatternTable : public QWidget {
    Q_OBJECT
public:
    explicit PatternTable(QWidget* parent = nullptr);

    void setPatterns(const QJsonObject& ranks, const QJsonObject& alphas); // says nothing
    QJsonObject ranks() const;
    QJsonObject alphas() const;
    QTableWidget* table() const { return m_table; }
    QPushButton* addButton() const { return m_add; }
    QPushButton* removeButton() const { return m_remove; }

signals:
    void edited();

private:
    void addRow(const QString& pattern, const QString& rank, const QString& alpha);
    void updateLook();
    QJsonObject column(int column) const;

    QTableWidget* m_table;
    QPushButton *m_add, *m_remove;
    bool m_isFilling = false;
};

} // namespace sy::app
