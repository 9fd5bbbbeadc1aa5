// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "engine/api/bench.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace sy::app {

namespace {

using Spread = api::BenchResult::Spread;

struct BenchCommandOptions {
    std::string model, file = "-";
    bool isEmbedding = false, isTraining = false;
    api::BenchOptions bench;
    api::TrainBenchOptions training;
    ComputeOptions compute;
    AdapterOption adapter;
};

nlohmann::ordered_json toJson(const Spread& spread)
{
    if (spread.max == 0) // not asked for
        return nullptr;
    return {{"min", spread.min}, {"median", spread.median}, {"max", spread.max}};
}

std::string spreadText(const char* what, const Spread& spread)
{
    char line[128];
    if (spread.max == 0)
        std::snprintf(line, sizeof line, "%-10s          -", what);
    else
        std::snprintf(line, sizeof line, "%-10s %10.1f  (%.1f to %.1f)", what, spread.median, spread.min, spread.max);
    return line;
}

int benchEmbedding(CommandContext& context, const BenchCommandOptions& options)
{
    std::vector<std::string> passages;
    LineReader lines(options.file);
    while (const auto line = lines.next(context.stop())) {
        if (line->empty())
            continue;
        const auto json = nlohmann::json::parse(*line, nullptr, false);
        if (!json.is_object() || !json.contains("text") || !json["text"].is_string())
            throw BadFile(options.file, "passages are lines {\"text\"}, not: " + line->substr(0, 80));
        passages.push_back(json["text"].get<std::string>());
    }
    if (passages.empty())
        throw BadFile(options.file, "there are no lines {\"text\"} to embed");
    const auto path = resolveModel(context, options.model, api::ModelKind::embedding);
    const auto result = context.engine().models().benchEmbed(path, passages, options.bench.nRepeat, context.stop());
    if (context.console().isJson()) {
        context.console().printJson(
            {{"passagesPerSecond", toJson(result.passagesPerSecond)}, {"tokensPerSecond", toJson(result.tokensPerSecond)}});
        return 0;
    }
    context.console().printLine(spreadText("passages/s", result.passagesPerSecond));
    context.console().printLine(spreadText("tokens/s", result.tokensPerSecond));
    return 0;
}

int benchTraining(CommandContext& context, const BenchCommandOptions& options)
{
    const auto path = resolveModel(context, options.model, api::ModelKind::chat);
    api::TrainBenchOptions training = options.training;
    training.nRepeat = options.bench.nRepeat;
    const auto result = api::benchTraining(context.engine(), path, training, context.stop());
    Console& console = context.console();
    if (console.isJson()) {
        console.printJson({{"trainTokensPerSecond", toJson(result.trainTokensPerSecond)}, {"peakBytes", result.peakBytes}});
        return 0;
    }
    console.printLine("tokens/s       median  (range)");
    console.printLine(spreadText("training", result.trainTokensPerSecond));
    console.printLine(sizeText(double(result.peakBytes)) + " at most");
    return 0;
}

int benchChat(CommandContext& context, const BenchCommandOptions& options)
{
    const auto path = resolveModel(context, options.model, api::ModelKind::chat);
    api::BenchOptions bench = options.bench;
    options.compute.apply(bench.load);
    bench.adapter = options.adapter.setting(context);
    const auto result = context.engine().models().bench(path, bench, context.stop());
    Console& console = context.console();
    if (console.isJson()) {
        console.printJson({{"prefillTokensPerSecond", toJson(result.prefillTokensPerSecond)},
                           {"decodeTokensPerSecond", toJson(result.decodeTokensPerSecond)},
                           {"loadSeconds", result.loadSeconds},
                           {"peakBytes", result.peakBytes},
                           {"threads", result.nThreads},
                           {"cpuLevel", result.cpuLevel},
                           {"device", result.device}});
        return 0;
    }
    console.printLine("tokens/s       median  (range)");
    console.printLine(spreadText("prefill", result.prefillTokensPerSecond));
    console.printLine(spreadText("decode", result.decodeTokensPerSecond));
    char line[160];
    std::snprintf(line, sizeof line, "Loaded in %.2f s, %s at most; %d threads, %s, %s", result.loadSeconds,
                  sizeText(double(result.peakBytes)).c_str(), result.nThreads, result.cpuLevel.c_str(), result.device.c_str());
    console.printLine(line);
    return 0;
}

} // namespace

Action declareBench(CLI::App& command)
{
    auto options = std::make_shared<BenchCommandOptions>();
    addModelOption(command, options->model, api::ModelKind::chat);
    const auto add = [&](const char* name, auto& value, const char* text, int64_t least) {
        command.add_option(name, value, text)->type_name("N")->check(CLI::Range(least, int64_t(1) << 20))->capture_default_str();
    };
    add("--prompt", options->bench.nPrompt, "Tokens of the prompt; 0: measure decode only", 0);
    add("--generate", options->bench.nGenerate, "Tokens to generate; 0: measure prefill only", 0);
    add("--depth", options->bench.depth, "Tokens in the KV cache before", 0);
    add("--batch", options->bench.batch, "Sequences decoded together", 1);
    add("--repeat", options->bench.nRepeat, "Times each is measured", 1);
    options->compute.declare(command);
    options->adapter.declare(command);
    command.add_flag("--train", options->isTraining, "Measure steps of a fine-tune of an adapter");
    add("--context", options->training.contextLength, "Tokens of a step of --train", 2);
    add("--rank", options->training.rank, "Of the adapter of --train", 1);
    command.add_flag("!--no-checkpointing", options->training.hasCheckpoints, "Of --train: keep all activations instead of computing them again");
    command.add_flag("--embed", options->isEmbedding, "Measure an embedding model on the texts of --file");
    command.add_option("--file", options->file, "Lines {\"text\"} for --embed; -: stdin")->type_name("FILE")->capture_default_str();
    command.footer("JSON: {prefillTokensPerSecond: {min, median, max}, decodeTokensPerSecond: {…}, loadSeconds, peakBytes, threads, cpuLevel,\n"
                   "device}; with --embed {passagesPerSecond: {…}, tokensPerSecond: {…}}; with --train {trainTokensPerSecond: {…}, peakBytes}.\n\nExample:\n"
                   "  switchyard bench --model model.gguf --prompt 512 --generate 64 --threads 2");
    return [options](CommandContext& context) {
        if (options->isEmbedding)
            return benchEmbedding(context, *options);
        return options->isTraining ? benchTraining(context, *options) : benchChat(context, *options);
    };
}

} // namespace sy::app
