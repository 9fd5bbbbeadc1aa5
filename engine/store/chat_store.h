// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::store {

struct ChatRow {
    int64_t id = 0;
    std::string title;      // empty: not titled yet
    std::string collection; // name of the collection it asks, or empty
    std::string settings;   // JSON of the app
    int64_t createdMs = 0;
    int64_t lastActiveMs = 0;
};

enum class MessageStatus { complete, streaming, stopped, failed };
std::string_view toString(MessageStatus status);
MessageStatus messageStatusOf(std::string_view name); // throws std::invalid_argument on another word

struct MessageRow {
    int64_t id = 0;
    int64_t chat = 0;
    std::optional<int64_t> parent; // the message it follows; absent: none, a first message. For append see there
    std::string role;              // system, user, assistant
    std::string text;
    MessageStatus status = MessageStatus::complete;
    int64_t createdMs = 0;
    std::string timings, citations, support; // JSON, not looked into
    std::string queryUsed;
    std::string error;
};

/// Messages that were taken out of a chat, with what it takes to put them back.
struct RemovedMessages {
    std::vector<MessageRow> rows;   // in the order they were written
    std::vector<int64_t> followers; // messages that followed rows[0] and now follow what it followed
};

struct ChatHit {
    int64_t chat = 0;
    int64_t message = 0; // 0: the title matched
    std::string title;
    std::string excerpt; // the title itself, or some words around the first match
};

/// Conversations on disk. Every call is one transaction and has committed when it returns, so a killed process loses nothing of
/// it; append and finish also reach the disk before a power cut. Thread-safe. Throws StorageFailure; std::invalid_argument
/// for an id that does not exist.
class ChatStore {
public:
    explicit ChatStore(Database database); // with the schema of app_schema.h

    std::vector<ChatRow> list() const; // newest activity first, without removed ones
    std::optional<ChatRow> find(int64_t chat) const; // removed ones too
    ChatRow create(std::string_view title, std::string_view collection, std::string_view settings = "{}");
    void rename(int64_t chat, std::string_view title);
    void setCollection(int64_t chat, std::string_view collection);
    void setSettings(int64_t chat, std::string_view json);

    void remove(int64_t chat);  // marks it: gone from list and search
    void restore(int64_t chat); // takes the mark away
    int64_t purgeRemoved(int64_t removedBeforeMs); // deletes for good what was marked before then; how many

    std::vector<MessageRow> messages(int64_t chat) const; // of all branches, in the order they were written
    /// id and createdMs are chosen here when 0; parent is the chat's latest message when absent, none when 0. Several messages may
    /// follow one: the branches of a chat. Returns the id.
    int64_t append(const MessageRow& message);
    /// Replaces the text of a message being streamed. Cheap: one row, no index; meant for once a second.
    void updateText(int64_t message, std::string_view text);
    /// Writes everything but chat, parent, role and created, and makes the text searchable unless it is still streaming.
    void finish(const MessageRow& message);
    RemovedMessages removeMessage(int64_t chat, int64_t message);      // this one; what followed it follows what it followed
    RemovedMessages removeMessagesFrom(int64_t chat, int64_t message); // this one and all that follow it, in whatever branch
    /// Puts them back under their ids. What is gone for good meanwhile (the chat, the message they followed) makes it a
    /// std::invalid_argument, and nothing changes.
    void restoreMessages(const RemovedMessages& removed);
    /// Marks what a killed process left streaming as stopped; how many.
    int64_t closeInterrupted();

    /// Titles and messages that contain every word of the query (Chinese runs as they are written), best first; the last word
    /// may be unfinished. Titles come before messages.
    std::vector<ChatHit> search(std::string_view query, int limit) const;

private:
    mutable std::mutex m_mutex;
    mutable Database m_database;
};

} // namespace sy::store
