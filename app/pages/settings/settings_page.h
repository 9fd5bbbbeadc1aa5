// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QBoxLayout;
class QFormLayout;
class QGridLayout;

namespace sy::app {

/// Language, looks, chat, sampling defaults, engine, privacy and the list of shortcuts.
class SettingsPage : public Page {
    Q_OBJECT
public:
    SettingsPage(PageContext& context, QWidget* parent = nullptr);
    void activated() override;

private:
    QGridLayout* addSection(const QString& title);
    void addRow(QGridLayout* grid, const QString& label, QWidget* control, const QString& help = {});
    void alignControls();
    void addAppearance();
    void addChat();
    void addSampling();
    void addEngine();
    void addPrivacy();
    void addShortcuts();
    void chooseDataFolder();

    PageContext& m_context;
    QWidget* m_content;
    QBoxLayout* m_rows;
    QWidget* m_first = nullptr;
};

} // namespace sy::app
