// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

class QWidget;

namespace sy::app {

class ModelService;

/// Lets the user pick a model file, then asks as importModel does. Nothing here waits in a nested event loop.
void chooseModelToImport(QWidget* parent, ModelService& models);

/// Asks whether to use the file where it is or to copy it into the data folder, then imports it.
void importModel(QWidget* parent, ModelService& models, const QString& path);

} // namespace sy::app
