// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::formats {
class ModelFile;
}

namespace sy::api {

/// Every file that belongs to a model: of a GGUF file its parts; of a folder the weights, the config and what says how to read and write
/// text with it, relative paths below the folder kept.
struct ModelFiles {
    std::filesystem::path root;               // the files' common folder
    std::vector<std::filesystem::path> names; // relative to it; the first one is the model's own
    bool isFolder = false;
};
ModelFiles filesOf(const formats::ModelFile& model);

/// The model's path as the library keeps it: the first part of a GGUF file, or the folder; canonical.
std::filesystem::path ownPathOf(const formats::ModelFile& model);

/// SHA-256 of a file; of a folder, of the list of its files' hashes and names. `progress` gets the bytes read so far.
std::string contentHash(const std::filesystem::path& path, std::stop_token stop,
                        const std::function<void(uint64_t doneBytes)>& progress = {});

} // namespace sy::api
