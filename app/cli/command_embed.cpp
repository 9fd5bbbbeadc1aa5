// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

namespace sy::app {

namespace {

using Input = api::LoadedModel::EmbedInput;

constexpr size_t kBatch = 32; // texts embedded together when they are there already

struct EmbedOptions {
    std::string model, file = "-", activations = "fast";
    bool isNormalized = true;
};

Input inputOfLine(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string())
        throw BadFile("the input", "embed takes lines {\"text\": \"…\", \"kind\": \"query\" or \"passage\"}, not: " + line.substr(0, 80));
    Input input{json["text"].get<std::string>()};
    const auto kind = json.value("kind", nlohmann::json());
    if (kind == "query")
        input.kind = Input::Kind::query;
    else if (kind == "passage")
        input.kind = Input::Kind::passage;
    else if (!kind.is_null())
        throw BadFile("the input", "kind is \"query\" or \"passage\", not " + kind.dump());
    return input;
}

void embedBatch(CommandContext& context, api::LoadedModel& model, std::vector<Input>& batch, bool isNormalized)
{
    for (const auto& embedding : model.embed(batch, isNormalized, context.stop()))
        context.console().printJson({{"embedding", embedding.values}, {"nTokens", embedding.nTokens}});
    batch.clear();
}

int embedAll(CommandContext& context, const EmbedOptions& options)
{
    api::LoadOptions load;
    load.isExact = options.activations == "f32";
    const auto model = loadModel(context, options.model, api::ModelKind::embedding, load);
    LineReader lines(options.file);
    std::vector<Input> batch;
    int64_t nDone = 0;
    while (const auto line = lines.next(context.stop())) {
        if (line->empty())
            continue;
        batch.push_back(inputOfLine(*line));
        if (batch.size() < kBatch && lines.hasMore())
            continue;
        nDone += int64_t(batch.size());
        embedBatch(context, *model, batch, options.isNormalized);
        context.console().progress(std::to_string(nDone) + " texts");
    }
    if (!batch.empty() && !context.stop().stop_requested())
        embedBatch(context, *model, batch, options.isNormalized);
    return 0;
}

} // namespace

Action declareEmbed(CLI::App& command)
{
    auto options = std::make_shared<EmbedOptions>();
    addModelOption(command, options->model, api::ModelKind::embedding);
    command.add_option("FILE", options->file, "Lines {\"text\", \"kind\": \"query\" or \"passage\"?}; -: stdin")->capture_default_str();
    command.add_flag("--normalize,!--no-normalize", options->isNormalized, "Scale each vector to length 1 (default: on)");
    addActivationsOption(command, options->activations);
    command.footer("A text with a kind gets the prefix that the model wants for it; one without is taken as it is.\n"
                   "Prints lines {embedding, nTokens}, with and without --json.\n\nExample:\n"
                   "  echo '{\"text\": \"how to reset\", \"kind\": \"query\"}' | switchyard embed --model multilingual-e5-small");
    return [options](CommandContext& context) { return embedAll(context, *options); };
}

} // namespace sy::app
