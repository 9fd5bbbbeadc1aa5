// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/collection_schema.h"

namespace sy::retrieval {

namespace {

// sources    what the user added: a folder, a file, a file of records. isUnfinished is the queue: it is set in the first
//            transaction of an ingestion and cleared in its last, so that a killed run is found and walked again.
// documents  one row per file or record; "pending" rows are known and not indexed yet.
// chunks     numbered for ever (AUTOINCREMENT): a search index in memory keeps up by looking for higher numbers and gaps.
// header     title and section; it is searched with more weight and never shown.
// embeddings in a table of their own, so that reading a text does not drag its vector through the cache. float32, as stored in
//            memory: 8-bit integers cost up to .002 nDCG@10 (python-faq), since E5's cosines lie close together.
constexpr const char* kFirst = R"sql(
CREATE TABLE facts(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE sources(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    isFolder INTEGER NOT NULL,
    isRecursive INTEGER NOT NULL,
    areRecords INTEGER NOT NULL,
    isForced INTEGER NOT NULL DEFAULT 0,
    isUnfinished INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE documents(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    bytes INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CHECK(status IN ('pending', 'indexed', 'failed', 'needsOcr', 'needsPassword', 'skipped')),
    message TEXT NOT NULL DEFAULT '',
    nPages INTEGER NOT NULL DEFAULT 0,
    nChunks INTEGER NOT NULL DEFAULT 0,
    isRecord INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX documents_by_source ON documents(source);
CREATE INDEX documents_by_status ON documents(status);

CREATE TABLE chunks(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    endPage INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    pageBreak INTEGER NOT NULL,
    nOverlap INTEGER NOT NULL,
    section TEXT NOT NULL,
    header TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX chunks_by_document ON chunks(document);

CREATE TABLE embeddings(chunk INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, vector BLOB NOT NULL);

CREATE VIRTUAL TABLE chunk_terms USING fts5(header, text, content='chunks', content_rowid='id', tokenize='switchyard');
CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab(chunk_terms, 'row');
CREATE TRIGGER chunk_terms_insert AFTER INSERT ON chunks BEGIN
    INSERT INTO chunk_terms(rowid, header, text) VALUES(new.id, new.header, new.text);
END;
CREATE TRIGGER chunk_terms_delete AFTER DELETE ON chunks BEGIN
    INSERT INTO chunk_terms(chunk_terms, rowid, header, text) VALUES('delete', old.id, old.header, old.text);
END;
)sql";

constexpr store::Migration kMigrations[] = {{1, "documents, chunks and their index", kFirst}};

} // namespace

std::span<const store::Migration> collectionMigrations()
{
    return kMigrations;
}

store::Database openCollectionDatabase(const std::filesystem::path& file)
{
    store::Database database(file);
    store::migrate(database, collectionMigrations());
    return database;
}

std::optional<std::string> fact(store::Database& database, std::string_view key)
{
    store::Statement query(database, "SELECT value FROM facts WHERE key = ?");
    query.bind(1, key);
    if (!query.step())
        return std::nullopt;
    return query.text(0);
}

void setFact(store::Database& database, std::string_view key, std::string_view value)
{
    store::Statement(database, "INSERT INTO facts(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value")
        .run(key, value);
}

} // namespace sy::retrieval
