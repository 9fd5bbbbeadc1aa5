// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::store {

struct ModelRow {
    std::string id; // stable and short: a catalogue id or a slug of the name
    std::string name;
    std::string path; // absolute
    uint64_t bytes = 0;
    std::string sha256; // empty until computed
    std::string kind;   // "chat" or "embedding"
    std::string architecture;
    bool isReferenced = false; // the file stays where the user has it
    int64_t addedMs = 0;
};

/// The model files that the program knows. Thread-safe; every call commits before it returns. Throws StorageFailure.
class ModelStore {
public:
    explicit ModelStore(Database database); // with the schema of app_schema.h

    std::vector<ModelRow> list() const; // newest first
    std::optional<ModelRow> find(std::string_view id) const;
    std::optional<ModelRow> findByPath(std::string_view path) const;

    /// Adds the row, or replaces the one with this id. addedMs is chosen here when 0. Throws std::invalid_argument when another
    /// id has this path, or the kind is none of the two.
    void put(const ModelRow& row);
    void setSha256(std::string_view id, std::string_view sha256);
    bool remove(std::string_view id); // false: there was none

private:
    mutable std::mutex m_mutex;
    mutable Database m_database;
};

} // namespace sy::store
