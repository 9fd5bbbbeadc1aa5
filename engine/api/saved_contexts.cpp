// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/saved_contexts.h"

#include "engine/core/error.h"

#include <algorithm>
#include <system_error>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLeastFreeBytes = uint64_t(1) << 30; // of the disk, beside the file: chats and indexes come first

} // namespace

SavedContexts::SavedContexts(fs::path folder, uint64_t mostBytes) : m_folder(std::move(folder)), m_mostBytes(mostBytes) {}

fs::path SavedContexts::fileOf(int64_t chatId) const
{
    return m_folder / ("chat-" + std::to_string(chatId) + ".kv");
}

int64_t SavedContexts::save(LoadedModel& model, int64_t chatId, const std::vector<ChatMessage>& messages,
                            const AdapterSetting& adapter)
{
    const std::lock_guard lock(m_mutex);
    std::error_code failed;
    fs::create_directories(m_folder, failed);
    const fs::space_info space = fs::space(m_folder, failed);
    if (failed || space.available < kLeastFreeBytes + model.kvUsedBytes())
        return 0;
    try {
        const int64_t nTokens = model.saveContext(messages, fileOf(chatId), adapter);
        shrink();
        return nTokens;
    } catch (const StorageFailure&) {
    } catch (const BadFile&) { // the adapter, meanwhile
    } catch (const Unsupported&) {
    }
    return 0;
}

int64_t SavedContexts::restore(LoadedModel& model, int64_t chatId)
{
    const std::lock_guard lock(m_mutex);
    const fs::path file = fileOf(chatId);
    const int64_t nTokens = model.restoreContext(file);
    std::error_code ignored;
    if (nTokens > 0)
        fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
    return nTokens;
}

void SavedContexts::forget(int64_t chatId)
{
    const std::lock_guard lock(m_mutex);
    std::error_code ignored;
    fs::remove(fileOf(chatId), ignored);
}

void SavedContexts::shrink() const
{
    struct File {
        fs::file_time_type used;
        uint64_t bytes;
        fs::path path;
    };
    std::vector<File> files;
    uint64_t total = 0;
    std::error_code failed;
    for (fs::directory_iterator it(m_folder, failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code gone;
        const uint64_t bytes = it->file_size(gone);
        const auto used = it->last_write_time(gone);
        if (gone || it->path().extension() != ".kv")
            continue;
        files.push_back({used, bytes, it->path()});
        total += bytes;
    }
    std::ranges::sort(files, {}, &File::used);
    for (const File& file : files) {
        if (total <= m_mostBytes)
            return;
        fs::remove(file.path, failed);
        total -= file.bytes;
    }
}

} // namespace sy::api
