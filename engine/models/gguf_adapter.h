// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/adapter.h"

#include <filesystem>

namespace sy::models {

/// A GGUF file of type "adapter": NAME.weight.lora_a (rank, in) and .lora_b (out, rank), with a leading size for experts;
/// one adapter.lora.alpha for all, a matrix's scale being alpha / rank, or 1 for an alpha of 0.
///
/// Throws StorageFailure, BadFile naming what makes no sense, Unsupported for another model's adapter and for what
/// this version does not apply. Not yet bound: see bindAdapter().
nn::Adapter readGgufAdapter(const std::filesystem::path& path, const Model& model);

/// Writes the same, in F32. A matrix whose scale differs from the file's has the difference folded into lora_b; factors that
/// experts share are repeated for each. Throws StorageFailure, and Unsupported for DoRA, which the format cannot express.
void writeGgufAdapter(const std::filesystem::path& path, const Model& model, const nn::Adapter& adapter);

} // namespace sy::models
