// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/model_store.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace sy::api {

/// Adds a model, a GGUF file or a folder of safetensors, to the store: where it is, or copied (all its files) into `copyTo` when that is
/// not empty. A model that is in the store already gives its row. Throws BadFile, Unsupported, StorageFailure, Cancelled; then nothing has been added.
store::ModelRow importModel(store::ModelStore& store, const std::filesystem::path& path, const std::filesystem::path& copyTo,
                            std::stop_token stop, const std::function<void(uint64_t done, uint64_t total)>& progress);

/// Deletes a model's file, the other parts of a split one, or its folder, when it lies in modelsDir; files elsewhere are never touched.
void deleteOwnFiles(const std::filesystem::path& file, const std::filesystem::path& modelsDir);

} // namespace sy::api
