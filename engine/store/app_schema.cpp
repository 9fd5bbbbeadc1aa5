// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/app_schema.h"

namespace sy::store {

namespace {

// Times are milliseconds since 1970. JSON columns belong to whoever writes them; the store does not look inside.
//
// A message is searchable once it is no longer being written: indexing the growing text anew every second would cost more than
// writing it. `parent` is the message it follows, so that an edited question starts a branch instead of erasing one.
constexpr const char* kChats = R"sql(
CREATE TABLE chats(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL DEFAULT '',
    collection TEXT NOT NULL DEFAULT '',
    settings TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL,
    lastActive INTEGER NOT NULL,
    removed INTEGER
);
CREATE INDEX chats_by_activity ON chats(lastActive DESC);

CREATE TABLE messages(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
    parent INTEGER REFERENCES messages(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    status TEXT NOT NULL CHECK(status IN ('complete', 'streaming', 'stopped', 'failed')),
    created INTEGER NOT NULL,
    timings TEXT NOT NULL DEFAULT '',
    citations TEXT NOT NULL DEFAULT '',
    support TEXT NOT NULL DEFAULT '',
    queryUsed TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX messages_by_chat ON messages(chat, id);
CREATE INDEX messages_by_parent ON messages(parent);
CREATE INDEX messages_streaming ON messages(status) WHERE status = 'streaming';

CREATE VIRTUAL TABLE message_terms USING fts5(text, content='messages', content_rowid='id', tokenize='switchyard');
CREATE TRIGGER message_terms_insert AFTER INSERT ON messages WHEN new.status <> 'streaming' BEGIN
    INSERT INTO message_terms(rowid, text) VALUES(new.id, new.text);
END;
CREATE TRIGGER message_terms_drop AFTER UPDATE OF text, status ON messages WHEN old.status <> 'streaming' BEGIN
    INSERT INTO message_terms(message_terms, rowid, text) VALUES('delete', old.id, old.text);
END;
CREATE TRIGGER message_terms_delete AFTER DELETE ON messages WHEN old.status <> 'streaming' BEGIN
    INSERT INTO message_terms(message_terms, rowid, text) VALUES('delete', old.id, old.text);
END;
CREATE TRIGGER message_terms_take AFTER UPDATE OF text, status ON messages WHEN new.status <> 'streaming' BEGIN
    INSERT INTO message_terms(rowid, text) VALUES(new.id, new.text);
END;

CREATE VIRTUAL TABLE title_terms USING fts5(title, content='chats', content_rowid='id', tokenize='switchyard');
CREATE TRIGGER title_terms_insert AFTER INSERT ON chats BEGIN
    INSERT INTO title_terms(rowid, title) VALUES(new.id, new.title);
END;
CREATE TRIGGER title_terms_update AFTER UPDATE OF title ON chats BEGIN
    INSERT INTO title_terms(title_terms, rowid, title) VALUES('delete', old.id, old.title);
    INSERT INTO title_terms(rowid, title) VALUES(new.id, new.title);
END;
CREATE TRIGGER title_terms_delete AFTER DELETE ON chats BEGIN
    INSERT INTO title_terms(title_terms, rowid, title) VALUES('delete', old.id, old.title);
END;
)sql";

constexpr const char* kModels = R"sql(
CREATE TABLE models(
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL CHECK(kind IN ('chat', 'embedding')),
    architecture TEXT NOT NULL DEFAULT '',
    isReferenced INTEGER NOT NULL,
    added INTEGER NOT NULL
);
)sql";

// AUTOINCREMENT: a collection's number names its file, so a number must never come back.
constexpr const char* kCollections = R"sql(
CREATE TABLE collections(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);
)sql";

constexpr Migration kMigrations[] = {
    {1, "chats and messages", kChats},
    {2, "model files", kModels},
    {3, "collections", kCollections},
};

} // namespace

std::span<const Migration> appMigrations()
{
    return kMigrations;
}

Database openAppDatabase(const std::filesystem::path& dataDir)
{
    Database database(dataDir / "switchyard.db");
    migrate(database, appMigrations());
    return database;
}

} // namespace sy::store
