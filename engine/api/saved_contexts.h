// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

namespace sy::api {

/// The KV caches of conversations that were put away, a file each, so that a chat goes on at once when it is opened again. A
/// convenience: what cannot be written or read is left out without a word, and the prompt is read as usual. When the files together
/// exceed the limit, those used least recently go. Thread-safe.
class SavedContexts {
public:
    static constexpr uint64_t kMostBytes = uint64_t(2) << 30; // 75,000 tokens of a 1.5 B model

    /// The folder is created with the first file.
    explicit SavedContexts(std::filesystem::path folder, uint64_t mostBytes = kMostBytes);

    /// Keeps what is in memory of `messages`, which end with an answer and were computed with `adapter`. Returns
    /// the tokens kept: LoadedModel::saveContext.
    int64_t save(LoadedModel& model, int64_t chatId, const std::vector<ChatMessage>& messages,
                 const AdapterSetting& adapter = {});

    /// Returns the tokens that are now in memory: LoadedModel::restoreContext.
    int64_t restore(LoadedModel& model, int64_t chatId);

    void forget(int64_t chatId); // its words are in the file too

private:
    std::filesystem::path fileOf(int64_t chatId) const;
    void shrink() const;

    const std::filesystem::path m_folder;
    const uint64_t m_mostBytes;
    std::mutex m_mutex; // one at a time: the limit counts all files
};

} // namespace sy::api
