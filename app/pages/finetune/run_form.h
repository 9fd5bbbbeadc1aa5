// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/run_row.h"

#include <QJsonObject>
#include <QTimer>

class QBoxLayout;
class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPlainTextEdit;
class QPushButton;
class QScrollArea;
class QToolButton;
class QVBoxLayout;

namespace sy::widgets {
class Notice;
}

namespace sy::app {

class FieldControl;
class PlanPanel;

/// A new run: model, data, goal, a few settings with the rest under Advanced, and beside them what it will take.
class RunForm : public QWidget {
    Q_OBJECT
public:
    RunForm(PageContext& context, QWidget* parent = nullptr);

    /// Begins with these settings; those not given are the defaults.
    void setConfig(const QJsonObject& config);
    QJsonObject config() const;
    void setFailure(const UserMessage& message); // of the last attempt to start
    void addFiles(const QStringList& paths);
    PlanPanel* planPanel() const { return m_plan; }
    QPushButton* startButton() const { return m_start; }
    QWidget* control(const char* path) const; // of a setting; null when there is none
    QListWidget* dataList() const { return m_data; }
    QComboBox* modelBox() const { return m_model; }
    QPlainTextEdit* command() const { return m_command; }
    QToolButton* advancedButton() const { return m_advanced; }

signals:
    void startRequested(const QJsonObject& config);
    void cancelled();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* buildWhat(QWidget* parent);
    QWidget* buildHow(QWidget* parent);
    QWidget* buildCommand(QWidget* parent);
    void buildFields();
    void fillModels();
    void fillObjectives();
    void edited();
    void countNow();
    void updateStart();
    void chooseFiles();
    void removeFile();
    void exportConfig();
    void importConfig();
    QString expectedTime(const api::FineTunePlan& plan) const;

    PageContext& m_context;
    QJsonObject m_config; // what it began with: keys that have no control are kept
    QBoxLayout* m_columns;
    QLineEdit* m_name;
    QComboBox *m_model, *m_objective;
    QLabel *m_objectiveLabel, *m_why;
    QListWidget* m_data;
    QPushButton* m_removeFile;
    QVBoxLayout* m_basicRows;
    QWidget* m_advancedArea;
    QVBoxLayout* m_advancedRows;
    QToolButton* m_advanced;
    QList<FieldControl*> m_fields;
    QPlainTextEdit* m_command;
    widgets::Notice* m_failure;
    PlanPanel* m_plan;
    QPushButton* m_start;
    QTimer m_pause; // between typing and counting
    quint64 m_request = 0;
    std::optional<api::FineTunePlan> m_counted; // of the settings as they are
    UserMessage m_refusal;
    bool m_isFilling = false;
};

} // namespace sy::app
