// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/record_file.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>

namespace sy::train {

/// Hashes in a file: in memory those of a million rows would be more than all else of them.
class HashList {
public:
    /// folder      see SpoolFile
    /// partHashes  that countRepeated() keeps in memory, at most about twice
    explicit HashList(const std::filesystem::path& folder, size_t partHashes = size_t(1) << 19);

    void add(uint64_t hash) { m_hashes.add(hash); } // throws StorageFailure
    size_t size() const { return m_hashes.size(); }

    /// How many are equal to an earlier one. Throws StorageFailure, Cancelled.
    int64_t countRepeated(const std::stop_token& stop = {}) const;

private:
    int64_t countDistinct(uint64_t part, uint64_t nParts, const std::stop_token& stop) const;

    RecordFile<uint64_t> m_hashes;
    size_t m_partHashes;
};

} // namespace sy::train
