// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <ctime>

namespace sy::app {

namespace {

struct TemplateOptions {
    std::string model, file, messages, bos, eos, now;
    CLI::Option *bosOption = nullptr, *eosOption = nullptr;
};

std::string timeNow()
{
    const std::time_t seconds = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M", &local);
    return text;
}

std::string isTime(const std::string& text)
{
    std::tm time{};
    const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M", &time);
    return end && *end == '\0' ? std::string() : "a time looks like 2026-01-15T09:30, not " + text;
}

/// CLI.md's {messages, tools?, …}; a bare list of messages will do.
std::string contextFrom(const std::string& text, const std::string& file)
{
    auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    if (json.is_array())
        json = {{"messages", json}};
    if (!json.is_object())
        throw BadFile(file, "--messages takes a JSON object {messages, …}, and this is none");
    return json.dump();
}

int render(CommandContext& context, const TemplateOptions& options)
{
    if (options.model.empty() == options.file.empty())
        throw UsageError("give either --model or --template");
    api::StoredTemplate stored;
    if (options.file.empty()) {
        const auto path = resolveModel(context, options.model, api::ModelKind::chat);
        stored = api::storedTemplate(path);
        if (stored.source.empty())
            throw Failure(path.string() + " holds no chat template", "Give one with --template.");
    } else {
        stored.source = readWhole(options.file);
    }
    if (options.bosOption->count() > 0)
        stored.bos = options.bos;
    if (options.eosOption->count() > 0)
        stored.eos = options.eos;
    const std::string text = api::renderTemplate(stored.source, contextFrom(readWhole(options.messages), options.messages), stored.bos,
                                                 stored.eos, options.now.empty() ? timeNow() : options.now);
    if (context.console().isJson())
        context.console().printJson({{"text", text}});
    else
        context.console().print(text);
    return 0;
}

} // namespace

Action declareTemplate(CLI::App& command)
{
    auto options = std::make_shared<TemplateOptions>();
    command.add_option("--model", options->model, "Use the template stored in this model: path, id or name")->type_name("MODEL");
    command.add_option("--template", options->file, "Use the template in this file; -: stdin")->type_name("FILE");
    command
        .add_option("--messages", options->messages,
                    "JSON file {messages, tools?, add_generation_prompt?, other variables}; -: stdin (default: -)")
        ->type_name("FILE")
        ->default_val("-");
    options->bosOption =
        command.add_option("--bos", options->bos, "Text of the template's bos_token (default: the model's)")->type_name("TEXT");
    options->eosOption =
        command.add_option("--eos", options->eos, "Text of the template's eos_token (default: the model's)")->type_name("TEXT");
    command.add_option("--now", options->now, "Time that strftime_now() tells, as 2026-01-15T09:30 (default: the clock)")
        ->type_name("TIME")
        ->check(isTime);
    command.footer("A template that raises an error ends with status 1 and its own message. JSON: {text}.\n\nExample:\n"
                   "  switchyard template --model model.gguf --messages chat.json");
    return [options](CommandContext& context) { return render(context, *options); };
}

} // namespace sy::app
