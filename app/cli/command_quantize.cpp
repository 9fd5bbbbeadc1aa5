// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/quantize.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>

namespace sy::app {

namespace {

struct QuantizeOptions {
    std::string model, out, type, importance;
};

std::string megabytes(uint64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB", double(bytes) / 1e6);
    return text;
}

int quantize(CommandContext& context, const QuantizeOptions& options)
{
    const auto start = std::chrono::steady_clock::now();
    const std::filesystem::path model = context.engine().library().resolve(options.model);
    Console& console = context.console();
    const api::QuantizeResult result =
        api::quantizeModel(model, options.out, options.type, context.engine().nThreads(), context.stop(), [&](uint64_t done, uint64_t total) {
            console.progress("Quantizing: " + std::to_string(total ? done * 100 / total : 100) + " %");
        }, options.importance);
    console.endProgress();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (console.isJson()) {
        console.printJson({{"inBytes", result.inBytes}, {"outBytes", result.outBytes}, {"seconds", seconds}, {"quantization", result.types}, {"withoutImportance", result.withoutImportance}});
        return 0;
    }
    console.printLine(options.out + ": " + megabytes(result.outBytes) + " from " + megabytes(result.inBytes));
    if (!result.withoutImportance.empty())
        console.warn(std::to_string(result.withoutImportance.size()) + " tensors are not in the importance matrix, the first is " +
                     result.withoutImportance.front());
    for (const auto& [type, bytes] : result.types)
        console.printLine("  " + type + "  " + megabytes(bytes));
    return 0;
}

std::string typeList()
{
    std::string text;
    for (const api::QuantizationType& type : api::quantizationTypes())
        text += "  " + type.name + std::string(type.name.size() < 8 ? 8 - type.name.size() : 1, ' ') + type.description + "\n";
    return text;
}

} // namespace

Action declareQuantize(CLI::App& command)
{
    auto options = std::make_shared<QuantizeOptions>();
    command.add_option("MODEL", options->model, "Path of a GGUF file or safetensors folder, or id or name of an imported model")->required();
    command.add_option("OUT", options->out, "The new GGUF file; it appears when it is whole")->required();
    std::vector<std::string> names{"Q3_K", "Q4_K", "Q5_K"};
    for (const api::QuantizationType& type : api::quantizationTypes())
        names.push_back(type.name);
    command.add_option("--type", options->type, "What most matrices become (below)")
        ->type_name("TYPE")
        ->required()
        ->check(CLI::IsMember(names, CLI::ignore_case));
    command.add_option("--imatrix", options->importance, "Importance matrix (GGUF): errors in columns that matter more count more; K types")
        ->type_name("FILE");
    command.footer("Types:\n" + typeList() +
                   "\nTensors that lose most keep more bits; norms, routers and biases stay as they are. JSON: {inBytes, outBytes,\n"
                   "seconds, quantization {type: bytes}, withoutImportance [tensors that the matrix lacks]}.\n\nExample:\n  switchyard quantize ~/models/Qwen3-4B qwen3-4b-q4_k_m.gguf --type Q4_K_M");
    return [options](CommandContext& context) { return quantize(context, *options); };
}

} // namespace sy::app
