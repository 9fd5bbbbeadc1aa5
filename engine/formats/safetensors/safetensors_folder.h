// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/safetensors/safetensors_file.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::formats {

/// The weights of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json lists.
class SafetensorsFolder {
public:
    /// Throws as SafetensorsFile::open does; BadFile when index and shards contradict each other, Unsupported for a folder that has
    /// its weights in another format only.
    static SafetensorsFolder open(const std::filesystem::path& folder);

    SafetensorsFolder(SafetensorsFolder&&) noexcept = default;
    SafetensorsFolder& operator=(SafetensorsFolder&&) noexcept = default;

    const std::filesystem::path& path() const { return m_path; }
    const std::vector<SafetensorsFile>& files() const { return m_files; }
    std::vector<std::filesystem::path> paths() const; // of the files, and of the index when there is one
    uint64_t fileBytes() const;

    size_t size() const { return m_index.size(); }
    const StoredTensor* find(std::string_view name) const;
    const StoredTensor& require(std::string_view name) const; // BadFile when it is missing
    std::vector<const StoredTensor*> tensors() const;         // in file order
    std::span<const std::byte> bytesOf(const StoredTensor& tensor) const { return fileOf(tensor).bytesOf(tensor); }
    const SafetensorsFile& fileOf(const StoredTensor& tensor) const { return m_files[size_t(tensor.part)]; }

    [[noreturn]] void bad(const StoredTensor& tensor, const std::string& problem) const; // BadFile with its file and offset

private:
    SafetensorsFolder() = default;
    std::filesystem::path m_path;
    std::filesystem::path m_indexPath; // empty: one file
    std::vector<SafetensorsFile> m_files;
    std::unordered_map<std::string_view, const StoredTensor*> m_index; // into m_files, which never change after open
};

} // namespace sy::formats
