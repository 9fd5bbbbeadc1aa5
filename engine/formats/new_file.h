// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace sy::formats {

/// A file being written: its bytes go to a sibling with a name of its own, which takes the target's place only when commit()
/// has put everything on the disk. Without commit() the destructor removes the sibling, and what was at the target stays. Siblings
/// that a killed program left behind are removed by the next writer of the same target.
class NewFile {
public:
    /// Throws StorageFailure when the folder does not exist or cannot be written.
    explicit NewFile(std::filesystem::path target);
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    /// Throws StorageFailure: disk full, quota.
    void write(std::span<const std::byte> bytes);
    uint64_t written() const { return m_written; }

    /// Flushes to the disk and renames. Nothing may be written afterwards.
    void commit();

private:
    void writeOut(std::span<const std::byte> bytes);
    [[noreturn]] void fail(const char* doing) const;

    std::filesystem::path m_target;
    std::filesystem::path m_sibling;
    std::unique_ptr<std::byte[]> m_buffer;
    size_t m_buffered = 0;
    uint64_t m_written = 0;
    int m_fd = -1;
};

} // namespace sy::formats
