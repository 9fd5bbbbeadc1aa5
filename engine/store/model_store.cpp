// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/model_store.h"

#include <stdexcept>
#include <utility>

namespace sy::store {

namespace {

constexpr const char* kColumns = "SELECT id, name, path, bytes, sha256, kind, architecture, isReferenced, added FROM models ";

ModelRow rowFrom(const Statement& row)
{
    return {row.text(0), row.text(1), row.text(2),         uint64_t(row.integer(3)), row.text(4),
            row.text(5), row.text(6), row.integer(7) != 0, row.integer(8)};
}

std::optional<ModelRow> findOne(Database& database, const char* where, std::string_view value)
{
    Statement query(database, std::string(kColumns) + where);
    query.bind(1, value);
    if (!query.step())
        return std::nullopt;
    return rowFrom(query);
}

} // namespace

ModelStore::ModelStore(Database database) : m_database(std::move(database)) {}

std::vector<ModelRow> ModelStore::list() const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, std::string(kColumns) + "ORDER BY added DESC, rowid DESC");
    std::vector<ModelRow> rows;
    while (query.step())
        rows.push_back(rowFrom(query));
    return rows;
}

std::optional<ModelRow> ModelStore::find(std::string_view id) const
{
    const std::lock_guard lock(m_mutex);
    return findOne(m_database, "WHERE id = ?", id);
}

std::optional<ModelRow> ModelStore::findByPath(std::string_view path) const
{
    const std::lock_guard lock(m_mutex);
    return findOne(m_database, "WHERE path = ?", path);
}

void ModelStore::put(const ModelRow& row)
{
    if (row.kind != "chat" && row.kind != "embedding")
        throw std::invalid_argument("a model's kind is chat or embedding, not " + row.kind);
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    if (const auto other = findOne(m_database, "WHERE path = ?", row.path); other && other->id != row.id)
        throw std::invalid_argument("the file is in the list already, as " + other->id);
    Statement(m_database, "INSERT INTO models(id, name, path, bytes, sha256, kind, architecture, isReferenced, added) "
                          "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET name = excluded.name, path = excluded.path, "
                          "bytes = excluded.bytes, sha256 = excluded.sha256, kind = excluded.kind, architecture = excluded.architecture, "
                          "isReferenced = excluded.isReferenced, added = excluded.added")
        .run(row.id, row.name, row.path, row.bytes, row.sha256, row.kind, row.architecture, row.isReferenced,
             row.addedMs ? row.addedMs : nowMs());
    transaction.commit();
}

void ModelStore::setSha256(std::string_view id, std::string_view sha256)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE models SET sha256 = ? WHERE id = ?").run(sha256, id);
}

bool ModelStore::remove(std::string_view id)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "DELETE FROM models WHERE id = ?").run(id);
    return m_database.changes() > 0;
}

} // namespace sy::store
