// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "engine/api/documents.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sy::app {

namespace {

struct DocumentsOptions {
    std::string collection, path;
    bool isRemoving = false;
};

/// A path as given, or made absolute: rows hold absolute paths, records their id.
std::string rowPath(const std::vector<api::DocumentRow>& rows, const std::string& path)
{
    const std::string absolute = std::filesystem::absolute(path).lexically_normal().string();
    for (const std::string& wanted : {path, absolute}) {
        if (std::ranges::any_of(rows, [&](const auto& row) { return row.path == wanted; }))
            return wanted;
    }
    throw Failure("there is no document " + path + " in the collection", "`switchyard documents --collection NAME` lists them.");
}

void printRows(Console& console, const std::vector<api::DocumentRow>& rows)
{
    if (!console.isJson()) {
        for (const auto& row : rows)
            console.printLine(api::toString(row.status) + "  " + row.path + "  " + std::to_string(row.nPages) + " pages, " +
                              std::to_string(row.nChunks) + " passages" + (row.message.empty() ? "" : "  " + row.message));
        return;
    }
    auto list = nlohmann::ordered_json::array();
    for (const auto& row : rows)
        list.push_back({{"path", row.path},
                        {"title", row.title},
                        {"bytes", row.bytes},
                        {"sha256", row.sha256},
                        {"pages", row.nPages},
                        {"chunks", row.nChunks},
                        {"status", api::toString(row.status)},
                        {"message", row.message}});
    console.printJson(list);
}

int documents(CommandContext& context, const DocumentsOptions& options)
{
    api::Documents& all = context.engine().documents();
    std::vector<api::DocumentRow> rows = all.documents(options.collection);
    if (options.isRemoving) {
        const std::string path = rowPath(rows, options.path);
        all.removeDocument(options.collection, path);
        std::erase_if(rows, [&](const auto& row) { return row.path != path; });
    }
    printRows(context.console(), rows);
    return 0;
}

} // namespace

Action declareDocuments(CLI::App& command)
{
    auto options = std::make_shared<DocumentsOptions>();
    command.add_option("--collection", options->collection, "Name of the collection")->type_name("NAME")->required();
    command.require_subcommand(0, 1);
    CLI::App* remove = command.add_subcommand("remove", "Take a document out of the collection; its file stays");
    remove->fallthrough();
    remove->add_option("PATH", options->path, "Path of the document, or id of the record")->required();
    remove->footer("Example:\n  switchyard documents --collection papers remove ~/papers/old.pdf");
    remove->final_callback([raw = options.get()] { raw->isRemoving = true; });
    command.footer("JSON: a list of {path, bytes, sha256, pages, chunks, status}; after remove, the one that was removed.\n\nExample:\n"
                   "  switchyard documents --collection papers --json");
    return [options](CommandContext& context) { return documents(context, *options); };
}

} // namespace sy::app
