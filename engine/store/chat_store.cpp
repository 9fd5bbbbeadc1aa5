// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/chat_store.h"

#include "engine/store/fts_tokenizer.h"
#include "engine/store/terms.h"

#include <stdexcept>
#include <utility>

namespace sy::store {

namespace {

constexpr std::pair<MessageStatus, std::string_view> kStatuses[] = {
    {MessageStatus::complete, "complete"},
    {MessageStatus::streaming, "streaming"},
    {MessageStatus::stopped, "stopped"},
    {MessageStatus::failed, "failed"},
};

constexpr const char* kChatColumns = "SELECT id, title, collection, settings, created, lastActive FROM chats ";

ChatRow chatFrom(const Statement& row)
{
    return {row.integer(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.integer(5)};
}

constexpr const char* kMessageColumns =
    "SELECT id, chat, parent, role, text, status, created, timings, citations, support, queryUsed, error FROM messages ";

std::vector<MessageRow> messagesFrom(Statement& query)
{
    std::vector<MessageRow> rows;
    while (query.step())
        rows.push_back({query.integer(0), query.integer(1), query.isNull(2) ? std::nullopt : std::optional(query.integer(2)),
                        query.text(3), query.text(4), messageStatusOf(query.textView(5)), query.integer(6), query.text(7), query.text(8),
                        query.text(9), query.text(10), query.text(11)});
    return rows;
}

void requireChange(const Database& database, const char* what)
{
    if (database.changes() == 0)
        throw std::invalid_argument(std::string("no such ") + what);
}

/// Every white-space-parted piece as a phrase; the last one as a prefix too, since people type while they look.
std::string matchOfWords(std::string_view query)
{
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < query.size();) {
        const size_t start = query.find_first_not_of(" \t\r\n", at);
        if (start == std::string_view::npos)
            break;
        const size_t end = std::min(query.find_first_of(" \t\r\n", start), query.size());
        const std::string_view piece = query.substr(start, end - start);
        if (!termsOf(piece, TermMode::query).empty())
            pieces.push_back(piece);
        at = end;
    }
    std::string match;
    for (size_t i = 0; i < pieces.size(); ++i) {
        if (i)
            match += " AND ";
        match += quotedForMatch(pieces[i]);
        if (i + 1 == pieces.size())
            match += " *";
    }
    return match;
}

} // namespace

std::string_view toString(MessageStatus status)
{
    return kStatuses[int(status)].second;
}

MessageStatus messageStatusOf(std::string_view name)
{
    for (const auto& [status, statusName] : kStatuses)
        if (name == statusName)
            return status;
    throw std::invalid_argument("no message status is called " + std::string(name));
}

ChatStore::ChatStore(Database database) : m_database(std::move(database)) {}

std::vector<ChatRow> ChatStore::list() const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, std::string(kChatColumns) + "WHERE removed IS NULL ORDER BY lastActive DESC, id DESC");
    std::vector<ChatRow> rows;
    while (query.step())
        rows.push_back(chatFrom(query));
    return rows;
}

std::optional<ChatRow> ChatStore::find(int64_t chat) const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, std::string(kChatColumns) + "WHERE id = ?");
    query.bind(1, chat);
    if (!query.step())
        return std::nullopt;
    return chatFrom(query);
}

ChatRow ChatStore::create(std::string_view title, std::string_view collection, std::string_view settings)
{
    const std::lock_guard lock(m_mutex);
    const int64_t now = nowMs();
    Statement(m_database, "INSERT INTO chats(title, collection, settings, created, lastActive) VALUES(?, ?, ?, ?, ?)")
        .run(title, collection, settings, now, now);
    return {m_database.lastInsertId(), std::string(title), std::string(collection), std::string(settings), now, now};
}

void ChatStore::rename(int64_t chat, std::string_view title)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE chats SET title = ? WHERE id = ?").run(title, chat);
    requireChange(m_database, "chat");
}

void ChatStore::setCollection(int64_t chat, std::string_view collection)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE chats SET collection = ? WHERE id = ?").run(collection, chat);
    requireChange(m_database, "chat");
}

void ChatStore::setSettings(int64_t chat, std::string_view json)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE chats SET settings = ? WHERE id = ?").run(json, chat);
    requireChange(m_database, "chat");
}

void ChatStore::remove(int64_t chat)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE chats SET removed = ? WHERE id = ?").run(nowMs(), chat);
    requireChange(m_database, "chat");
}

void ChatStore::restore(int64_t chat)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE chats SET removed = NULL WHERE id = ?").run(chat);
    requireChange(m_database, "chat");
}

int64_t ChatStore::purgeRemoved(int64_t removedBeforeMs)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    Statement(m_database, "UPDATE messages SET parent = NULL WHERE chat IN (SELECT id FROM chats WHERE removed < ?)").run(removedBeforeMs);
    Statement(m_database, "DELETE FROM chats WHERE removed < ?").run(removedBeforeMs);
    const int64_t nPurged = m_database.changes();
    transaction.commit();
    return nPurged;
}

std::vector<MessageRow> ChatStore::messages(int64_t chat) const
{
    const std::lock_guard lock(m_mutex);
    Statement query(m_database, std::string(kMessageColumns) + "WHERE chat = ? ORDER BY id");
    query.bind(1, chat);
    return messagesFrom(query);
}

int64_t ChatStore::append(const MessageRow& message)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    const int64_t now = message.createdMs ? message.createdMs : nowMs();
    std::optional<int64_t> parent = message.parent;
    if (!parent) {
        Statement last(m_database, "SELECT max(id) FROM messages WHERE chat = ?");
        last.bind(1, message.chat);
        if (last.step() && !last.isNull(0))
            parent = last.integer(0);
    } else if (*parent == 0) {
        parent.reset();
    }
    Statement(m_database, "UPDATE chats SET lastActive = max(lastActive, ?) WHERE id = ?").run(now, message.chat);
    requireChange(m_database, "chat");
    Statement(m_database, "INSERT INTO messages(chat, parent, role, text, status, created, timings, citations, support, queryUsed, error) "
                          "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run(message.chat, parent, message.role, message.text, toString(message.status), now, message.timings, message.citations,
             message.support, message.queryUsed, message.error);
    const int64_t id = m_database.lastInsertId();
    transaction.commit();
    m_database.checkpoint();
    return id;
}

void ChatStore::updateText(int64_t message, std::string_view text)
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE messages SET text = ? WHERE id = ?").run(text, message);
    requireChange(m_database, "message");
}

void ChatStore::finish(const MessageRow& message)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    Statement(m_database, "UPDATE messages SET text = ?, status = ?, timings = ?, citations = ?, support = ?, queryUsed = ?, error = ? "
                          "WHERE id = ?")
        .run(message.text, toString(message.status), message.timings, message.citations, message.support, message.queryUsed,
             message.error, message.id);
    requireChange(m_database, "message");
    Statement(m_database, "UPDATE chats SET lastActive = max(lastActive, ?) WHERE id = (SELECT chat FROM messages WHERE id = ?)")
        .run(nowMs(), message.id);
    transaction.commit();
    m_database.checkpoint();
}

RemovedMessages ChatStore::removeMessage(int64_t chat, int64_t message)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    RemovedMessages removed;
    {
        Statement query(m_database, std::string(kMessageColumns) + "WHERE chat = ? AND id = ?");
        query.bindAll(chat, message);
        removed.rows = messagesFrom(query);
    }
    if (removed.rows.empty())
        throw std::invalid_argument("no such message");
    {
        Statement query(m_database, "SELECT id FROM messages WHERE parent = ? ORDER BY id");
        query.bind(1, message);
        while (query.step())
            removed.followers.push_back(query.integer(0));
    }
    Statement(m_database, "UPDATE messages SET parent = ? WHERE parent = ?").run(removed.rows.front().parent, message);
    Statement(m_database, "DELETE FROM messages WHERE id = ?").run(message);
    transaction.commit();
    return removed;
}

void ChatStore::restoreMessages(const RemovedMessages& removed)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    const auto isThere = [&](const char* sql, int64_t id) {
        Statement query(m_database, sql);
        query.bind(1, id);
        return query.step();
    };
    for (const MessageRow& row : removed.rows) {
        if (!isThere("SELECT 1 FROM chats WHERE id = ?", row.chat) || (row.parent && !isThere("SELECT 1 FROM messages WHERE id = ?", *row.parent)))
            throw std::invalid_argument("no such message");
        Statement(m_database, "INSERT INTO messages(id, chat, parent, role, text, status, created, timings, citations, support, queryUsed, error) "
                              "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .run(row.id, row.chat, row.parent, row.role, row.text, toString(row.status), row.createdMs, row.timings, row.citations, row.support,
                 row.queryUsed, row.error);
    }
    for (const int64_t follower : removed.followers)
        Statement(m_database, "UPDATE messages SET parent = ? WHERE id = ?").run(removed.rows.front().id, follower);
    transaction.commit();
}

RemovedMessages ChatStore::removeMessagesFrom(int64_t chat, int64_t message)
{
    const std::lock_guard lock(m_mutex);
    Transaction transaction(m_database);
    Statement(m_database, "CREATE TEMP TABLE IF NOT EXISTS leaving(id INTEGER PRIMARY KEY)").run();
    Statement(m_database, "DELETE FROM leaving").run();
    Statement(m_database, "INSERT INTO leaving WITH RECURSIVE branch(id) AS (SELECT id FROM messages WHERE chat = ?1 AND id = ?2 "
                          "UNION ALL SELECT m.id FROM messages m JOIN branch b ON m.parent = b.id) SELECT id FROM branch")
        .run(chat, message);
    RemovedMessages removed;
    {
        Statement query(m_database, std::string(kMessageColumns) + "WHERE id IN (SELECT id FROM leaving) ORDER BY id");
        removed.rows = messagesFrom(query);
    }
    // Apart first: a message takes those after it along, one inside the other, and SQLite goes no deeper than a thousand.
    Statement(m_database, "UPDATE messages SET parent = NULL WHERE id IN (SELECT id FROM leaving)").run();
    Statement(m_database, "DELETE FROM messages WHERE id IN (SELECT id FROM leaving)").run();
    transaction.commit();
    return removed;
}

int64_t ChatStore::closeInterrupted()
{
    const std::lock_guard lock(m_mutex);
    Statement(m_database, "UPDATE messages SET status = 'stopped' WHERE status = 'streaming'").run();
    return m_database.changes();
}

std::vector<ChatHit> ChatStore::search(std::string_view query, int limit) const
{
    const std::string match = matchOfWords(query);
    std::vector<ChatHit> hits;
    if (match.empty() || limit <= 0)
        return hits;
    const std::lock_guard lock(m_mutex);
    Statement titles(m_database, "SELECT c.id, c.title FROM title_terms JOIN chats c ON c.id = title_terms.rowid "
                                 "WHERE title_terms MATCH ?1 AND c.removed IS NULL ORDER BY bm25(title_terms), c.lastActive DESC LIMIT ?2");
    titles.bindAll(match, limit);
    while (titles.step())
        hits.push_back({titles.integer(0), 0, titles.text(1), titles.text(1)});
    Statement texts(m_database, "SELECT m.chat, m.id, c.title, snippet(message_terms, 0, '', '', '…', 24) FROM message_terms "
                                "JOIN messages m ON m.id = message_terms.rowid JOIN chats c ON c.id = m.chat "
                                "WHERE message_terms MATCH ?1 AND c.removed IS NULL ORDER BY bm25(message_terms), m.id DESC LIMIT ?2");
    texts.bindAll(match, limit - int(hits.size()));
    while (texts.step())
        hits.push_back({texts.integer(0), texts.integer(1), texts.text(2), texts.text(3)});
    return hits;
}

} // namespace sy::store
