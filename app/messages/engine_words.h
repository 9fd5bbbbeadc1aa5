// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <string>

namespace sy::app {

/// What the engine says about a file, in the language of the window: sentence by sentence, from a table of the engine's own
/// words. What is not in the table, a tensor's name or a library's message, stays English.
QString engineWords(const std::string& english);

} // namespace sy::app
