// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QStackedWidget;

namespace sy::widgets {
class RunList;
class StatePanel;
} // namespace sy::widgets

namespace sy::app {

class CompareView;
class RunForm;
class RunView;

/// Runs at the left; at the right one of them, the form of a new one, or several compared.
class FineTunePage : public Page {
    Q_OBJECT
public:
    FineTunePage(PageContext& context, QWidget* parent = nullptr);

    QList<PageCommand> commands() override;
    QList<PageEntry> entries() override;
    void activated() override;
    bool takesFiles() const override { return true; }

    void openRun(const QString& id);
    void newRun();
    widgets::RunList* list() const { return m_list; }
    RunForm* form() const { return m_form; }
    RunView* view() const { return m_view; }
    CompareView* comparison() const { return m_comparison; }
    widgets::StatePanel* state() const { return m_state; }

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void connectServices();
    void fillList();
    void updateLook();
    void showFace(QWidget* face);
    void placeList();
    void duplicate(const QString& id);
    void remove(const QString& id);
    void chatWith(const QString& id);
    void leaveForm();

    PageContext& m_context;
    widgets::RunList* m_list;
    QStackedWidget* m_stack;
    widgets::StatePanel* m_state;
    RunForm* m_form;
    RunView* m_view;
    CompareView* m_comparison;
    QString m_duplicating; // waits for its configuration
};

} // namespace sy::app
