// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

class QMenu;
class QWidget;

namespace sy::app {

class ModelService;

/// "Model file…" and "Model folder…", each with its dialog; what is chosen goes to importModels. Nothing here waits in a nested
/// event loop. The menu belongs to parent.
QMenu* makeImportMenu(QWidget* parent, ModelService& models);

/// The models among files and folders that were chosen or dropped: GGUF files, and folders of safetensors. A file of such a folder
/// stands for the folder, and a folder that only holds GGUF files for those. Whatever else there is stays as it is: the engine says
/// why it is no model. Touches file names only.
QStringList modelsAmong(const QStringList& paths);

/// Asks once whether to use the models where they are or to copy them into the data folder, then imports them.
void importModels(QWidget* parent, ModelService& models, const QStringList& paths);

} // namespace sy::app
