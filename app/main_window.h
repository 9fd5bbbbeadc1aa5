// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

#include <QHash>
#include <QMainWindow>
#include <QTimer>

class QBoxLayout;
class QStackedWidget;
class QShortcut;

namespace sy::widgets {
class NavigationRail;
class Palette;
class StatusField;
class Toast;
} // namespace sy::widgets

namespace sy::app {

class WorkQueue;

/// Rail, pages and status bar. Knows pages only through their table.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(const Services& services);
    ~MainWindow() override;

    void goTo(const QString& pageId);
    QString currentPage() const;
    Page* page(const QString& id) const { return m_pages.value(id); }
    sy::widgets::Toast* toast() const { return m_toast; }
    sy::widgets::Palette* palettePanel() const { return m_palette; }

protected:
    void changeEvent(QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    void build();
    void buildStatusBar(QWidget* parent, QBoxLayout* layout);
    void updateStatus();
    void pollMemory();
    void openPalette();

    PageContext m_context;
    QHash<QString, Page*> m_pages;
    sy::widgets::NavigationRail* m_rail = nullptr;
    QStackedWidget* m_stack = nullptr;
    sy::widgets::Toast* m_toast = nullptr;
    sy::widgets::Palette* m_palette = nullptr;
    sy::widgets::StatusField *m_modelField = nullptr, *m_adapterField = nullptr, *m_deviceField = nullptr, *m_memoryField = nullptr, *m_speedField = nullptr,
                             *m_jobField = nullptr, *m_networkField = nullptr;
    double m_speed = 0;
    bool m_rebuildIsQueued = false;
    QTimer m_memoryTimer;
    std::unique_ptr<WorkQueue> m_worker;
};

} // namespace sy::app
