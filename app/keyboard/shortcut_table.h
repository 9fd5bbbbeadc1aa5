// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

class QWidget;

namespace sy::app {

/// A row of the list of keys: what it does and what to press, in the language of the window.
struct ShortcutRow {
    QString name;
    QString keys;
};

struct ShortcutGroup {
    QString title;
    QList<ShortcutRow> rows;
};

/// Every key of the window, by where it works.
QList<ShortcutGroup> shortcutTable();

/// Opens the list over the window; returns at once. Esc closes it.
void showShortcuts(QWidget* window);

} // namespace sy::app
