// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/adapter_binding.h"
#include "engine/models/model.h"
#include "engine/nn/adapter.h"

#include <filesystem>
#include <string>

namespace sy::models {

/// A LoRA adapter as Hugging Face's PEFT writes it: a folder with adapter_config.json and adapter_model.safetensors. LoRA,
/// rsLoRA and DoRA; ranks and alphas by pattern; experts one by one or in fused parameters (nExperts * rank, in) and (out,
/// rank * nExperts).
///
/// The keys in the file decide what is adapted, and every one of them becomes part of the result: what this model has no
/// matrix for is Unsupported, with its name. Not yet bound: see bindAdapter().
///
/// Throws StorageFailure, BadFile naming the key or setting that makes no sense, and Unsupported for what PEFT can and
/// this version cannot.
nn::Adapter readPeftAdapter(const std::filesystem::path& folder, const Model& model);
nn::Adapter readPeftAdapter(const std::filesystem::path& folder, const std::string& architecture,
                            const AdaptableMatrices& matrices);

/// Writes the same in F32, making the folder: readPeftAdapter() gives back every value as it is. Experts are written one by
/// one. `base` goes into base_model_name_or_path. Throws StorageFailure, and Unsupported for matrices that have no name
/// there.
void writePeftAdapter(const std::filesystem::path& folder, const Model& model, const nn::Adapter& adapter,
                      const std::string& base);

} // namespace sy::models
