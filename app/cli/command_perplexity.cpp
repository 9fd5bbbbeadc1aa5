// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace sy::app {

namespace {

struct PerplexityOptions {
    std::string model, file, activations = "fast", quantization;
    int64_t contextLength = 512;
    ComputeOptions compute;
    AdapterOption adapter;
};

int measure(CommandContext& context, const PerplexityOptions& options)
{
    const std::string text = readWhole(options.file);
    const api::AdapterSetting adapter = options.adapter.setting(context);
    api::LoadOptions load;
    load.contextLength = options.contextLength;
    load.isExact = options.activations == "f32";
    load.quantization = options.quantization;
    options.compute.apply(load);
    const auto model = loadModel(context, options.model, api::ModelKind::chat, load);
    const auto tokens = model->tokenize(text);
    if (tokens.size() < 2)
        throw std::invalid_argument(options.file + " has fewer than two tokens: there is nothing to predict");
    Console& console = context.console();
    const auto onProgress = [&](int64_t done, int64_t total) {
        console.progress("Token " + std::to_string(done) + " of " + std::to_string(total));
    };
    const auto result = model->perplexity(tokens, options.contextLength, context.stop(), onProgress, adapter);
    console.endProgress();
    if (console.isJson()) {
        console.printJson({{"perplexity", result.perplexity}, {"meanNll", result.meanNll}, {"nTokens", result.nTokens}});
        return 0;
    }
    char line[128];
    std::snprintf(line, sizeof line, "Perplexity %.4f (mean negative log-likelihood %.6f nats over %lld tokens)", result.perplexity,
                  result.meanNll, static_cast<long long>(result.nTokens));
    console.printLine(line);
    return 0;
}

} // namespace

Action declarePerplexity(CLI::App& command)
{
    auto options = std::make_shared<PerplexityOptions>();
    addModelOption(command, options->model, api::ModelKind::chat);
    command.add_option("--file", options->file, "Text to predict, UTF-8; -: stdin")->type_name("FILE")->required();
    command.add_option("--context", options->contextLength, "Window length in tokens")
        ->type_name("N")
        ->check(CLI::Range(int64_t(2), int64_t(1) << 20))
        ->capture_default_str();
    addActivationsOption(command, options->activations);
    addQuantizationOption(command, options->quantization);
    options->compute.declare(command);
    options->adapter.declare(command);
    command.footer("The text is cut into consecutive windows without overlap; no BOS is added and the first token of a window is not\n"
                   "scored. JSON: {perplexity, meanNll, nTokens}.\n\nExample:\n"
                   "  switchyard perplexity --model model.gguf --file book.txt --context 512");
    return [options](CommandContext& context) { return measure(context, *options); };
}

} // namespace sy::app
