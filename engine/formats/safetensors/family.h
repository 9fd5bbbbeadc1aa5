// SPDX-License-Identifier: GPL-3.0-or-later
// How the folders of one kind of model map to GGUF's keys and names. A family is one file and one row for each model_type.
#pragma once

#include "engine/formats/metadata.h"
#include "engine/formats/safetensors/folder_config.h"
#include "engine/formats/safetensors/tensor_plan.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::formats {

/// What a family's function reads and fills.
struct FamilyInput {
    const FolderConfig& config;
    std::string architecture; // of the row; prefix of the keys
    Metadata& keys;
    TensorPlan& plan;

    std::string key(const std::string& name) const { return architecture + "." + name; }
};

struct Family {
    std::string_view modelType;    // as in config.json
    std::string_view architecture; // as in GGUF's general.architecture
    void (*map)(FamilyInput& input);
};

std::span<const Family> families();
const Family* findFamily(std::string_view modelType); // nullptr when no row has it

void mapLlama(FamilyInput& input);     // family_llama.cpp
void mapMixtral(FamilyInput& input);
void mapQwen2(FamilyInput& input);     // family_qwen.cpp
void mapQwen2Moe(FamilyInput& input);
void mapQwen3(FamilyInput& input);
void mapQwen3Moe(FamilyInput& input);
void mapOlmoe(FamilyInput& input);     // family_olmoe.cpp
void mapDeepSeek(FamilyInput& input);  // family_deepseek.cpp
void mapDeepSeek2(FamilyInput& input);
void mapGptOss(FamilyInput& input);    // family_gpt_oss.cpp
void mapGemma3(FamilyInput& input);    // family_gemma3.cpp
void mapBert(FamilyInput& input);      // family_bert.cpp
void mapRoberta(FamilyInput& input);

} // namespace sy::formats
