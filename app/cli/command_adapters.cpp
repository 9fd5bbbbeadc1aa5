// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "engine/api/adapters.h"

#include <nlohmann/json.hpp>

namespace sy::app {

namespace {

struct AdaptersOptions {
    std::string id, format = "gguf", out;
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

api::AdapterEntry known(CommandContext& context, const std::string& id)
{
    for (const auto& entry : api::listAdapters(context.engine())) {
        if (entry.id == id)
            return entry;
    }
    throw Failure("there is no adapter \"" + id + "\" in the list", "`switchyard adapters` shows the list.");
}

int show(CommandContext& context, const AdaptersOptions& options)
{
    const auto entry = known(context, options.id);
    if (context.console().isJson())
        context.console().printJson(toJson(entry));
    else
        context.console().printLine(lineOf(entry));
    return 0;
}

int exportOne(CommandContext& context, const AdaptersOptions& options)
{
    const auto entry = known(context, options.id);
    const auto path = api::exportAdapter(entry, options.out);
    if (context.console().isJson())
        context.console().printJson({{"id", entry.id}, {"format", options.format}, {"path", path.string()}});
    else
        context.console().printLine(path.string());
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
        sub->add_option("ID", options->id, "Name of the run that made it")->required();
        return sub;
    };
    add("show", "Show one", show)->footer("Example:\n  switchyard adapters show support-tone-1");
    CLI::App* out = add("export", "Copy one to DIR/ID.gguf", exportOne);
    out->add_option("--format", options->format, "gguf: what llama.cpp and this program read")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"gguf"}))
        ->capture_default_str();
    out->add_option("--out", options->out, "Folder; made when it is not there")->type_name("DIR")->required();
    out->footer(
        "JSON: {id, format, path}.\n\nExample:\n  switchyard adapters export support-tone-1 --format gguf --out ~/adapters");
    command.footer(
        "JSON: a list of {id, name, path, bytes, model}; show: one of them. chat, logits and perplexity take an id with\n"
        "--adapter.\n\nExample:\n  switchyard adapters");
    return [options](CommandContext& context) { return options->chosen(context); };
}

} // namespace sy::app
