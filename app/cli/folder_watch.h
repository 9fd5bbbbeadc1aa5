// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace sy::app {

/// Notices files that appear, change or go away, by size and time of change, looking every 2 seconds. Polling works on network
/// file systems, where notifications do not arrive; 10,000 files cost some milliseconds.
class FolderWatch {
public:
    FolderWatch(std::vector<std::filesystem::path> paths, bool isRecursive);

    struct Changes {
        std::vector<std::filesystem::path> changed; // new ones included
        std::vector<std::filesystem::path> removed;
    };
    /// Waits for a change that has come to rest (nothing more between two looks). Empty when a stop was asked for.
    std::optional<Changes> next(std::stop_token stop);

private:
    using Stamp = std::pair<uintmax_t, std::filesystem::file_time_type>;
    using Snapshot = std::map<std::filesystem::path, Stamp>;
    Snapshot look() const;

    std::vector<std::filesystem::path> m_paths;
    bool m_isRecursive;
    Snapshot m_known;
};

} // namespace sy::app
