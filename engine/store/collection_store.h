// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::store {

struct CollectionRow {
    int64_t id = 0; // never used twice: it names the collection's file
    std::string name;
    int64_t createdMs = 0;
};

/// Names of the document collections; their contents are in a database each, so that statistics of words are their own, a long
/// ingestion never makes a chat message wait for the writer's lock, and removing one is removing a file. Thread-safe; every call
/// commits before it returns. Throws StorageFailure.
class CollectionStore {
public:
    explicit CollectionStore(Database database); // with the schema of app_schema.h

    std::vector<CollectionRow> list() const; // by name
    std::optional<CollectionRow> find(std::string_view name) const;
    CollectionRow findOrCreate(std::string_view name);
    void rename(std::string_view name, std::string_view newName); // std::invalid_argument: none of that name, or the new one is taken
    bool remove(std::string_view name);                           // false: there was none
    int64_t newestId() const;                                     // the highest number ever given out; 0: none

private:
    mutable std::mutex m_mutex;
    mutable Database m_database;
};

} // namespace sy::store
