// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/adapter_export.h"
#include "app/cli/adapter_merge.h"
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "engine/api/adapters.h"

#include <nlohmann/json.hpp>

namespace sy::app {

namespace {

struct AdaptersOptions {
    std::string id; // or, to import, a path
    AdapterExportOptions exporting;
    AdapterMergeOptions merging;
    Action chosen;
};

nlohmann::ordered_json toJson(const api::AdapterEntry& entry)
{
    return {{"id", entry.id},
            {"name", entry.name},
            {"path", entry.file.string()},
            {"bytes", entry.bytes},
            {"model", entry.model}};
}

std::string lineOf(const api::AdapterEntry& entry)
{
    return entry.id + "  " + sizeText(double(entry.bytes)) + "  " + entry.file.string() +
           (entry.model.empty() ? "" : "  (for " + entry.model + ")");
}

int list(CommandContext& context)
{
    Console& console = context.console();
    const auto entries = api::listAdapters(context.engine());
    if (console.isJson()) {
        auto rows = nlohmann::ordered_json::array();
        for (const auto& entry : entries)
            rows.push_back(toJson(entry));
        console.printJson(rows);
        return 0;
    }
    for (const auto& entry : entries)
        console.printLine(lineOf(entry));
    if (entries.empty())
        console.printLine("No adapters yet. `switchyard finetune` makes one.");
    return 0;
}

int show(CommandContext& context, const AdaptersOptions& options)
{
    const auto entry = knownAdapter(context, options.id);
    if (context.console().isJson())
        context.console().printJson(toJson(entry));
    else
        context.console().printLine(lineOf(entry));
    return 0;
}

int exportOne(CommandContext& context, const AdaptersOptions& options)
{
    return exportAdapter(context, options.id, options.exporting);
}

int merge(CommandContext& context, const AdaptersOptions& options)
{
    return mergeAdapter(context, options.id, options.merging);
}

int import(CommandContext& context, const AdaptersOptions& options)
{
    const auto entry = api::importAdapter(context.engine(), options.id);
    if (context.console().isJson())
        context.console().printJson(toJson(entry));
    else
        context.console().printLine(lineOf(entry));
    return 0;
}

int remove(CommandContext& context, const AdaptersOptions& options)
{
    const auto entry = knownAdapter(context, options.id);
    if (!entry.isImported)
        throw Failure("the adapter " + entry.id + " belongs to a run", "Remove the run: switchyard runs remove " + entry.id);
    api::removeAdapter(context.engine(), entry);
    if (context.console().isJson())
        context.console().printJson({{"id", entry.id}, {"removed", true}});
    else
        context.console().printLine("Removed " + entry.id);
    return 0;
}

} // namespace

Action declareAdapters(CLI::App& command)
{
    auto options = std::make_shared<AdaptersOptions>();
    options->chosen = list;
    command.require_subcommand(0, 1);
    const auto add = [&](const char* name, const char* summary, int (*run)(CommandContext&, const AdaptersOptions&)) {
        CLI::App* sub = command.add_subcommand(name, summary);
        sub->fallthrough(); // --data, --json … after it as well
        sub->final_callback(
            [raw = options.get(), run] { raw->chosen = [raw, run](CommandContext& c) { return run(c, *raw); }; });
        return sub;
    };
    const auto addForOne = [&](const char* name, const char* summary, int (*run)(CommandContext&, const AdaptersOptions&)) {
        CLI::App* sub = add(name, summary, run);
        sub->add_option("ID", options->id, "Name of the run that made it, or of an imported one")->required();
        return sub;
    };
    addForOne("show", "Show one", show)->footer("Example:\n  switchyard adapters show support-tone-1");
    CLI::App* out = addForOne("export", "Write one to DIR/ID.gguf, or as PEFT to DIR/ID/", exportOne);
    options->exporting.declare(*out);
    out->footer(
        "JSON: {id, format, path}.\n\nExample:\n  switchyard adapters export support-tone-1 --format peft --out ~/adapters");
    CLI::App* merged = add("merge", "Write a model with an adapter in its weights as a new GGUF file, and what that costs", merge);
    merged->add_option("ID", options->id, "Name of the run that made it, of an imported one, or a path")->required();
    options->merging.declare(*merged);
    CLI::App* in = add("import", "Copy a GGUF adapter, or a folder as PEFT writes it, into the data folder", import);
    in->add_option("PATH", options->id, "File or folder")->required();
    in->footer("JSON: {id, name, path, bytes, model}.\n\nExample:\n  switchyard adapters import ~/Downloads/adapter");
    addForOne("remove", "Delete an imported one", remove)
        ->footer("JSON: {id, removed}.\n\nExample:\n  switchyard adapters remove adapter");
    command.footer(
        "JSON: a list of {id, name, path, bytes, model}; show: one of them. commands that use a model take an id\n"
        "with --adapter.\n\nExample:\n  switchyard adapters");
    return [options](CommandContext& context) { return options->chosen(context); };
}

} // namespace sy::app
