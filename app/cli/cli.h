// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/engine.h"

#include <optional>

namespace sy::app {

/// What the program was started with when the window is to open.
struct WindowStart {
    api::EngineOptions engine; // --data, --threads, --device
};

/// Runs `switchyard COMMAND …` and returns its exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped with Ctrl-C. Empty when
/// there is no command, which means the window; `window` then holds the options that were given, and words it does not know are
/// left for Qt. Installs the Ctrl-C handler only when there is a command. Never throws.
std::optional<int> runCli(int argc, char** argv, WindowStart& window);

} // namespace sy::app
