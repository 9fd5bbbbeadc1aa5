// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/family.h"

#include <algorithm>

namespace sy::formats {

namespace {

constexpr Family kFamilies[] = {
    {"bert", "bert", mapBert},
    {"deepseek", "deepseek", mapDeepSeek},
    {"deepseek_v2", "deepseek2", mapDeepSeek2},
    {"deepseek_v3", "deepseek2", mapDeepSeek2},
    {"gemma3_text", "gemma3", mapGemma3},
    {"gpt_oss", "gpt-oss", mapGptOss},
    {"kimi_k2", "deepseek2", mapDeepSeek2},
    {"llama", "llama", mapLlama},
    {"mistral", "llama", mapLlama},
    {"mixtral", "llama", mapMixtral},
    {"olmoe", "olmoe", mapOlmoe},
    {"qwen2", "qwen2", mapQwen2},
    {"qwen2_moe", "qwen2moe", mapQwen2Moe},
    {"qwen3", "qwen3", mapQwen3},
    {"qwen3_moe", "qwen3moe", mapQwen3Moe},
    {"roberta", "bert", mapRoberta},
    {"xlm-roberta", "bert", mapRoberta},
};

} // namespace

std::span<const Family> families()
{
    return kFamilies;
}

const Family* findFamily(std::string_view modelType)
{
    const auto row = std::ranges::find(kFamilies, modelType, &Family::modelType);
    return row == std::end(kFamilies) ? nullptr : row;
}

} // namespace sy::formats
