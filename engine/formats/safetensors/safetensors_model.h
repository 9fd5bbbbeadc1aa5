// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/model_file.h"
#include "engine/formats/safetensors/tensor_plan.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace sy::formats {

/// A Hugging Face folder (config.json and safetensors) under GGUF's keys and names, as if it had been converted. Which kinds of model:
/// family_table.cpp.
///
/// A tensor that is stored as GGUF would have it is a view of the mapped file. The others (stacked experts, permuted rows, FP8, norms
/// that lack their one) are made when they are asked for, in the smallest float type that holds them exactly, and belong to who
/// asked. The tokenizer is not part of it: see tokenizer/tokenizer_folder.h.
class SafetensorsModel final : public ModelFile {
public:
    /// Throws StorageFailure (cannot be read), BadFile (with file, tensor and offset; a tensor that the model type has no place for
    /// too) or Unsupported (model type, quantization method, a setting of the config that this build does not compute).
    static std::shared_ptr<const SafetensorsModel> open(const std::filesystem::path& folder, const OpenOptions& options = {});

    bool has(std::string_view name) const override { return m_index.contains(name); }
    Tensor get(std::string_view name) const override; // also OutOfMemory, Cancelled
    const Metadata& metadata() const override { return m_keys; }
    const std::vector<TensorInfo>& tensors() const override { return m_infos; }
    uint64_t fileBytes() const override { return m_folder->fileBytes(); }
    const std::vector<std::filesystem::path>& paths() const override { return m_paths; }
    const TensorSource& outline() const override { return m_outline; }
    void prefetch() const noexcept override;
    void notNeeded(std::span<const std::byte> bytes) const noexcept override;
    bool isInPages(const Tensor& tensor) const noexcept override;

private:
    class Outline final : public TensorSource {
    public:
        explicit Outline(const SafetensorsModel& model) : m_model(model) {}
        bool has(std::string_view name) const override { return m_model.has(name); }
        Tensor get(std::string_view name) const override;
        const Metadata& metadata() const override { return m_model.metadata(); }

    private:
        const SafetensorsModel& m_model;
    };

    SafetensorsModel(std::shared_ptr<const SafetensorsFolder> folder, OpenOptions options);
    size_t require(std::string_view name) const;
    Tensor build(const PlannedTensor& tensor, const TensorInfo& info) const;
    void buildIndex();

    std::shared_ptr<const SafetensorsFolder> m_folder;
    OpenOptions m_options;
    Metadata m_keys;
    std::vector<PlannedTensor> m_planned;
    std::vector<TensorInfo> m_infos; // in the order of m_planned
    std::vector<std::filesystem::path> m_paths;
    std::unordered_map<std::string_view, size_t> m_index; // views of m_infos' names
    Outline m_outline{*this};
};

} // namespace sy::formats
