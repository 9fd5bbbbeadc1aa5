// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/formats/gguf_writer.h"
#include "engine/formats/model_file.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace sy::api {

/// Writes the tensors of a model, declared in the file's order, into a new file, one after another: `append` is given each with
/// its place and hands its bytes to the writer. Returns the new file's size. Throws Cancelled, StorageFailure, and what append
/// throws.
uint64_t writeTensors(const formats::ModelFile& model, formats::GgufWriter& writer, const std::filesystem::path& out,
                      const std::function<void(size_t i, const formats::TensorInfo& info, const Tensor& tensor)>& append,
                      const std::stop_token& stop, const std::function<void(uint64_t done, uint64_t total)>& progress);

/// Puts a word in brackets behind the model's name, so that a list tells the new one from the old one.
void addToName(formats::Metadata& keys, const std::string& word);

/// Bytes that are free on the disk of a file that may not be there yet; all there can be where that is not known.
uint64_t roomFor(const std::filesystem::path& out);
/// Throws StorageFailure when there are fewer than these.
void requireRoom(const std::filesystem::path& out, uint64_t bytes);

} // namespace sy::api
