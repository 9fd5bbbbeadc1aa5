// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace sy::app {

namespace {

struct ChatOptions {
    std::string model, message, system, schemaFile, activations = "fast", quantization;
    std::string schema; // what schemaFile holds
    bool guessesAhead = true;
    DraftOption draft;
    GenerationOptions generation;
    AdapterOption adapterOption;
    api::AdapterSetting adapter; // what it means
    CLI::Option *messageOption = nullptr, *systemOption = nullptr;
    ComputeOptions compute;
};

nlohmann::ordered_json numberOrNull(double value)
{
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json toJson(const api::GenerationResult& result)
{
    return {{"finish", finishName(result.finish)},
            {"text", result.text},
            {"promptTokens", result.promptTokens},
            {"cachedTokens", result.cachedTokens},
            {"generatedTokens", result.generatedTokens},
            {"guessedTokens", result.guessedTokens},
            {"trueGuesses", result.trueGuesses},
            {"draftedTokens", result.draftedTokens},
            {"trueDrafts", result.trueDrafts},
            {"timeToFirstTokenMs", result.timeToFirstTokenMs},
            {"prefillTokensPerSecond", numberOrNull(result.prefillTokensPerSecond)},
            {"decodeTokensPerSecond", numberOrNull(result.decodeTokensPerSecond)},
            {"seed", result.seed}};
}

std::string speedText(const api::GenerationResult& result)
{
    char line[160];
    std::snprintf(line, sizeof line, "%lld tokens at %.1f tokens/s; first after %.0f ms (%lld tokens of the prompt, %lld cached)",
                  static_cast<long long>(result.generatedTokens), result.decodeTokensPerSecond, result.timeToFirstTokenMs,
                  static_cast<long long>(result.promptTokens), static_cast<long long>(result.cachedTokens));
    return line;
}

/// One answer, streamed. Returns the exit status.
int answer(CommandContext& context, api::LoadedModel& model, std::vector<api::ChatMessage>& messages, const ChatOptions& options)
{
    Console& console = context.console();
    api::GenerationRequest request = options.generation.request();
    request.messages = messages;
    request.schema = options.schema;
    request.guessesAhead = options.guessesAhead;
    request.adapter = options.adapter;
    const auto onToken = [&](const api::TokenEvent& token) {
        console.endProgress();
        if (console.isJson())
            console.printJson({{"token", token.text}, {"id", token.id}, {"ms", token.ms}, {"logprob", numberOrNull(token.logprob)}});
        else
            console.print(token.text);
        return true;
    };
    const auto onProgress = [&](const api::PromptProgress& progress) {
        console.progress("Reading the prompt: " + std::to_string(progress.doneTokens) + " of " + std::to_string(progress.totalTokens) +
                         " tokens");
    };
    const api::GenerationResult result = model.generate(request, onToken, context.stop(), onProgress);
    console.endProgress();
    if (console.isJson()) {
        console.printJson(toJson(result));
    } else {
        console.printLine("");
        console.step(speedText(result));
    }
    messages.push_back({"assistant", result.text});
    return result.finish == api::Finish::failed ? 1 : 0;
}

/// Questions from the keyboard with a prompt, or from a pipe without one; a line each, until the end of input or /quit.
int converse(CommandContext& context, api::LoadedModel& model, std::vector<api::ChatMessage> messages, const ChatOptions& options)
{
    const bool isKeyboard = ::isatty(STDIN_FILENO) == 1;
    Console& console = context.console();
    const auto prompt = [&] {
        if (isKeyboard && !console.isJson())
            console.print("> ");
    };
    if (isKeyboard && !console.isQuiet())
        std::fprintf(stderr, "Chat with %s. A line is a message; /new starts afresh, /quit or Ctrl-D ends.\n", model.facts().name.c_str());
    const std::vector<api::ChatMessage> start = messages;
    LineReader lines;
    prompt();
    while (const auto line = lines.next(context.stop())) {
        if (*line == "/quit")
            return 0;
        if (*line == "/new") {
            messages = start;
        } else if (!line->empty()) {
            messages.push_back({"user", *line});
            if (const int status = answer(context, model, messages, options); status != 0)
                return status;
            if (context.stop().stop_requested())
                return 0; // becomes 130
        }
        prompt();
    }
    if (isKeyboard && !console.isJson())
        console.printLine("");
    return 0;
}

int chat(CommandContext& context, ChatOptions options)
{
    if (!options.schemaFile.empty()) {
        options.schema = readWhole(options.schemaFile);
        api::checkSchema(options.schema, options.schemaFile); // before a model is loaded
    }
    options.adapter = options.adapterOption.setting(context);
    api::LoadOptions load;
    load.contextLength = options.generation.contextLength;
    load.isExact = options.activations == "f32";
    load.quantization = options.quantization;
    options.compute.apply(load);
    options.draft.apply(context, load);
    const auto model = loadModel(context, options.model, api::ModelKind::chat, load);
    std::vector<api::ChatMessage> messages;
    if (options.systemOption->count() > 0)
        messages.push_back({"system", options.system});
    if (options.messageOption->count() == 0)
        return converse(context, *model, std::move(messages), options);
    messages.push_back({"user", options.message == "-" ? readWhole("-") : options.message});
    return answer(context, *model, messages, options);
}

} // namespace

Action declareChat(CLI::App& command)
{
    auto options = std::make_shared<ChatOptions>();
    addModelOption(command, options->model, api::ModelKind::chat);
    options->messageOption =
        command.add_option("--message", options->message, "One message; -: all of stdin. Without it, each line of stdin is a message")
            ->type_name("TEXT");
    options->systemOption = command.add_option("--system", options->system, "System message (default: the one in the model's template)")
                                ->type_name("TEXT");
    options->adapterOption.declare(command);
    command.add_flag("!--no-guessing", options->guessesAhead, "Do not guess tokens ahead, from what was said before or by --draft; the text is the same");
    options->draft.declare(command);
    command
        .add_option("--schema", options->schemaFile,
                    "JSON Schema that every answer satisfies; the answer is JSON on one line. Say in the message what is wanted: the model\n"
                    "does not see the schema")
        ->type_name("FILE");
    addActivationsOption(command, options->activations);
    addQuantizationOption(command, options->quantization);
    options->compute.declare(command);
    options->generation.declare(command);
    command.footer("JSON: lines {token, id, ms, logprob}, ms since the token before and logprob in nats; last {finish, text, promptTokens,\n"
                   "cachedTokens, generatedTokens, guessedTokens, trueGuesses, draftedTokens, trueDrafts, timeToFirstTokenMs, prefillTokensPerSecond,\n"
                   "decodeTokensPerSecond, seed}. trueGuesses: guesses that came true; draftedTokens and trueDrafts: of both, those of --draft.\n"
                   "Ctrl-C stops the answer and keeps what there is.\n\nExample:\n"
                   "  switchyard chat --model model.gguf --message \"Why is the sky blue?\" --max-tokens 200");
    return [options](CommandContext& context) { return chat(context, *options); };
}

} // namespace sy::app
