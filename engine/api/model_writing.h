// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/formats/gguf_writer.h"
#include "engine/formats/model_file.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace sy::api {

/// Writes the tensors of a model, declared in the file's order, into a new file, one after another: `append` is given each with
/// its place and hands its bytes to the writer. Returns the new file's size. Throws Cancelled, StorageFailure, and what append
/// throws.
uint64_t writeTensors(const formats::ModelFile& model, formats::GgufWriter& writer, const std::filesystem::path& out,
                      const std::function<void(size_t i, const formats::TensorInfo& info, const Tensor& tensor)>& append,
                      const std::stop_token& stop, const std::function<void(uint64_t done, uint64_t total)>& progress);

} // namespace sy::api
