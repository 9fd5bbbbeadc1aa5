// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/formats/model_file.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::formats {

class MappedFile;

/// A GGUF file (version 2 or 3, little-endian), or all the files of a split one, mapped read-only.
///
/// The file is data from a stranger. Everything it says is checked before it is believed and before anything is allocated for
/// it: after open() each metadata value lies within the file, and each tensor has a known type, a shape whose rows are whole
/// blocks, and bytes within the file that no other tensor shares. Opening reads the header only.
class GgufFile final : public ModelFile {
public:
    GgufFile(GgufFile&&) noexcept = default;
    GgufFile& operator=(GgufFile&&) noexcept = default;

    /// Of a split model any part may be named; all parts must lie beside it. Throws StorageFailure (cannot be read), BadFile
    /// (with the byte offset) or Unsupported (another version or byte order, a tensor type this build has no decoder for).
    static GgufFile open(const std::filesystem::path& path);

    /// The same for a file in memory, which must be one that is not split. `owner` keeps the bytes alive; they are
    /// aligned to 64 bytes when tensors are to be computed with.
    static GgufFile parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner = nullptr);

    bool has(std::string_view name) const override;
    Tensor get(std::string_view name) const override;
    const Metadata& metadata() const override { return m_metadata; }

    const std::vector<TensorInfo>& tensors() const override { return m_tensors; } // in file order, parts in turn
    const TensorInfo* find(std::string_view name) const;
    Tensor tensor(std::string_view name) const { return get(name); }
    Tensor tensor(const TensorInfo& info) const;

    uint64_t fileBytes() const override { return m_fileBytes; } // of all parts
    uint32_t version() const { return m_version; }
    const std::vector<std::filesystem::path>& paths() const override { return m_paths; } // one per part; empty when parsed from memory

    /// Metadata by type, as Metadata has it.
    std::optional<int64_t> integer(std::string_view key) const { return m_metadata.integer(key); }
    std::optional<double> real(std::string_view key) const { return m_metadata.real(key); }
    std::optional<bool> boolean(std::string_view key) const { return m_metadata.boolean(key); }
    std::optional<std::string_view> string(std::string_view key) const { return m_metadata.string(key); }
    std::vector<std::string_view> strings(std::string_view key) const { return m_metadata.strings(key); }

    void prefetch() const noexcept override;
    void notNeeded(std::span<const std::byte> bytes) const noexcept override;
    bool isInPages(const Tensor& tensor) const noexcept override;

private:
    struct Part {
        std::span<const std::byte> bytes;
        std::shared_ptr<const void> owner;
        std::string name;
    };

    GgufFile() = default;
    void addPart(Part part, int index, int nParts);
    void buildIndex();

    Metadata m_metadata;
    std::vector<Part> m_parts;
    std::vector<TensorInfo> m_tensors;
    std::unordered_map<std::string_view, size_t> m_index; // views of m_tensors' names, which never move after open
    std::vector<std::shared_ptr<const MappedFile>> m_files;
    std::vector<std::filesystem::path> m_paths;
    uint64_t m_fileBytes = 0;
    uint32_t m_version = 0;
};

} // namespace sy::formats
