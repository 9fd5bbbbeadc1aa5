// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/run_row.h"
#include "engine/api/data_columns.h"

#include <QHash>
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

class ColumnMapping;
class FieldControl;
class PatternTable;
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
    ColumnMapping* mapping() const { return m_mapping; }
    QPushButton* columnsButton() const { return m_columnsButton; }
    PatternTable* patterns() const { return m_patterns; } // null until the engine's defaults are known
    QPlainTextEdit* command() const { return m_command; }
    QToolButton* advancedButton() const { return m_advanced; }

signals:
    void startRequested(const QJsonObject& config);
    void cancelled();

protected:
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
    FieldControl* field(const char* path) const; // null when there is none
    void updateScope(); // of the settings: an adapter's, or a whole model's
    void followRate();
    double usualRate(const QJsonObject& config) const;
    void chooseFiles();
    void removeFile();
    void exportConfig();
    void importConfig();
    void readColumns();
    void takeColumns(const QString& path, const api::DataColumns& columns);
    void showMapping();
    void connectTime();
    void toggleMeasuring();
    void updateMeasure();
    QString expectedTime(const api::FineTunePlan& plan) const;
    QJsonObject measuredPart() const; // of the configuration: what a measured step depends on

    PageContext& m_context;
    QJsonObject m_config; // what it began with: keys that have no control are kept
    QBoxLayout* m_columns;
    QLineEdit* m_name;
    QComboBox *m_model, *m_objective;
    QLabel *m_objectiveLabel, *m_why, *m_fromNothing = nullptr;
    QListWidget* m_data;
    QPushButton *m_removeFile, *m_columnsButton;
    QHash<QString, api::DataColumns> m_columnsOf; // by path
    ColumnMapping* m_mapping;
    PatternTable* m_patterns = nullptr;
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
    quint64 m_measureRequest = 0;
    QJsonObject m_measuredOf; // measuredPart() of the one that is being measured, or was
    std::optional<api::FineTuneSpeed> m_measured;
    QString m_measuredModel;
    double m_usualRate = 0; // for what is trained: while it stands it follows the method
    bool m_isFilling = false;
};

} // namespace sy::app
