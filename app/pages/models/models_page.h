// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/model_service.h"

class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;
class QStackedWidget;

namespace sy::widgets {
class FactsTable;
class MemoryBar;
class Notice;
class ProgressList;
class StatePanel;
} // namespace sy::widgets

namespace sy::app {

class DraftPicker;
class FirstRunPanel;

/// Model files at the left; facts, memory and what can be done with one at the right.
class ModelsPage : public Page {
    Q_OBJECT
public:
    ModelsPage(PageContext& context, QWidget* parent = nullptr);

    QList<PageEntry> entries() override;
    void activated() override;
    void select(const QString& id);
    QString current() const { return m_current; }

private:
    void buildDetail(QWidget* detail);
    void connectServices();
    void fillList();
    void updateLook();
    void updateDetail();
    void updateJobs();
    void showFacts(const api::ModelFacts& facts, const api::MemoryEstimate& estimate);
    void requestFacts();
    void load();
    void remove();
    api::ModelEntry entry() const { return entry(m_current); }
    api::ModelEntry entry(const QString& id) const;
    bool isCatalogueItem() const { return m_current.startsWith(QLatin1String("catalogue:")); }

    PageContext& m_context;
    QString m_current; // a model's id, or "catalogue:" and an id
    QString m_awaited; // one that was just added, to be shown when it is listed
    QListWidget* m_list;
    QStackedWidget* m_stack;
    widgets::StatePanel* m_state;
    FirstRunPanel* m_firstRun;
    QWidget* m_detail;
    QLabel *m_title, *m_subtitle, *m_memoryTitle, *m_contextLabel, *m_note;
    widgets::Notice *m_jobFailure, *m_failure; // of an import or a download; of the model that is shown
    QPushButton *m_load, *m_loadAnyway, *m_verify, *m_remove, *m_fetch;
    QSpinBox* m_contextLength;
    DraftPicker* m_draft;
    widgets::MemoryBar* m_memory;
    widgets::FactsTable* m_facts;
    widgets::ProgressList* m_progress;
    UserMessage m_factsFailure;
    bool m_isSupported = true;
    bool m_fits = true;
    int m_modelContext = 0;
};

} // namespace sy::app
