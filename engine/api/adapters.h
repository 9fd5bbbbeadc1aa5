// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sy::api {

class Engine;

/// An adapter that a fine-tuning run left in the data folder.
struct AdapterEntry {
    std::string id;             // the run's name
    std::filesystem::path file; // GGUF
    uint64_t bytes = 0;
    std::string name;  // as the run's configuration says; empty when that cannot be read
    std::string model; // likewise: what it was trained on
};

/// Those of all runs that have come to one, by id.
std::vector<AdapterEntry> listAdapters(Engine& engine);

/// Copies an entry's file to DIR/ID.gguf, making the folder, and returns that path. Throws StorageFailure; nothing is left half
/// written.
std::filesystem::path exportAdapter(const AdapterEntry& entry, const std::filesystem::path& folder);

/// The file or folder that a text names: a path, or the id of an entry. Empty when there is neither.
std::filesystem::path resolveAdapter(Engine& engine, const std::string& text);

} // namespace sy::api
