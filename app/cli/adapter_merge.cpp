// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/adapter_merge.h"

#include "app/cli/failure.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "engine/api/adapters.h"
#include "engine/api/fine_tune.h"
#include "engine/api/merge.h"
#include "engine/api/runs.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>

namespace sy::app {

namespace {

/// How well the model, the adapter on it and the merged file predict the same text.
struct Quality {
    std::string text; // where it is from
    int64_t nTokens = 0;
    double model = 0, adapter = 0, merged = 0; // perplexities
};

/// The text to compare on: a file, or the first examples that the run was trained on.
std::string textFor(CommandContext& context, const std::string& id, const AdapterMergeOptions& options)
{
    if (!options.file.empty())
        return readWhole(options.file);
    if (!api::findRun(context.engine(), id))
        return {};
    std::string text;
    try {
        const api::FineTunePlan plan = api::planFineTune(context.engine(), api::runConfig(context.engine(), id), id, context.stop());
        for (const api::FineTuneRow& row : plan.preview)
            for (const api::FineTunePiece& piece : row.pieces)
                text += piece.text;
    } catch (const BadFile&) { // the examples have changed since, or are gone
        text.clear();
    } catch (const StorageFailure&) {
        text.clear();
    }
    return text;
}

double perplexityOf(CommandContext& context, api::LoadedModel& model, const std::string& text, int64_t contextLength,
                    const api::AdapterSetting& adapter, int64_t* nTokens)
{
    const auto tokens = model.tokenize(text, {.special = true});
    if (tokens.size() < 2)
        throw std::invalid_argument("the text has fewer than two tokens: there is nothing to predict");
    const auto measured = model.perplexity(tokens, contextLength, context.stop(), {}, adapter);
    *nTokens = measured.nTokens;
    return measured.perplexity;
}

std::optional<Quality> compare(CommandContext& context, const std::string& text, const std::string& base,
                               const std::filesystem::path& adapter, const AdapterMergeOptions& options)
{
    if (text.empty())
        return {};
    Quality q;
    q.text = options.file.empty() ? "the examples of the run" : options.file;
    api::LoadOptions load;
    load.contextLength = options.contextLength;
    {
        const auto model = loadModel(context, base, api::ModelKind::chat, load);
        q.model = perplexityOf(context, *model, text, options.contextLength, {}, &q.nTokens);
        q.adapter = perplexityOf(context, *model, text, options.contextLength, {adapter, options.strength}, &q.nTokens);
    }
    const auto merged = loadModel(context, options.out, api::ModelKind::chat, load);
    q.merged = perplexityOf(context, *merged, text, options.contextLength, {}, &q.nTokens);
    return q;
}

} // namespace

void AdapterMergeOptions::declare(CLI::App& command)
{
    command.add_option("--out", out, "The new GGUF file; it appears when it is whole")->type_name("FILE")->required();
    command.add_option("--model", model, "The model to merge into (default: the one it was trained on)")->type_name("MODEL");
    command
        .add_option("--type", type, "Type of the matrices that change (default: each keeps its own; with few bits that costs some of the update)")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"F32", "F16", "BF16", "Q8_0"}));
    command.add_option("--strength", strength, "Of the adapter")->check(CLI::Range(0.0, 2.0))->capture_default_str();
    command.add_option("--file", file, "Text to compare on, UTF-8; -: stdin (default: the first examples of the run)")->type_name("FILE");
    command.add_option("--context", contextLength, "Window length in tokens, for the comparison")
        ->type_name("N")
        ->check(CLI::Range(int64_t(2), int64_t(1) << 20))
        ->capture_default_str();
    command.footer("JSON: {path, inBytes, outBytes, matrices, quality: {text, nTokens, perplexity: {model, adapter, merged}} or null where\n"
                   "there is no text to compare on}.\n\nExample:\n"
                   "  switchyard adapters merge support-tone-1 --out support.gguf --type Q8_0");
}

int mergeAdapter(CommandContext& context, const std::string& id, const AdapterMergeOptions& options)
{
    const auto path = api::resolveAdapter(context.engine(), id);
    if (path.empty())
        throw Failure("there is no adapter \"" + id + "\" in the list, and no such file", "`switchyard adapters` shows the list.");
    const auto all = api::listAdapters(context.engine());
    const auto entry = std::ranges::find(all, path, &api::AdapterEntry::file);
    const std::string base = !options.model.empty() ? options.model : entry != all.end() ? entry->model : std::string();
    if (base.empty())
        throw Failure("the adapter " + id + " does not say which model it is for", "Name the model with --model.");
    const std::string text = textFor(context, id, options);
    Console& console = context.console();
    const auto result = api::mergeAdapter(context.engine(), path, context.engine().library().resolve(base), options.out,
                                          {options.type, options.strength}, context.stop(), [&](uint64_t done, uint64_t total) {
                                              console.progress("Merging: " + std::to_string(total ? done * 100 / total : 100) + " %");
                                          });
    console.endProgress();
    const auto quality = compare(context, text, base, path, options);
    if (console.isJson()) {
        nlohmann::ordered_json object = {{"path", options.out}, {"inBytes", result.inBytes}, {"outBytes", result.outBytes}, {"matrices", result.nMatrices}, {"quality", nullptr}};
        if (quality)
            object["quality"] = {{"text", quality->text},
                                 {"nTokens", quality->nTokens},
                                 {"perplexity", {{"model", quality->model}, {"adapter", quality->adapter}, {"merged", quality->merged}}}};
        console.printJson(object);
        return 0;
    }
    console.printLine(options.out + ": " + sizeText(double(result.outBytes)) + ", " + std::to_string(result.nMatrices) + " matrices changed");
    if (!quality) {
        console.warn("not compared: give a text with --file");
        return 0;
    }
    char line[256];
    std::snprintf(line, sizeof line, "Perplexity of %s: %.4f with the model, %.4f with the adapter, %.4f merged (%+.2f %%)", quality->text.c_str(),
                  quality->model, quality->adapter, quality->merged, 100 * (quality->merged / quality->adapter - 1));
    console.printLine(line);
    return 0;
}

} // namespace sy::app
