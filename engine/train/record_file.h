// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/spool_file.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace sy::train {

/// Plain values in a SpoolFile, read a block at a time, since most of it happens in order. One thread at a time, reading
/// too.
template <typename T>
class RecordFile {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    explicit RecordFile(const std::filesystem::path& folder) : m_file(folder) {}

    void add(const T& record) { m_file.add(std::as_bytes(std::span(&record, 1))); } // throws StorageFailure
    size_t size() const { return size_t(m_file.size() / sizeof(T)); }

    /// Throws StorageFailure; std::invalid_argument behind the end.
    const T& operator[](size_t i) const
    {
        if (i >= size())
            throw std::invalid_argument("RecordFile: no such record");
        if (i < m_first || i - m_first >= m_block.size()) {
            const size_t first = i / kBlockRecords * kBlockRecords;
            m_block.resize(std::min(kBlockRecords, size() - first));
            m_first = first;
            m_file.read(first * sizeof(T), std::as_writable_bytes(std::span(m_block)));
        }
        return m_block[i - m_first];
    }

private:
    static constexpr size_t kBlockRecords = 64; // no dearer than one where the order is random

    SpoolFile m_file;
    mutable std::vector<T> m_block; // records from m_first on
    mutable size_t m_first = 0;
};

} // namespace sy::train
