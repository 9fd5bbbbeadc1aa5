// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace sy::formats {

/// A whole file mapped read-only. Pages come in as they are touched, so opening costs the same for any size.
///
/// The bytes are those of the file, not a copy: a program that cuts the file short while it is mapped takes pages away under
/// every reader. We replace files by renaming a sibling over them, which leaves a mapping whole.
class MappedFile {
public:
    /// Throws StorageFailure when the path cannot be opened, is no regular file, or cannot be mapped.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return {m_data, m_size}; } // empty for an empty file
    const std::filesystem::path& path() const { return m_path; }

    /// Tells the system that a range will be read soon; it starts reading from the disk and does not wait for it.
    void willNeed(size_t offset, size_t size) const noexcept;

    /// The range will not be read again soon: its pages leave this process and, untouched, come back from the file.
    void notNeeded(std::span<const std::byte> bytes) const noexcept;

    bool holds(std::span<const std::byte> bytes) const noexcept;

private:
    MappedFile() = default;
    std::filesystem::path m_path;
    const std::byte* m_data = nullptr;
    size_t m_size = 0;
};

} // namespace sy::formats
