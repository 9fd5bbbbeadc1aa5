// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/command.h"

#include <string>

namespace sy::app {

/// What `adapters merge` takes.
struct AdapterMergeOptions {
    std::string out, model, type, file;
    double strength = 1;
    int64_t contextLength = 512;

    void declare(CLI::App& command);
};

/// Writes the merged model, compares it with the adapter on the model, and prints both.
int mergeAdapter(CommandContext& context, const std::string& id, const AdapterMergeOptions& options);

} // namespace sy::app
