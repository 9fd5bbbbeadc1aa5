// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

class QString;
class QWidget;

namespace sy::app {

class Page;
struct PageContext;

/// A main area: navigation, shortcuts (Ctrl+1 … in this order) and restoring read this table.
struct PageRow {
    const char* id;
    QString (*title)();
    const char* icon;
    bool isAtBottom;
    Page* (*make)(PageContext& context, QWidget* parent);
};

std::span<const PageRow> pageTable();

} // namespace sy::app
