// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/folder_watch.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sy::app {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kInterval{2};

bool waitUnlessStopped(std::stop_token stop)
{
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kInterval, [] { return false; });
    return !stop.stop_requested();
}

} // namespace

FolderWatch::FolderWatch(std::vector<fs::path> paths, bool isRecursive)
    : m_paths(std::move(paths)), m_isRecursive(isRecursive), m_known(look())
{
}

FolderWatch::Snapshot FolderWatch::look() const
{
    Snapshot seen;
    std::error_code ignored; // files come and go while we look
    const auto add = [&](const fs::path& file) {
        const auto size = fs::file_size(file, ignored);
        if (!ignored)
            seen[file] = {size, fs::last_write_time(file, ignored)};
    };
    for (const fs::path& path : m_paths) {
        if (fs::is_regular_file(path, ignored)) {
            add(path);
            continue;
        }
        const auto options = fs::directory_options::skip_permission_denied;
        for (fs::recursive_directory_iterator it(path, options, ignored), end; !ignored && it != end; it.increment(ignored)) {
            if (!m_isRecursive)
                it.disable_recursion_pending();
            std::error_code entryError;
            if (it->is_regular_file(entryError))
                add(it->path());
        }
    }
    return seen;
}

std::optional<FolderWatch::Changes> FolderWatch::next(std::stop_token stop)
{
    Snapshot before = look();
    while (true) {
        if (before != m_known) {
            if (!waitUnlessStopped(stop))
                return std::nullopt;
            Snapshot now = look();
            if (now == before)
                break;
            before = std::move(now);
            continue;
        }
        if (!waitUnlessStopped(stop))
            return std::nullopt;
        before = look();
    }
    Changes changes;
    for (const auto& [path, stamp] : before) {
        const auto known = m_known.find(path);
        if (known == m_known.end() || known->second != stamp)
            changes.changed.push_back(path);
    }
    for (const auto& [path, stamp] : m_known) {
        if (!before.contains(path))
            changes.removed.push_back(path);
    }
    m_known = std::move(before);
    return changes;
}

} // namespace sy::app
