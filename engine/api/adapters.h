// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sy::api {

class Engine;

/// An adapter in the data folder: one that a fine-tuning run left there, or an imported one.
struct AdapterEntry {
    std::string id;             // the run's name, or what the import was named after
    std::filesystem::path file; // GGUF, or of some imported ones a folder as PEFT writes it
    uint64_t bytes = 0;
    std::string name;  // the run's; of an imported one its id until renameAdapter()
    std::string model; // what it was trained on, as far as that is known: path, id or name of a model; empty: not known
    bool isImported = false;
};

/// Those of all runs that have come to one, and all imported ones, by id.
std::vector<AdapterEntry> listAdapters(Engine& engine);

/// Copies a GGUF adapter or a folder as PEFT writes it into the data folder's adapters/. Throws StorageFailure, BadFile for
/// what is no adapter. Whether it fits a model is found out when it is used.
AdapterEntry importAdapter(Engine& engine, const std::filesystem::path& path);

/// Gives an imported adapter another name; its id stays. Throws std::invalid_argument for a run's, StorageFailure.
void renameAdapter(Engine& engine, const AdapterEntry& entry, const std::string& name);

/// Puts an imported adapter away; what was put away before is gone then, and it too when an engine is started after this one
/// has ended. Throws std::invalid_argument for a run's, which goes with its run (runs.h), StorageFailure.
void removeAdapter(Engine& engine, const AdapterEntry& entry);

/// Brings back what removeAdapter() put away last. Returns its id, which is another one when a new adapter has taken the old
/// one.
std::string restoreAdapter(Engine& engine, const AdapterEntry& entry);

enum class AdapterFormat : uint8_t {
    gguf, // DIR/ID.gguf: what llama.cpp and this program read
    peft, // DIR/ID/adapter_config.json and adapter_model.safetensors: what Hugging Face's PEFT and this program read
};

/// Writes an entry in a format, making the folder, and returns the path. Another format than the entry's takes the model
/// that it is for: `model`, or the entry's own when that is empty. Throws StorageFailure, BadFile, Unsupported for a model
/// that is not known or that the adapter does not fit, and for what the format cannot hold; nothing is left half written.
std::filesystem::path exportAdapter(Engine& engine, const AdapterEntry& entry, const std::filesystem::path& folder,
                                    AdapterFormat format = AdapterFormat::gguf, const std::string& model = {});

/// The file or folder that a text names: a path, or the id of an entry. Empty when there is neither.
std::filesystem::path resolveAdapter(Engine& engine, const std::string& text);

} // namespace sy::api
