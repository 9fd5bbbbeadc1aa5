// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <functional>

class QMenu;
class QWidget;

namespace sy::app {

struct PageContext;

/// The two ways to export an adapter, each asking where to, and the one to merge it, which is the caller's.
void addExportActions(PageContext& context, QMenu* menu, QWidget* parent, const std::function<QString()>& id, const std::function<void()>& merge);

/// Asks for a GGUF file, or for a folder as PEFT has it, and imports it.
void importAdapter(PageContext& context, QWidget* parent, bool isFolder);

/// Whether a file or folder that is dropped is an adapter, by its name and what lies in it.
bool looksLikeAdapter(const QString& path);

} // namespace sy::app
