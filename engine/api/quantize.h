// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

/// The types that quantizeModel writes, best first.
struct QuantizationType {
    std::string name;        // "Q4_K_M"
    std::string description; // one line
};
std::vector<QuantizationType> quantizationTypes();

struct QuantizeResult {
    uint64_t inBytes = 0;  // of the weights' files
    uint64_t outBytes = 0; // of the new file
    std::map<std::string, uint64_t> types; // type name to bytes of its tensors
    std::vector<std::string> withoutImportance; // tensors that the importance matrix lacks
};

/// Writes a model (GGUF file or folder of safetensors) as a GGUF file of another type, tensor by tensor: memory for the largest one. The
/// file appears at `out` when it is whole. What is never quantized (norms, routers, biases) stays as it is. With an importance matrix
/// (formats::ImportanceMatrix) errors of the K types count by the importance of their column.
///
/// Throws BadFile naming a tensor with a weight that is no number; Unsupported for a source that is quantized to fewer than 8 bits
/// already, or a tokenizer that GGUF cannot hold; std::invalid_argument for an unknown type or an `out` that is the model itself;
/// what opening the model and writing a file throw; Cancelled.
QuantizeResult quantizeModel(const std::filesystem::path& model, const std::filesystem::path& out, const std::string& type, int nThreads,
                             std::stop_token stop = {}, const std::function<void(uint64_t done, uint64_t total)>& progress = {},
                             const std::filesystem::path& importance = {});

} // namespace sy::api
