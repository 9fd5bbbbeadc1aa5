// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "app/cli/token_ids.h"
#include "engine/api/trace.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace sy::app {

namespace {

struct TraceOptions {
    std::string model, message, tokensFile, out, activations = "fast", quantization;
    GenerationOptions generation;
    CLI::Option *messageOption = nullptr, *tokensOption = nullptr;
    ComputeOptions compute;
    AdapterOption adapter;
};

nlohmann::ordered_json toJson(const api::Trace& trace, const std::string& model)
{
    using nlohmann::ordered_json;
    ordered_json tokens = ordered_json::array(), routing = ordered_json::array();
    for (const api::TraceToken& token : trace.tokens) {
        ordered_json spans = ordered_json::array();
        for (const api::TraceSpan& span : token.spans)
            spans.push_back({{"name", span.name}, {"layer", span.layer}, {"startUs", span.startUs}, {"us", span.us}});
        tokens.push_back({{"id", token.id},
                          {"text", token.text},
                          {"phase", token.phase == api::TracePhase::prefill ? "prefill" : "decode"},
                          {"step", token.step},
                          {"ms", token.ms},
                          {"spans", std::move(spans)}});
    }
    for (const api::TraceRouting& r : trace.routing)
        routing.push_back({{"layer", r.layer}, {"token", r.token}, {"experts", r.experts}, {"weights", r.weights}});
    return {{"model", model},
            {"nExperts", trace.nExperts},
            {"watchingMs", trace.watchingMs},
            {"tokens", std::move(tokens)},
            {"routing", std::move(routing)}};
}

std::string numberText(const char* format, double value)
{
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

/// For people: the parts of prefill and decode, and how evenly the experts were used.
void printSummary(const Console& console, const api::Trace& trace)
{
    for (const auto& [phase, title] : {std::pair(api::TracePhase::prefill, "Prefill"), std::pair(api::TracePhase::decode, "Decode")}) {
        double ms = 0;
        int64_t nTokens = 0;
        std::map<std::string, double> parts;
        for (const api::TraceToken& token : trace.tokens) {
            if (token.phase != phase || token.step < 0)
                continue;
            ++nTokens;
            ms += token.ms;
            for (const api::TraceSpan& span : token.spans)
                parts[span.name] += span.us / 1e3;
        }
        if (nTokens == 0)
            continue;
        std::string line = std::string(title) + ": " + std::to_string(nTokens) + " tokens, " + numberText("%.2f ms each", ms / double(nTokens));
        for (const auto& [name, partMs] : parts)
            line += "\n  " + name + numberText(" %.1f %%", 100 * partMs / ms);
        console.printLine(line);
    }
    if (trace.nExperts == 0)
        return;
    std::map<int, std::vector<int64_t>> layers;
    for (const api::TraceRouting& r : trace.routing) {
        auto& counts = layers[r.layer];
        counts.resize(size_t(trace.nExperts));
        for (const int32_t expert : r.experts)
            ++counts[size_t(expert)];
    }
    for (const auto& [layer, counts] : layers) {
        const auto most = std::max_element(counts.begin(), counts.end());
        console.printLine("Layer " + std::to_string(layer) + ": " +
                          std::to_string(std::count_if(counts.begin(), counts.end(), [](int64_t n) { return n > 0; })) + " of " +
                          std::to_string(trace.nExperts) + " experts used, most often " + std::to_string(most - counts.begin()) + " (" +
                          std::to_string(*most) + " times)");
    }
}

int trace(CommandContext& context, const TraceOptions& options)
{
    if (options.messageOption->count() == options.tokensOption->count())
        throw UsageError("give either --message or --tokens-file");
    api::GenerationRequest request = options.generation.request();
    api::LoadOptions load;
    if (options.tokensOption->count() > 0)
        request.promptIds = parseIds(readWhole(options.tokensFile));
    else
        request.messages = {{"user", options.message == "-" ? readWhole("-") : options.message}};
    request.adapter = options.adapter.setting(context);
    load.contextLength = options.generation.contextLength;
    load.isExact = options.activations == "f32";
    load.quantization = options.quantization;
    options.compute.apply(load);
    const auto model = loadModel(context, options.model, api::ModelKind::chat, load);
    checkIds(request.promptIds, *model);

    Console& console = context.console();
    api::Trace trace;
    request.trace = &trace;
    const auto onToken = [&, n = 0](const api::TokenEvent&) mutable {
        console.progress("Token " + std::to_string(++n));
        return true;
    };
    const auto onProgress = [&](const api::PromptProgress& progress) {
        console.progress("Reading the prompt: " + std::to_string(progress.doneTokens) + " of " + std::to_string(progress.totalTokens) + " tokens");
    };
    const api::GenerationResult result = model->generate(request, onToken, context.stop(), onProgress);
    console.endProgress();

    const bool hasFile = !options.out.empty() && options.out != "-";
    if (hasFile || !console.isJson()) {
        if (!options.out.empty()) {
            OutputFile out(options.out);
            const std::string text =
                toJson(trace, model->facts().name).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
            out.write(text.data(), text.size());
            out.commit();
        }
        if (console.isJson())
            console.printJson({{"out", options.out}, {"promptTokens", result.promptTokens}, {"generatedTokens", result.generatedTokens}});
        else if (hasFile || options.out.empty())
            printSummary(console, trace);
    } else {
        console.printJson(toJson(trace, model->facts().name));
    }
    return 0;
}

} // namespace

Action declareTrace(CLI::App& command)
{
    auto options = std::make_shared<TraceOptions>();
    options->generation.maxTokens = 32;
    options->generation.sampling.temperature = 0;
    addModelOption(command, options->model, api::ModelKind::chat);
    options->messageOption =
        command.add_option("--message", options->message, "A message to answer; -: all of stdin")->type_name("TEXT");
    options->tokensOption =
        command.add_option("--tokens-file", options->tokensFile, "A prompt as token ids with white space between them; -: stdin")->type_name("FILE");
    command.add_option("--out", options->out, "The trace goes here as JSON; -: stdout (default: a summary is printed, with --json the trace)")
        ->type_name("FILE");
    addActivationsOption(command, options->activations);
    addQuantizationOption(command, options->quantization);
    options->compute.declare(command);
    options->adapter.declare(command);
    options->generation.declare(command);
    command.footer(
        "JSON: {model, nExperts, watchingMs, tokens: [{id, text, phase, step, ms, spans: [{name, layer, startUs, us}]}],\n"
        "routing: [{layer, token, experts, weights}]}. phase: prefill or decode. A step reads the tokens of one step number and predicts the\n"
        "next; its spans are at the first of them, its time is shared among them. The last token of an answer is not read: step -1.\n"
        "Spans: embedding, attention, feed-forward (router and experts lie inside), head, sampling; layer -1 is outside the layers.\n"
        "watchingMs: what recording the choices took. All of the prompt is computed, and nothing is guessed ahead.\n\nExample:\n"
        "  switchyard trace --model model.gguf --message \"Why is the sky blue?\" --max-tokens 20 --out trace.json");
    return [options](CommandContext& context) { return trace(context, *options); };
}

} // namespace sy::app
