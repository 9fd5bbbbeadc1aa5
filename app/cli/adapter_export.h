// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/command.h"
#include "engine/api/adapters.h"

#include <string>

namespace sy::app {

/// --format, --out and --model, as `runs export` and `adapters export` have them.
struct AdapterExportOptions {
    std::string format = "gguf", out, model;

    void declare(CLI::App& command);
};

/// The entry with an id. Throws Failure when there is none.
api::AdapterEntry knownAdapter(CommandContext& context, const std::string& id);

/// Writes one and prints where.
int exportAdapter(CommandContext& context, const std::string& id, const AdapterExportOptions& options);

} // namespace sy::app
