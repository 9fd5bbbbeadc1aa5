// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QTextEdit>

class QTextTable;

namespace sy::widgets {

/// Names and values in two columns, as high as its text; it can be selected and copied, and long values break anywhere: a label
/// never breaks a path or a hash, and the table would be as wide as the longest of them. One text for all of it, since a widget
/// for each value takes milliseconds to appear.
class FactsTable : public QTextEdit {
    Q_OBJECT
public:
    explicit FactsTable(QWidget* parent = nullptr);
    void setFacts(const QList<std::pair<QString, QString>>& facts);
    QString valueOf(const QString& name) const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    int heightForWidth(int width) const override;

protected:
    void changeEvent(QEvent* event) override;

private:
    void build();
    void setCell(int row, int column, const QString& text);
    void tellOthers();

    QList<std::pair<QString, QString>> m_facts;
    QTextTable* m_table = nullptr; // none without facts
    mutable QSize m_measured;      // the last width that was asked about, and its height
};

} // namespace sy::widgets
