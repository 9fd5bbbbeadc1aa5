// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sy::api {

class Engine;

using Time = std::chrono::system_clock::time_point;

struct ChatSummary {
    int64_t id;
    std::string title;       // empty: not titled yet
    Time created, lastActive;
    std::string collection;  // name of the collection it asks, or empty
    std::string settings;    // JSON of the app: sampling overrides and the like
};

enum class MessageStatus { complete, streaming, stopped, failed };

/// A citation as it is stored with an answer and drawn by the window.
struct Citation {
    int marker = 0;             // the small number in the text, from 1
    std::string document;       // path or record id
    std::string title;
    int page = 0;               // from 1; 0: a format without pages
    int endPage = 0;
    int64_t start = 0, end = 0; // code points in the page's text as ingestion saw it
    std::string text;           // the passage
    bool quoteFound = false;    // the passage is still in the file as it is now
    double score = 0;
    bool isCited = true;        // false: retrieved but not used
};

/// A sentence of the answer, by code point range in `text`, and what supports it.
struct SentenceSupport {
    int64_t start = 0, end = 0;
    std::vector<int> markers; // empty with isClaim: nothing supports it
    bool isClaim = true;      // false: "Hello", a heading …: needs no support
};

struct MessageTimings {
    int64_t promptTokens = 0, cachedTokens = 0, generatedTokens = 0;
    int64_t draftedTokens = 0, trueDrafts = 0; // that a draft model guessed ahead, and those that came true
    double timeToFirstTokenMs = 0, prefillTokensPerSecond = 0, decodeTokensPerSecond = 0;
    double retrievalMs = 0;
    std::string finish; // stop, length, cancelled, failed, refused
    std::string model;
    uint64_t seed = 0;
    std::string adapter; // its name; empty: none
    double adapterStrength = 1;
};

struct Message {
    int64_t id = 0;
    int64_t chatId = 0;
    /// The message it follows; 0: none, it begins the chat. Several may follow one: the branches of an edited or repeated question.
    /// Absent only for append(), which then takes the chat's latest.
    std::optional<int64_t> parent;
    std::string role; // system, user, assistant
    std::string text;
    MessageStatus status = MessageStatus::complete;
    Time created;
    std::vector<Citation> citations;
    std::vector<SentenceSupport> support;
    std::string queryUsed; // what retrieval searched for, when it differs from the question
    std::optional<MessageTimings> timings;
    std::string error; // for failed ones
};

/// Messages that were taken out of a chat, with what it takes to put them back.
struct RemovedMessages {
    std::vector<Message> messages;  // in the order they were written
    std::vector<int64_t> followers; // messages that followed the first of them and now follow what it followed
};

/// Conversations on disk. Every call commits before it returns; updateText is made for once a second.
class Chats {
public:
    explicit Chats(Engine& engine);
    ~Chats();

    std::vector<ChatSummary> list() const; // newest activity first, without deleted ones
    ChatSummary create(const std::string& title = {}, const std::string& collection = {});
    void rename(int64_t chatId, const std::string& title);
    void setCollection(int64_t chatId, const std::string& collection);
    void setSettings(int64_t chatId, const std::string& json);
    void remove(int64_t chatId);  // marks it; restore() undoes, but for its saved context
    void restore(int64_t chatId);
    void purgeRemoved();          // for good; called at start for those removed more than a day ago

    std::vector<Message> messages(int64_t chatId) const; // of all branches, in the order they were written
    int64_t append(Message message); // returns its id
    void updateText(int64_t messageId, const std::string& text); // while streaming
    void finish(const Message& message); // everything but chatId, parent, role and created
    /// Removing takes the saved context with it.
    RemovedMessages removeMessage(int64_t chatId, int64_t messageId);      // this one; what followed it follows what it followed
    RemovedMessages removeMessagesFrom(int64_t chatId, int64_t messageId); // this one and all that follow it, in whatever branch
    void restoreMessages(const RemovedMessages& removed);                  // under their ids, where they were

    /// Messages left "streaming" by a process that was killed become "stopped". Called once at start.
    void closeInterrupted();

    struct Hit {
        int64_t chatId, messageId;
        std::string title, excerpt;
    };
    std::vector<Hit> search(const std::string& query, int limit = 50) const; // titles and texts, Chinese included

private:
    Engine& m_engine;
};

} // namespace sy::api
