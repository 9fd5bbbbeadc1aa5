// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/folder_watch.h"
#include "engine/api/documents.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace sy::app {

namespace {

namespace fs = std::filesystem;

struct IngestCommandOptions {
    std::string collection, password;
    std::vector<std::string> paths;
    api::IngestOptions ingest;
    bool isWatching = false;
};

void printRow(Console& console, const api::DocumentRow& row)
{
    console.endProgress();
    if (console.isJson()) {
        console.printJson({{"path", row.path},
                           {"status", api::toString(row.status)},
                           {"message", row.message},
                           {"pages", row.nPages},
                           {"chunks", row.nChunks}});
        return;
    }
    console.printLine(api::toString(row.status) + "  " + row.path + (row.message.empty() ? "" : "  " + row.message));
}

void showProgress(Console& console, const api::IngestProgress& progress)
{
    char rate[96] = "";
    if (progress.chunksPerSecond > 0)
        std::snprintf(rate, sizeof rate, ", %.1f passages/s", progress.chunksPerSecond);
    char left[64] = "";
    if (progress.secondsLeft >= 0)
        std::snprintf(left, sizeof left, ", %.0f s left", progress.secondsLeft);
    console.progress(std::to_string(progress.nDone) + " of " + std::to_string(progress.nTotal) + " files" + rate + left + "  " +
                     fs::path(progress.currentFile).filename().string());
}

/// Indexes; prints the rows, without the unchanged ones when it is the watch that asks.
api::IngestSummary run(CommandContext& context, const IngestCommandOptions& options, const std::vector<fs::path>& paths, bool isRepeat)
{
    Console& console = context.console();
    const auto summary = context.engine().documents().ingest(
        options.collection, paths, options.ingest,
        [&](const api::DocumentRow& row) {
            if (!isRepeat || row.status != api::DocumentStatus::unchanged)
                printRow(console, row);
        },
        [&](const api::IngestProgress& progress) { showProgress(console, progress); }, context.stop());
    console.endProgress();
    return summary;
}

void printSummary(Console& console, const api::IngestSummary& summary)
{
    if (console.isJson()) {
        console.printJson({{"documents", summary.nDocuments}, {"chunks", summary.nChunks}, {"seconds", summary.seconds}});
        return;
    }
    char line[128];
    std::snprintf(line, sizeof line, "%lld documents, %lld passages, %.1f s", static_cast<long long>(summary.nDocuments),
                  static_cast<long long>(summary.nChunks), summary.seconds);
    console.printLine(line);
}

void watch(CommandContext& context, const IngestCommandOptions& options, const std::vector<fs::path>& paths)
{
    FolderWatch folders(paths, options.ingest.isRecursive);
    context.console().step("watching; Ctrl-C ends");
    while (const auto changes = folders.next(context.stop())) {
        for (const fs::path& gone : changes->removed)
            context.engine().documents().removeDocument(options.collection, gone.string());
        if (!changes->changed.empty())
            run(context, options, changes->changed, true);
    }
}

int ingest(CommandContext& context, IngestCommandOptions& options)
{
    std::vector<fs::path> paths;
    for (const std::string& path : options.paths) {
        paths.push_back(fs::absolute(path).lexically_normal());
        if (!fs::exists(paths.back()))
            throw StorageFailure(path, "opening", "there is no such file or folder");
        if (!options.password.empty() && fs::is_regular_file(paths.back()))
            options.ingest.passwords[paths.back().string()] = options.password;
    }
    printSummary(context.console(), run(context, options, paths, false));
    if (options.isWatching)
        watch(context, options, paths);
    return 0;
}

} // namespace

Action declareIngest(CLI::App& command)
{
    auto options = std::make_shared<IngestCommandOptions>();
    command.add_option("--collection", options->collection, "Name of the collection; created when there is none")
        ->type_name("NAME")
        ->required();
    command.add_option("PATH", options->paths, "Files and folders")->required();
    command.add_flag("--recursive,!--no-recursive", options->ingest.isRecursive, "Take the folders inside folders too (default: on)");
    command.add_flag("--watch", options->isWatching, "Go on: index what changes, every 2 seconds, until Ctrl-C");
    command.add_option("--embedder", options->ingest.embedder,
                       "Embedding model: path, id or name; none: words only (default: the newest embedding model)")
        ->type_name("MODEL");
    command.add_flag("--records", options->ingest.areRecords, "The files hold lines {id, title, text}, a document each");
    command.add_flag("--force", options->ingest.force, "Index files again that have not changed");
    command.add_option("--password", options->password, "Opens protected files among those named; not kept")->type_name("TEXT");
    command.footer("JSON: lines {path, status, message, pages, chunks}; status is indexed, unchanged, failed, needsOcr, needsPassword or\n"
                   "skipped; last {documents, chunks, seconds}. One bad file never stops the rest and does not change the exit status.\n"
                   "Stopped with Ctrl-C or killed, the same command continues where it was.\n\nExample:\n"
                   "  switchyard ingest --collection papers ~/papers --json");
    return [options](CommandContext& context) { return ingest(context, *options); };
}

} // namespace sy::app
