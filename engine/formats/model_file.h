// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/formats/tensor_source.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace sy::formats {

/// One row of a model's tensor list.
struct TensorInfo {
    std::string name;
    Shape shape;         // outermost first
    DType dtype;
    uint64_t offset = 0; // GGUF: bytes from the start of its file, a multiple of the file's alignment
    uint64_t bytes = 0;
    int part = 0;        // GGUF: which file of a split model, from 0
};

/// A model on the disk, whatever its format: what the rest of the engine knows of files. Opening reads headers only.
class ModelFile : public TensorSource {
public:
    virtual const std::vector<TensorInfo>& tensors() const = 0;
    virtual uint64_t fileBytes() const = 0;                                // of all files that hold weights
    virtual const std::vector<std::filesystem::path>& paths() const = 0;   // all files of the model; empty when it came from memory

    /// The same names, shapes and types for a model that is only measured: a large tensor's contents may be zeros, and asking for it
    /// costs no memory. Lives as long as this object.
    virtual const TensorSource& outline() const { return *this; }

    /// Asks the system to read the tensors' pages ahead. Returns at once on a warm cache of a small file, but may take as long
    /// as queueing all the reads of a large one does: call it from the thread that loads.
    virtual void prefetch() const noexcept = 0;

    /// These bytes of a tensor of this file have been copied elsewhere: their pages may leave the process.
    virtual void notNeeded(std::span<const std::byte> bytes) const noexcept = 0;

    /// Whether a tensor of this file lies in its pages, and not in memory of its own.
    virtual bool isInPages(const Tensor& tensor) const noexcept = 0;
};

struct OpenOptions {
    bool isExact = false;     // a folder's FP8 weights keep every bit (F32 where BF16 would round); else BF16
    std::string quantization; // a folder's matrices are quantized by this recipe (quant/recipe_table.h) as they are loaded; empty: not
    int nThreads = 1;         // that convert a folder's tensors
    std::stop_token stop;     // for loading a folder's tensors: get() then throws Cancelled
};

/// Opens a GGUF file (any part of a split one), or a folder of safetensors by its path or one of its .safetensors files.
/// Throws what GgufFile::open and SafetensorsModel::open throw; Unsupported for a quantization of a GGUF file, which has its own.
std::shared_ptr<const ModelFile> openModelFile(const std::filesystem::path& path, const OpenOptions& options = {});

/// The folder that a path to a safetensors model means; empty for another format.
std::filesystem::path safetensorsFolderOf(const std::filesystem::path& path);

} // namespace sy::formats
