// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/model_table.h"

#include "engine/core/error.h"
#include "engine/models/architectures.h"

#include <algorithm>

namespace sy::models {

namespace {

struct Architecture {
    std::string_view name; // as written in general.architecture
    std::unique_ptr<Model> (*load)(const formats::TensorSource& source);
};

constexpr Architecture kArchitectures[] = {
    {"bert", loadBert},
    {"deepseek", loadDeepSeek},
    {"deepseek2", loadDeepSeek2},
    {"deepseek32", loadDeepSeek2},
    {"deepseek4", loadDeepSeek4},
    {"gemma-embedding", loadGemmaEmbedding},
    {"gemma3", loadGemma3},
    {"gpt-oss", loadGptOss},
    {"llama", loadLlama},
    {"nomic-bert", loadNomicBert},
    {"olmoe", loadOlmoe},
    {"qwen2", loadQwen2},
    {"qwen2moe", loadQwen2Moe},
    {"qwen3", loadQwen3},
    {"qwen35", loadQwen35},
    {"qwen35moe", loadQwen35},
    {"qwen3moe", loadQwen3Moe},
};

const Architecture* find(std::string_view name)
{
    const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
    return found == std::end(kArchitectures) ? nullptr : found;
}

} // namespace

std::unique_ptr<Model> loadModel(std::shared_ptr<const formats::TensorSource> source)
{
    const std::string name(source->metadata().requireString("general.architecture"));
    const Architecture* architecture = find(name);
    if (!architecture) {
        std::string reason = "this version runs";
        for (const Architecture& a : kArchitectures)
            reason.append(a.name == kArchitectures[0].name ? " " : ", ").append(a.name);
        throw Unsupported("the model architecture \"" + name + "\"", reason);
    }
    return architecture->load(*source);
}

std::vector<std::string_view> architectures()
{
    std::vector<std::string_view> names;
    for (const Architecture& a : kArchitectures)
        names.push_back(a.name);
    return names;
}

bool isSupported(std::string_view architecture)
{
    return find(architecture) != nullptr;
}

} // namespace sy::models
