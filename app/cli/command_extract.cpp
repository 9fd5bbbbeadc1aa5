// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "engine/api/documents.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

namespace sy::app {

namespace {

struct ExtractOptions {
    std::string file, password;
};

int extract(CommandContext& context, const ExtractOptions& options)
{
    if (!std::filesystem::is_regular_file(options.file))
        throw StorageFailure(options.file, "opening", "there is no such file");
    const auto result = context.engine().documents().extract(std::filesystem::absolute(options.file), options.password, context.stop());
    Console& console = context.console();
    if (console.isJson()) {
        auto pages = nlohmann::ordered_json::array();
        for (const auto& page : result.pages)
            pages.push_back({{"number", page.number}, {"text", page.text}});
        console.printJson({{"outcome", result.outcome},
                           {"title", result.title},
                           {"pages", pages},
                           {"message", result.message},
                           {"seconds", result.seconds}});
        return 0;
    }
    for (const auto& page : result.pages) {
        if (result.pages.size() > 1)
            console.printLine("--- page " + std::to_string(page.number));
        console.printLine(page.text);
    }
    if (result.outcome != "ok")
        console.warn(result.outcome + ": " + result.message);
    return 0;
}

} // namespace

Action declareExtract(CLI::App& command)
{
    auto options = std::make_shared<ExtractOptions>();
    command.add_option("FILE", options->file, "The document")->required();
    command.add_option("--password", options->password, "Opens a protected file")->type_name("TEXT");
    command.footer("The file is read in a helper process with memory and time limits, as indexing does. What the file is like is an\n"
                   "outcome (ok, partial, no_text, password, error) and not a failure of the command.\n"
                   "JSON: {outcome, title, pages: [{number, text}], message, seconds}.\n\nExample:\n"
                   "  switchyard extract report.pdf --json");
    return [options](CommandContext& context) { return extract(context, *options); };
}

} // namespace sy::app
