// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sy::app {

struct WindowStart;

/// Opens the window and runs until it is closed. An option given at the start goes before the same one in the settings.
int runWindow(int argc, char** argv, const WindowStart& start);

} // namespace sy::app
