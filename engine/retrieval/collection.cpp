// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/collection.h"

#include "engine/retrieval/collection_schema.h"

#include <stdexcept>

namespace sy::retrieval {

namespace {

constexpr std::string_view kStatusNames[] = {"indexed", "unchanged", "failed", "needsOcr", "needsPassword", "skipped", "pending"};

} // namespace

std::string_view toString(DocumentStatus status)
{
    return kStatusNames[int(status)];
}

DocumentStatus documentStatusOf(std::string_view name)
{
    for (int i = 0; i < int(std::size(kStatusNames)); ++i)
        if (kStatusNames[i] == name)
            return DocumentStatus(i);
    throw std::invalid_argument("no document status is called " + std::string(name));
}

DocumentRow documentFrom(const store::Statement& row)
{
    return {row.integer(0), row.text(1), row.text(2), uint64_t(row.integer(3)), row.integer(4), row.text(5), documentStatusOf(row.textView(6)),
            row.text(7), int(row.integer(8)), row.integer(9), row.integer(10) != 0};
}

std::vector<SourceRow> sourcesOf(store::Database& database)
{
    store::Statement query(database, "SELECT id, path, isFolder, isRecursive, areRecords, isForced, isUnfinished FROM sources ORDER BY id");
    std::vector<SourceRow> rows;
    while (query.step())
        rows.push_back({query.integer(0), query.text(1), query.integer(2) != 0, query.integer(3) != 0, query.integer(4) != 0,
                        query.integer(5) != 0, query.integer(6) != 0});
    return rows;
}

Collection::Collection(const std::filesystem::path& file) : m_database(openCollectionDatabase(file)) {}

CollectionFacts Collection::facts() const
{
    const std::lock_guard lock(m_mutex);
    CollectionFacts facts;
    store::Statement query(m_database, "SELECT count(*), sum(nChunks), sum(status NOT IN ('indexed', 'pending')), sum(status = 'pending') "
                                       "FROM documents");
    if (query.step()) {
        facts.nDocuments = query.integer(0);
        facts.nChunks = query.integer(1);
        facts.nFailed = query.integer(2);
        facts.nPending = query.integer(3);
    }
    facts.embedder = fact(m_database, kEmbedderFact).value_or("");
    facts.model = fact(m_database, kModelFact).value_or("");
    facts.sources = sourcesOf(m_database);
    return facts;
}

std::vector<DocumentRow> Collection::documents() const
{
    const std::lock_guard lock(m_mutex);
    store::Statement query(m_database, std::string(kDocumentColumns) + "ORDER BY path");
    std::vector<DocumentRow> rows;
    while (query.step())
        rows.push_back(documentFrom(query));
    return rows;
}

std::optional<DocumentRow> Collection::find(std::string_view path) const
{
    const std::lock_guard lock(m_mutex);
    store::Statement query(m_database, std::string(kDocumentColumns) + "WHERE path = ?");
    query.bind(1, path);
    if (!query.step())
        return std::nullopt;
    return documentFrom(query);
}

void Collection::setModel(std::string_view idOrPath)
{
    const std::lock_guard lock(m_mutex);
    setFact(m_database, kModelFact, idOrPath);
}

int64_t Collection::remove(std::string_view path)
{
    const std::lock_guard lock(m_mutex);
    store::Transaction transaction(m_database);
    int64_t nRemoved = 0;
    const auto run = [&](const char* sql) {
        store::Statement(m_database, sql).run(path);
        nRemoved += m_database.changes();
    };
    // A cascade's rows are not counted, so the documents of a source go first.
    run("DELETE FROM documents WHERE source IN (SELECT id FROM sources WHERE path = ?)");
    run("DELETE FROM documents WHERE path = ?");
    store::Statement(m_database, "DELETE FROM sources WHERE path = ?").run(path);
    transaction.commit();
    return nRemoved;
}

} // namespace sy::retrieval
