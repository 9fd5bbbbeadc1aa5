// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/adapter_export.h"

#include "app/cli/failure.h"

#include <nlohmann/json.hpp>

namespace sy::app {

void AdapterExportOptions::declare(CLI::App& command)
{
    command
        .add_option("--format", format,
                    "gguf: a file that llama.cpp and this program read; peft: a folder for Hugging Face's PEFT")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"gguf", "peft"}))
        ->capture_default_str();
    command.add_option("--out", out, "Folder; made when it is not there")->type_name("DIR")->required();
    command
        .add_option("--model", model,
                    "The model it is for, where another format takes it (default: the one it was trained on)")
        ->type_name("MODEL");
}

api::AdapterEntry knownAdapter(CommandContext& context, const std::string& id)
{
    for (const auto& entry : api::listAdapters(context.engine())) {
        if (entry.id == id)
            return entry;
    }
    throw Failure("there is no adapter \"" + id + "\" in the list", "`switchyard adapters` shows the list.");
}

int exportAdapter(CommandContext& context, const std::string& id, const AdapterExportOptions& options)
{
    const auto entry = knownAdapter(context, id);
    const auto format = options.format == "peft" ? api::AdapterFormat::peft : api::AdapterFormat::gguf;
    const auto path = api::exportAdapter(context.engine(), entry, options.out, format, options.model);
    if (context.console().isJson())
        context.console().printJson({{"id", entry.id}, {"format", options.format}, {"path", path.string()}});
    else
        context.console().printLine(path.string());
    return 0;
}

} // namespace sy::app
