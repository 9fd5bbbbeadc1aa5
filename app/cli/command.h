// SPDX-License-Identifier: GPL-3.0-or-later
// What a command is made of. A new command is one file command_NAME.cpp, one row in command_table.cpp, one line of CMake.
#pragma once

#include "app/cli/console.h"
#include "engine/api/engine.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace sy::app {

/// Options of every command, before or after its name.
struct CommonOptions {
    std::string data;
    int nThreads = 0;
    std::string device = "auto";
    bool isJson = false;
    bool isQuiet = false;

    api::EngineOptions engineOptions() const;
};

/// What a command works with.
class CommandContext {
public:
    CommandContext(const CommonOptions& options, std::stop_token stop);
    ~CommandContext();

    Console& console() { return m_console; }
    std::stop_token stop() const { return m_stop; }
    api::Engine& engine(); // opened at the first call; throws what Engine throws

private:
    CommonOptions m_options;
    std::stop_token m_stop;
    Console m_console;
    std::unique_ptr<api::Engine> m_engine;
};

/// Does the work and returns the exit status; what it throws becomes a sentence and status 1.
using Action = std::function<int(CommandContext&)>;

/// A wrong use that the option parser cannot see: a sentence on stderr and exit status 2.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct CommandRow {
    const char* name;
    const char* summary;
    Action (*declare)(CLI::App& command); // adds options, help and example; returns what runs
};

std::span<const CommandRow> commandTable();

// One per file command_NAME.cpp.
Action declareInfo(CLI::App& command);
Action declareModels(CLI::App& command);
Action declareTokenize(CLI::App& command);
Action declareTemplate(CLI::App& command);
Action declareLogits(CLI::App& command);
Action declareEmbed(CLI::App& command);
Action declarePerplexity(CLI::App& command);
Action declareQuantize(CLI::App& command);
Action declareFineTune(CLI::App& command);
Action declareRuns(CLI::App& command);
Action declareAdapters(CLI::App& command);
Action declareChat(CLI::App& command);
Action declareIngest(CLI::App& command);
Action declareDocuments(CLI::App& command);
Action declareExtract(CLI::App& command);
Action declareSearch(CLI::App& command);
Action declareAsk(CLI::App& command);
Action declareTrace(CLI::App& command);
Action declareBench(CLI::App& command);
Action declareDoctor(CLI::App& command);

/// Adds --data, --threads, --device, --json and --quiet.
void addCommonOptions(CLI::App& command, CommonOptions& options);

} // namespace sy::app
