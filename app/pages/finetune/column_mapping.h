// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/data_columns.h"

#include <QJsonObject>
#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QPlainTextEdit;

namespace sy::app {

/// Which column of a file is what, where its names do not tell: a form of examples, a column for each of its parts, and the first rows as
/// they would be read.
class ColumnMapping : public QWidget {
    Q_OBJECT
public:
    explicit ColumnMapping(QWidget* parent = nullptr);

    /// `entry`: of the configuration's data. A mapping that it has is kept; without one the columns are guessed from their names.
    void setFile(const QJsonObject& entry, const api::DataColumns& columns);
    /// The entry with the form of examples and the mapping that are chosen.
    QJsonObject entry() const;
    QComboBox* formBox() const { return m_form; }
    QComboBox* columnBox(const QString& part) const; // "prompt"; null when the form has none
    QPlainTextEdit* preview() const { return m_preview; }

signals:
    void edited();

private:
    void makeRows(const QJsonObject& mapping);
    void showPreview();

    QJsonObject m_entry;
    api::DataColumns m_columns;
    QLabel* m_title;
    QComboBox* m_form;
    QFormLayout* m_rows;
    QList<QComboBox*> m_boxes; // as the parts of the form
    QPlainTextEdit* m_preview;
    bool m_isFilling = false;
};

} // namespace sy::app
