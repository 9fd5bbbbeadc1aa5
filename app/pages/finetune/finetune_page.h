// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QStackedWidget;

namespace sy::widgets {
class RunList;
class StatePanel;
} // namespace sy::widgets

namespace sy::app {

class AdapterView;
class CompareView;
class MergeView;
class RunForm;
class RunView;

/// Runs and imported adapters at the left; at the right one of them, the form of a new run, several compared, or an adapter merged.
class FineTunePage : public Page {
    Q_OBJECT
public:
    FineTunePage(PageContext& context, QWidget* parent = nullptr);

    QList<PageCommand> commands() override;
    QList<PageEntry> entries() override;
    void activated() override;
    bool takesFiles() const override { return true; }

    void openRun(const QString& id);
    void openAdapter(const QString& id); // an imported one
    void newRun();
    widgets::RunList* list() const { return m_list; }
    RunForm* form() const { return m_form; }
    RunView* view() const { return m_view; }
    AdapterView* adapterView() const { return m_adapter; }
    CompareView* comparison() const { return m_comparison; }
    MergeView* merge() const { return m_merge; }
    widgets::StatePanel* state() const { return m_state; }

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void addDropped(const QStringList& paths);
    void connectList();
    void connectServices();
    void connectAdapters();
    void connectMerging();
    void openMerge(const QString& adapter);
    void leaveMerge(const QString& adapter);
    void open(const QString& row);
    void fillList();
    void updateLook();
    void showFace(QWidget* face);
    void placeList();
    void duplicate(const QString& id);
    void remove(const QString& id);
    bool hasRows() const;
    void chatWith(const QString& id);
    void chatWithModel(const QString& path);
    void loadTrained();
    void leaveForm();

    PageContext& m_context;
    widgets::RunList* m_list;
    QStackedWidget* m_stack;
    widgets::StatePanel* m_state;
    RunForm* m_form;
    RunView* m_view;
    AdapterView* m_adapter;
    CompareView* m_comparison;
    MergeView* m_merge;
    QString m_duplicating; // waits for its configuration
    QString m_addingModel, m_addedModel; // file and id of a trained model that a chat is wanted with
};

} // namespace sy::app
