// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace sy::train {

/// Bytes that are added at the end and read anywhere, in a file without a name: it is gone when the process ends, however
/// that ends. They are read and never mapped, so that they count as nobody's memory and make room when somebody else needs
/// it.
class SpoolFile {
public:
    /// The file is made when there is something to put into it. folder: where; empty: in memory.
    explicit SpoolFile(std::filesystem::path folder = {});
    ~SpoolFile();
    SpoolFile(SpoolFile&& other) noexcept;
    SpoolFile& operator=(SpoolFile&& other) noexcept;

    /// Throws StorageFailure, with what is needed and what is free when the disk is full.
    void add(std::span<const std::byte> bytes);
    uint64_t size() const { return m_written + m_nHeld; }

    /// Any thread, while nothing is added. Throws StorageFailure; std::invalid_argument for bytes behind the end.
    void read(uint64_t offset, std::span<std::byte> into) const;

private:
    void open();
    void writeOut();
    [[noreturn]] void fail(int problem) const;

    std::filesystem::path m_folder;
    std::unique_ptr<std::byte[]> m_held; // not in the file yet
    size_t m_nHeld = 0;
    uint64_t m_written = 0;
    int m_fd = -1;
};

} // namespace sy::train
