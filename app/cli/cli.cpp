// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cli.h"

#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "app/cli/stop_on_interrupt.h"
#include "engine/core/error.h"

#include <csignal>
#include <cstdio>
#include <vector>

namespace sy::app {

namespace {

constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130;

void complain(const std::string& sentence, const std::string& remedy)
{
    std::fprintf(stderr, "switchyard: %s\n%s\n", sentence.c_str(), remedy.c_str());
}

int run(const Action& action, const CommonOptions& options)
{
    std::signal(SIGPIPE, SIG_IGN); // `switchyard … | head` then ends by a failed write, with the data folder in order
    StopOnInterrupt interrupt;
    try {
        CommandContext context(options, interrupt.token());
        const int status = action(context);
        context.console().endProgress();
        return interrupt.isStopped() ? kInterrupted : status;
    } catch (const Cancelled&) {
        return kInterrupted;
    } catch (const UsageError& error) {
        complain(error.what(), "Run the command with --help to see its options.");
        return kWrongUsage;
    } catch (const std::exception& error) {
        if (interrupt.isStopped())
            return kInterrupted;
        complain(error.what(), remedyFor(error));
        return kFailed;
    }
}

/// The word that was meant as a command, among what the parser left over. Qt's own options begin with one dash and may take a
/// value, which is no command.
std::string unknownCommand(const std::vector<std::string>& rest)
{
    for (size_t i = 0; i < rest.size(); ++i) {
        if (rest[i].rfind("--", 0) == 0)
            return rest[i];
        if (rest[i][0] != '-' && (i == 0 || rest[i - 1][0] != '-'))
            return rest[i];
    }
    return {};
}

} // namespace

api::EngineOptions CommonOptions::engineOptions() const
{
    api::EngineOptions engine;
    engine.dataDir = data;
    engine.nThreads = nThreads;
    engine.device = device;
    return engine;
}

CommandContext::CommandContext(const CommonOptions& options, std::stop_token stop)
    : m_options(options), m_stop(std::move(stop)), m_console(options.isJson, options.isQuiet)
{
}

CommandContext::~CommandContext() = default;

api::Engine& CommandContext::engine()
{
    if (!m_engine)
        m_engine = std::make_unique<api::Engine>(m_options.engineOptions());
    return *m_engine;
}

void addCommonOptions(CLI::App& command, CommonOptions& options)
{
    constexpr const char* kGroup = "Options of every command";
    command.add_option("--data", options.data, "Data folder (default: $XDG_DATA_HOME/Switchyard)")->type_name("DIR")->group(kGroup);
    command.add_option("--threads", options.nThreads, "Threads that compute (default: physical cores)")
        ->type_name("N")
        ->check(CLI::Range(1, 1024))
        ->group(kGroup);
    command.add_option("--device", options.device, "auto, cpu, cuda or cuda:N (default: auto)")
        ->type_name("DEVICE")
        ->check([](const std::string& device) {
            const bool isKnown = device == "auto" || device == "cpu" || device == "cuda" ||
                                 (device.rfind("cuda:", 0) == 0 && device.size() > 5 &&
                                  device.find_first_not_of("0123456789", 5) == std::string::npos);
            return isKnown ? std::string() : "a device is auto, cpu, cuda or cuda:N, not " + device;
        })
        ->group(kGroup);
    command.add_flag("--json", options.isJson, "Machine-readable output on stdout")->group(kGroup);
    command.add_flag("--quiet", options.isQuiet, "No progress and no warnings on stderr")->group(kGroup);
    command.set_help_flag("--help,-h", "Show this help")->group(kGroup);
}

std::optional<int> runCli(int argc, char** argv, WindowStart& window)
{
    CLI::App app("Switchyard runs language models on your own machine: chat, documents, citations.\n"
                 "Without a command it opens the window.",
                 "switchyard");
    CommonOptions options;
    addCommonOptions(app, options);
    app.set_version_flag("--version", std::string("switchyard " SY_VERSION), "Show the version")->group("Options of every command");
    app.require_subcommand(0, 1);
    app.allow_extras();

    Action chosen;
    for (const CommandRow& row : commandTable()) {
        CLI::App* command = app.add_subcommand(row.name, row.summary);
        command->allow_extras(false);
        addCommonOptions(*command, options);
        Action action = row.declare(*command);
        command->final_callback([&chosen, action = std::move(action)] { chosen = action; });
    }

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kDone : kWrongUsage; // prints help and version to stdout, complaints to stderr
    }
    const std::vector<std::string> rest = app.remaining();
    const std::string word = chosen && !rest.empty() ? rest.front() : unknownCommand(rest);
    if (!word.empty()) {
        complain("there is no command or option \"" + word + "\".", "Run `switchyard --help` to see what there is.");
        return kWrongUsage;
    }
    if (chosen)
        return run(chosen, options);
    window.engine = options.engineOptions();
    return std::nullopt;
}

} // namespace sy::app
