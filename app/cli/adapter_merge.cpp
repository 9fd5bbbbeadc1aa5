// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/adapter_merge.h"

#include "app/cli/failure.h"
#include "app/cli/input.h"
#include "engine/api/adapters.h"
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/merge.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>

namespace sy::app {

namespace {

int percent(int64_t done, int64_t total)
{
    return total > 0 ? int(done * 100 / total) : 100;
}

/// The text to compare on: a file, or the first examples that the run was trained on.
std::string textFor(CommandContext& context, const std::string& id, const AdapterMergeOptions& options)
{
    if (!options.file.empty())
        return readWhole(options.file);
    return api::examplesOf(context.engine(), id, context.stop(), [&](uint64_t done, uint64_t total) {
        context.console().progress("Reading data: " + std::to_string(percent(int64_t(done), int64_t(total))) + " %");
    });
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
    const auto baseFile = context.engine().library().resolve(base);
    const auto result = api::mergeAdapter(context.engine(), path, baseFile, options.out, {options.type, options.strength, entry != all.end() ? entry->name : path.stem().string()},
                                          context.stop(), [&](uint64_t done, uint64_t total) {
                                              console.progress("Merging: " + std::to_string(percent(int64_t(done), int64_t(total))) + " %");
                                          });
    std::optional<api::MergeQuality> quality;
    const std::string source = options.file.empty() ? "the examples of the run" : options.file;
    if (!text.empty())
        quality = api::compareMerged(context.engine(), path, baseFile, options.out, text, {options.strength, options.contextLength},
                                     context.stop(), [&](int64_t done, int64_t total) {
                                         console.progress("Measuring: " + std::to_string(percent(done, total)) + " %");
                                     });
    console.endProgress();
    if (console.isJson()) {
        nlohmann::ordered_json object = {{"path", options.out}, {"inBytes", result.inBytes}, {"outBytes", result.outBytes}, {"matrices", result.nMatrices}, {"quality", nullptr}};
        if (quality)
            object["quality"] = {{"text", source},
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
    std::snprintf(line, sizeof line, "Perplexity of %s: %.4f with the model, %.4f with the adapter, %.4f merged (%+.2f %%)", source.c_str(),
                  quality->model, quality->adapter, quality->merged, 100 * (quality->merged / quality->adapter - 1));
    console.printLine(line);
    return 0;
}

} // namespace sy::app
