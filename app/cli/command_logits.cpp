// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "app/cli/token_ids.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <bit>

namespace sy::app {

static_assert(std::endian::native == std::endian::little, "the logits file is little-endian");

namespace {

struct LogitsOptions {
    std::string model, tokens, tokensFile, out, activations = "fast", quantization;
    int64_t chunk = 512;
    ComputeOptions compute;
    AdapterOption adapter;
};

int writeLogits(CommandContext& context, const LogitsOptions& options)
{
    if (options.tokens.empty() == options.tokensFile.empty())
        throw UsageError("give either --tokens or --tokens-file");
    const auto ids = parseIds(options.tokens.empty() ? readWhole(options.tokensFile) : options.tokens);
    const api::AdapterSetting adapter = options.adapter.setting(context);
    api::LoadOptions load;
    load.contextLength = int64_t(ids.size());
    load.isExact = options.activations == "f32";
    load.quantization = options.quantization;
    options.compute.apply(load);
    const auto model = loadModel(context, options.model, api::ModelKind::chat, load);
    checkIds(ids, *model);

    OutputFile out(options.out);
    int64_t nDone = 0;
    int64_t nColumns = 0;
    model->logits(
        ids, options.chunk,
        [&](std::span<const float> rows, int64_t nPositions) {
            out.write(rows.data(), rows.size_bytes());
            nColumns = nPositions > 0 ? int64_t(rows.size()) / nPositions : nColumns;
            nDone += nPositions;
            context.console().progress("Position " + std::to_string(nDone) + " of " + std::to_string(ids.size()));
        },
        context.stop(), adapter);
    if (context.stop().stop_requested())
        throw Cancelled();
    out.commit();
    context.console().endProgress();
    if (out.isStdout()) // stdout carries the numbers
        return 0;
    if (context.console().isJson())
        context.console().printJson({{"positions", nDone}, {"vocabulary", nColumns}});
    else
        context.console().printLine(std::to_string(nDone) + " positions x " + std::to_string(nColumns) + " tokens in " + options.out);
    return 0;
}

} // namespace

Action declareLogits(CLI::App& command)
{
    auto options = std::make_shared<LogitsOptions>();
    addModelOption(command, options->model, api::ModelKind::chat);
    command.add_option("--tokens", options->tokens, "Token ids with white space between them, nothing is added")->type_name("\"1 2 3\"");
    command.add_option("--tokens-file", options->tokensFile, "File of token ids; -: stdin")->type_name("FILE");
    command.add_option("--out", options->out, "Little-endian float32, positions x vocabulary, goes here; -: stdout, and nothing else is printed")
        ->type_name("FILE")
        ->required();
    command.add_option("--chunk", options->chunk, "Positions computed in one step")
        ->type_name("N")
        ->check(CLI::Range(int64_t(1), int64_t(1) << 20))
        ->capture_default_str();
    addActivationsOption(command, options->activations);
    addQuantizationOption(command, options->quantization);
    options->compute.declare(command);
    options->adapter.declare(command);
    command.footer("JSON: {positions, vocabulary}.\n\nExample:\n"
                   "  switchyard logits --model model.gguf --tokens \"1 2 3\" --out logits.f32 --activations f32");
    return [options](CommandContext& context) { return writeLogits(context, *options); };
}

} // namespace sy::app
