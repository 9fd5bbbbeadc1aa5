// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "engine/api/library.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sy::app {

namespace {

struct InfoOptions {
    std::string model;
    bool withTensors = false;
    int64_t contextLength = 0;
};

nlohmann::ordered_json toJson(const api::ModelFacts& facts, bool withTensors)
{
    nlohmann::ordered_json json = {
        {"architecture", facts.architecture},
        {"name", facts.name},
        {"license", facts.license},
        {"kind", facts.isEmbedding ? "embedding" : "chat"},
        {"parameters", facts.nParameters},
        {"activeParameters", facts.nActiveParameters},
        {"fileBytes", facts.fileBytes},
        {"quantization", facts.quantization},
        {"contextLength", facts.contextLength},
        {"nLayers", facts.nLayers},
        {"nExperts", facts.nExperts},
        {"nExpertsUsed", facts.nExpertsUsed},
        {"vocabulary", facts.nVocabulary},
        {"memory",
         {{"weightsBytes", facts.memory.weightsBytes},
          {"kvBytesPerToken", facts.memory.kvBytesPerToken},
          {"kvBytesPerTokenOf", facts.memory.kvBytesPerTokenOf},
          {"chatTokens", facts.memory.chatTokens},
          {"chatKvBytesOf", facts.memory.chatKvBytesOf},
          {"computeBytes", facts.memory.computeBytes},
          {"processBytes", facts.memory.processBytes},
          {"chatPeakBytesOf", facts.memory.chatPeakBytesOf}}},
        {"supported", facts.isSupported},
        {"unsupportedReason", facts.unsupportedReason},
        {"warnings", facts.warnings},
        {"endTokens", facts.endTokens},
    };
    if (withTensors) {
        json["tensors"] = nlohmann::ordered_json::array();
        for (const auto& tensor : facts.tensors)
            json["tensors"].push_back({{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}, {"bytes", tensor.bytes}});
    }
    return json;
}

std::string shapeText(const std::vector<int64_t>& shape)
{
    std::string text;
    for (const int64_t size : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

void printText(Console& console, const api::ModelFacts& facts)
{
    const auto row = [&](std::string topic, const std::string& value) {
        topic.resize(18, ' ');
        console.printLine(topic + value);
    };
    row("Name", facts.name);
    row("Architecture", facts.architecture + (facts.isSupported ? "" : " (cannot be loaded: " + facts.unsupportedReason + ")"));
    row("License", facts.license.empty() ? "not said" : facts.license);
    row("Kind", facts.isEmbedding ? "embedding" : "chat");
    row("Parameters", std::to_string(facts.nParameters) +
                          (facts.nActiveParameters != facts.nParameters
                               ? ", " + std::to_string(facts.nActiveParameters) + " active for a token"
                               : std::string()));
    row("File", sizeText(double(facts.fileBytes)));
    for (const auto& [type, bytes] : facts.quantization)
        row("  " + type, sizeText(double(bytes)));
    row("Context length", std::to_string(facts.contextLength) + " tokens");
    row("Layers", std::to_string(facts.nLayers));
    if (facts.nExperts > 0)
        row("Experts", std::to_string(facts.nExpertsUsed) + " of " + std::to_string(facts.nExperts) + " for a token");
    row("Vocabulary", std::to_string(facts.nVocabulary) + " tokens");
    row("Memory", sizeText(double(facts.memory.weightsBytes)) + " weights, " + sizeText(double(facts.memory.kvBytesPerToken)) +
                      " KV cache for each token, " + sizeText(double(facts.memory.computeBytes)) + " while computing, " +
                      sizeText(double(facts.memory.processBytes)) + " the program itself");
    for (const auto& [type, bytes] : facts.memory.kvBytesPerTokenOf)
        row("  KV cache " + type, sizeText(double(bytes)) + " for each token, " + sizeText(double(facts.memory.chatKvBytesOf.at(type))) +
                                      " for " + std::to_string(facts.memory.chatTokens) + " tokens; " +
                                      sizeText(double(facts.memory.chatPeakBytesOf.at(type))) + " with everything");
    if (facts.isEmbedding && facts.isSupported)
        row("  Everything", sizeText(double(facts.memory.chatPeakBytesOf.at(""))));
    for (const std::string& warning : facts.warnings)
        row("Warning", warning);
    for (const auto& tensor : facts.tensors)
        console.printLine(tensor.name + "  " + tensor.type + "  " + shapeText(tensor.shape) + "  " + sizeText(double(tensor.bytes)));
}

} // namespace

Action declareInfo(CLI::App& command)
{
    auto options = std::make_shared<InfoOptions>();
    command.add_option("MODEL", options->model, "Path of a GGUF file or safetensors folder, or id or name of an imported model")->required();
    command.add_flag("--tensors", options->withTensors, "List every tensor: name, type, shape (outermost first), bytes");
    command.add_option("--context", options->contextLength, "Tokens of the chat whose memory is said; 0: what a load takes, at most 8192")
        ->type_name("N")
        ->check(CLI::Range(int64_t(0), int64_t(1) << 31))
        ->capture_default_str();
    command.footer("Reads the file's header only; no weights are loaded.\n\nExample:\n  switchyard info model.gguf --json");
    return [options](CommandContext& context) {
        api::ModelLibrary& library = context.engine().library();
        const api::ModelFacts facts = library.facts(library.resolve(options->model), options->withTensors, options->contextLength);
        if (context.console().isJson())
            context.console().printJson(toJson(facts, options->withTensors));
        else
            printText(context.console(), facts);
        return 0;
    };
}

} // namespace sy::app
