// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/document_json.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"

#include <cmath>

namespace sy::app {

namespace {

struct AskOptions {
    std::string collection, question, model, system;
    int top = 6;
    DraftOption draft;
    GenerationOptions generation;
    AdapterOption adapter;
};

nlohmann::ordered_json timings(const api::AskResult& result)
{
    const auto& generation = result.generation;
    const auto rate = [](double value) { return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(); };
    return {{"retrievalMs", result.retrievalMs},
            {"timeToFirstTokenMs", generation.timeToFirstTokenMs},
            {"promptTokens", generation.promptTokens},
            {"cachedTokens", generation.cachedTokens},
            {"generatedTokens", generation.generatedTokens},
            {"guessedTokens", generation.guessedTokens},
            {"trueGuesses", generation.trueGuesses},
            {"draftedTokens", generation.draftedTokens},
            {"trueDrafts", generation.trueDrafts},
            {"prefillTokensPerSecond", rate(generation.prefillTokensPerSecond)},
            {"decodeTokensPerSecond", rate(generation.decodeTokensPerSecond)}};
}

nlohmann::ordered_json answerJson(const api::AskResult& result)
{
    nlohmann::ordered_json json = {{"answer", result.answer}, {"refused", result.isRefused}};
    json["citations"] = nlohmann::ordered_json::array();
    for (const auto& citation : result.citations) {
        if (citation.isCited)
            json["citations"].push_back(toJson(citation));
    }
    json["support"] = nlohmann::ordered_json::array();
    for (const auto& sentence : result.support)
        json["support"].push_back(
            {{"start", sentence.start}, {"end", sentence.end}, {"markers", sentence.markers}, {"isClaim", sentence.isClaim}});
    json["retrieved"] = nlohmann::ordered_json::array();
    for (const auto& passage : result.retrieved)
        json["retrieved"].push_back(toJson(passage));
    json["query"] = result.queryUsed;
    json["finish"] = finishName(result.generation.finish);
    json["timings"] = timings(result);
    return json;
}

int ask(CommandContext& context, const AskOptions& options)
{
    api::LoadOptions load;
    load.contextLength = options.generation.contextLength;
    options.draft.apply(context, load);
    const auto model = loadModel(context, options.model, api::ModelKind::chat, load);
    api::AskRequest request;
    request.collection = options.collection;
    request.question = options.question == "-" ? readWhole("-") : options.question;
    request.generation = options.generation.request();
    request.generation.adapter = options.adapter.setting(context);
    request.nPassages = options.top;
    request.systemPrompt = options.system;

    Console& console = context.console();
    api::AskEvents events;
    events.onSources = [&](const auto& sources) { console.progress(std::to_string(sources.size()) + " passages found"); };
    events.onProgress = [&](const api::PromptProgress& progress) {
        console.progress("Reading: " + std::to_string(progress.doneTokens) + " of " + std::to_string(progress.totalTokens) + " tokens");
    };
    events.onText = [&](const std::string& answer, const auto&) {
        console.progress("Answering: " + std::to_string(answer.size()) + " bytes");
    };
    const api::AskResult result = context.engine().documents().ask(*model, request, events, context.stop());
    console.endProgress();
    if (console.isJson()) {
        console.printJson(answerJson(result));
        return 0;
    }
    console.printLine(result.answer);
    for (const auto& citation : result.citations) {
        if (citation.isCited)
            console.printLine("[" + std::to_string(citation.marker) + "] " + placeText(citation.document, citation.page));
    }
    return 0;
}

} // namespace

Action declareAsk(CLI::App& command)
{
    auto options = std::make_shared<AskOptions>();
    command.add_option("--collection", options->collection, "Name of the collection")->type_name("NAME")->required();
    command.add_option("QUESTION", options->question, "The question; -: all of stdin")->required();
    addModelOption(command, options->model, api::ModelKind::chat);
    command.add_option("--top", options->top, "Passages to retrieve; the prompt takes as many as its budget allows")
        ->type_name("N")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    command.add_option("--system", options->system, "Added to the instructions that the model gets")->type_name("TEXT");
    options->draft.declare(command);
    options->adapter.declare(command);
    options->generation.declare(command);
    command.footer("JSON: {answer, citations: [{marker, document, page, start, end, text, quoteFound}], retrieved, timings}, and refused: true\n"
                   "when the documents do not say.\n\nExample:\n"
                   "  switchyard ask --collection papers \"How long is the warranty?\" --json");
    return [options](CommandContext& context) { return ask(context, *options); };
}

} // namespace sy::app
