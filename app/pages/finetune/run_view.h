// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/run_row.h"

#include <QTimer>

class QAction;
class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QTabWidget;
class QToolButton;
class QTreeWidget;

namespace sy::widgets {
class FactsTable;
class Notice;
} // namespace sy::widgets

namespace sy::app {

class CheckpointList;
class RunPlots;

/// One run: what it is doing and has done, and what can be done with it.
class RunView : public QWidget {
    Q_OBJECT
public:
    RunView(PageContext& context, QWidget* parent = nullptr);

    void setRun(const QString& id);
    QString id() const { return m_id; }
    RunPlots* plots() const { return m_plots; }
    QTabWidget* tabs() const { return m_tabs; }
    QPlainTextEdit* notes() const { return m_notes; }
    CheckpointList* checkpoints() const { return m_checkpoints; }
    QPushButton* exportButton() const { return m_export; }
    QTreeWidget* log() const { return m_log; }
    widgets::FactsTable* facts() const { return m_facts; }
    QProgressBar* progress() const { return m_progress; }
    widgets::Notice* warning() const { return m_warning; }

signals:
    void duplicateRequested(const QString& id);
    void compareRequested(const QString& id);
    void deleteRequested(const QString& id);
    void chatRequested(const QString& id);
    void mergeRequested(const QString& id);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void build();
    void refresh(); // from the service
    void updateHead(const RunRow& row);
    void updateFacts(const RunRow& row);
    void updateLog();
    void updateSamples();
    void updateSettings();
    void keepNotes();
    void exportConfig();

    PageContext& m_context;
    QString m_id;
    size_t m_shownSteps = 0; // of the details, by the plots
    QString m_shownOf;
    QLabel *m_title, *m_stateIcon, *m_state;
    QProgressBar* m_progress;
    widgets::Notice *m_failure, *m_warning;
    QPushButton *m_pause, *m_stop, *m_resume, *m_chat, *m_startNow, *m_duplicate, *m_compare, *m_export, *m_delete;
    QList<QAction*> m_exportAdapter;
    QAction *m_keep, *m_addModel, *m_addBest;
    CheckpointList* m_checkpoints;
    QTabWidget* m_tabs;
    RunPlots* m_plots;
    QTreeWidget *m_log, *m_samples;
    QPlainTextEdit* m_sampleText;
    widgets::FactsTable *m_facts, *m_settings;
    QPlainTextEdit* m_notes;
    QTimer m_notesPause; // between typing and storing
};

} // namespace sy::app
