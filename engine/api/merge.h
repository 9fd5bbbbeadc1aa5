// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace sy::api {

class Engine;

struct MergeOptions {
    std::string type;    // of the matrices that change: "Q8_0", "F16" ...; empty: each keeps its own
    double strength = 1; // 0 to 2
    std::string name{};  // put behind the model's name, in brackets; empty: it keeps its own
};

/// What merging would come to.
struct MergePlan {
    uint64_t inBytes = 0;        // of the model's files
    uint64_t outBytes = 0;       // of the new file, to a few kilobytes
    uint64_t availableBytes = 0; // on its disk; the old file is kept until the new one is whole
    int64_t nMatrices = 0;       // that would change; those of experts count once
    bool isThere = false;        // a file of that name, which would be replaced
};

struct MergeResult {
    uint64_t inBytes = 0;   // of the model's files
    uint64_t outBytes = 0;  // of the new file
    int64_t nMatrices = 0;  // changed; those of experts count once
};

/// Reads the headers and the adapter; writes nothing. Throws as mergeAdapter(), but for the room on the disk.
MergePlan planMerge(Engine& engine, const std::filesystem::path& adapter, const std::filesystem::path& model,
                    const std::filesystem::path& out, const MergeOptions& options = {}, std::stop_token stop = {});

/// Writes a model with an adapter's updates in its weights as a GGUF file, tensor by tensor: memory for the largest one. Every
/// matrix is unpacked, updated and packed again: with few bits that costs some of the update, so compare before and after. The
/// file appears at `out` when it is whole.
///
/// Throws Unsupported for an adapter of another model, a matrix that the file keeps in parts, and a type without an encoder;
/// BadFile; std::invalid_argument for an unknown type and an `out` that is the model itself; StorageFailure, before anything is
/// written where the disk has no room; Cancelled.
MergeResult mergeAdapter(Engine& engine, const std::filesystem::path& adapter, const std::filesystem::path& model,
                         const std::filesystem::path& out, const MergeOptions& options = {}, std::stop_token stop = {},
                         const std::function<void(uint64_t done, uint64_t total)>& progress = {});

/// How well the model, the adapter on it and the merged file predict the same text.
struct MergeQuality {
    int64_t nTokens = 0;                     // scored
    double model = 0, adapter = 0, merged = 0; // perplexities
};

struct QualityOptions {
    double strength = 1;         // of the adapter
    int64_t contextLength = 512; // of a window, in tokens; the model's when that is shorter
};

/// Loads both models, one after the other. Progress counts tokens of all three passes. Throws std::invalid_argument for a text
/// of fewer than two tokens, and as ModelHost::load() does.
MergeQuality compareMerged(Engine& engine, const std::filesystem::path& adapter, const std::filesystem::path& model,
                           const std::filesystem::path& merged, const std::string& text, const QualityOptions& options = {},
                           std::stop_token stop = {}, const std::function<void(int64_t done, int64_t total)>& progress = {});

/// The text of the first examples that a run was trained on, as the model reads it; empty for what is no run, and when the examples
/// have changed since or are gone. Throws Cancelled.
std::string examplesOf(Engine& engine, const std::string& run, std::stop_token stop = {},
                       const std::function<void(uint64_t done, uint64_t total)>& onRead = {});

} // namespace sy::api
