// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/model_service.h"

#include <QWidget>

class QComboBox;
class QLabel;

namespace sy::app {

/// The draft model of a chat model, and a line on what is to be known about the choice.
class DraftPicker : public QWidget {
    Q_OBJECT
public:
    DraftPicker(ModelService& models, QWidget* parent = nullptr);

    /// Of which model; empty: of none, and nothing is shown.
    void setModel(const QString& id);

signals:
    void chosen();

private:
    void request();
    void fill();
    void updateNote();

    ModelService& m_models;
    QString m_model;
    QList<DraftChoice> m_drafts;
    bool m_areRead = false;
    QComboBox* m_draft;
    QLabel* m_note;
};

} // namespace sy::app
