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
};

struct MergeResult {
    uint64_t inBytes = 0;   // of the model's files
    uint64_t outBytes = 0;  // of the new file
    int64_t nMatrices = 0;  // changed; those of experts count once
};

/// Writes a model with an adapter's updates in its weights as a GGUF file, tensor by tensor: memory for the largest one. Every
/// matrix is unpacked, updated and packed again: with few bits that costs some of the update, so compare before and after. The
/// file appears at `out` when it is whole.
///
/// Throws Unsupported for an adapter of another model, a matrix that the file keeps in parts, and a type without an encoder;
/// BadFile; std::invalid_argument for an unknown type and an `out` that is the model itself; StorageFailure; Cancelled.
MergeResult mergeAdapter(Engine& engine, const std::filesystem::path& adapter, const std::filesystem::path& model,
                         const std::filesystem::path& out, const MergeOptions& options = {}, std::stop_token stop = {},
                         const std::function<void(uint64_t done, uint64_t total)>& progress = {});

} // namespace sy::api
