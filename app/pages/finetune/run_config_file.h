// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>

class QWidget;

namespace sy::app {

struct PageContext;

/// Asks where to, and writes the configuration of a run as `switchyard finetune --config` reads it. Returns at once.
void exportRunConfig(PageContext& context, QWidget* parent, const QJsonObject& config);

} // namespace sy::app
