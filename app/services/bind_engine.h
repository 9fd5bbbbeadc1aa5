// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"

namespace sy::app {

/// The functions of a real engine. The engine must outlive them.
EngineFunctions bindEngine(api::Engine& engine);

} // namespace sy::app
