// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/collection_store.h"

#include <stdexcept>
#include <utility>

namespace sy::store {

namespace {

std::optional<CollectionRow> findOne(Database& database, std::string_view name)
{
    Statement query(database, "SELECT id, name, created FROM collections WHERE name = ?");
    query.bind(1, name);
    if (!query.step())
        return std::nullopt;
    return CollectionRow{query.integer(0), query.text(1), query.integer(2)};
}

} // namespace

CollectionStore::CollectionStore(Database database) : m_database(std::move(database)) {}

std::vector<CollectionRow> CollectionStore::list() const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, "SELECT id, name, created FROM collections ORDER BY name");
    std::vector<CollectionRow> rows;
    while (query.step())
        rows.push_back({query.integer(0), query.text(1), query.integer(2)});
    return rows;
}

std::optional<CollectionRow> CollectionStore::find(std::string_view name) const
{
    const std::lock_guard lock(m_mutex);
    return findOne(m_database, name);
}

CollectionRow CollectionStore::findOrCreate(std::string_view name)
{
    if (name.empty())
        throw std::invalid_argument("a collection needs a name");
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    if (auto existing = findOne(m_database, name))
        return *existing;
    const int64_t now = nowMs();
    Statement(m_database, "INSERT INTO collections(name, created) VALUES(?, ?)").run(name, now);
    const int64_t id = m_database.lastInsertId();
    transaction.commit();
    return {id, std::string(name), now};
}

void CollectionStore::rename(std::string_view name, std::string_view newName)
{
    if (newName.empty())
        throw std::invalid_argument("a collection needs a name");
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    if (name != newName && findOne(m_database, newName))
        throw std::invalid_argument("there is a collection named " + std::string(newName) + " already");
    Statement(m_database, "UPDATE collections SET name = ? WHERE name = ?").run(newName, name);
    if (m_database.changes() == 0)
        throw std::invalid_argument("there is no collection named " + std::string(name));
    // Chats name the collection they ask.
    Statement(m_database, "UPDATE chats SET collection = ? WHERE collection = ?").run(newName, name);
    transaction.commit();
}

bool CollectionStore::remove(std::string_view name)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "DELETE FROM collections WHERE name = ?").run(name);
    return m_database.changes() > 0;
}

int64_t CollectionStore::newestId() const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, "SELECT seq FROM sqlite_sequence WHERE name = 'collections'");
    return query.step() ? query.integer(0) : 0;
}

} // namespace sy::store
