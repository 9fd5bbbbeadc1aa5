// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/chats.h"

#include "engine/api/chat_json.h"
#include "engine/api/engine_state.h"
#include "engine/api/saved_contexts.h"

#include <utility>

namespace sy::api {

namespace {

constexpr int64_t kUndoMs = 24 * 60 * 60 * 1000; // how long a removed chat can be restored

Time timeOf(int64_t ms)
{
    return Time(std::chrono::milliseconds(ms));
}

int64_t msOf(Time time)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

ChatSummary summaryOf(const store::ChatRow& row)
{
    return {row.id, row.title, timeOf(row.createdMs), timeOf(row.lastActiveMs), row.collection, row.settings};
}

// The two enumerations are one list; the store must not know the one of the app.
static_assert(int(MessageStatus::complete) == int(store::MessageStatus::complete) &&
              int(MessageStatus::streaming) == int(store::MessageStatus::streaming) &&
              int(MessageStatus::stopped) == int(store::MessageStatus::stopped) &&
              int(MessageStatus::failed) == int(store::MessageStatus::failed));

Message messageOf(const store::MessageRow& row)
{
    Message message;
    message.id = row.id;
    message.chatId = row.chat;
    message.parent = row.parent.value_or(0);
    message.role = row.role;
    message.text = row.text;
    message.status = MessageStatus(int(row.status));
    message.created = timeOf(row.createdMs);
    message.citations = citationsFromJson(row.citations);
    message.support = supportFromJson(row.support);
    message.queryUsed = row.queryUsed;
    message.timings = timingsFromJson(row.timings);
    message.error = row.error;
    return message;
}

store::MessageRow rowOf(const Message& message)
{
    store::MessageRow row;
    row.id = message.id;
    row.chat = message.chatId;
    row.parent = message.parent;
    row.role = message.role;
    row.text = message.text;
    row.status = store::MessageStatus(int(message.status));
    row.createdMs = std::max<int64_t>(msOf(message.created), 0);
    row.timings = toJson(message.timings);
    row.citations = toJson(message.citations);
    row.support = toJson(message.support);
    row.queryUsed = message.queryUsed;
    row.error = message.error;
    return row;
}

RemovedMessages removedOf(const store::RemovedMessages& rows)
{
    RemovedMessages removed{{}, rows.followers};
    for (const store::MessageRow& row : rows.rows)
        removed.messages.push_back(messageOf(row));
    return removed;
}

} // namespace

Chats::Chats(Engine& engine) : m_engine(engine) {}

Chats::~Chats() = default;

std::vector<ChatSummary> Chats::list() const
{
    std::vector<ChatSummary> chats;
    for (const store::ChatRow& row : m_engine.state().chatStore.list())
        chats.push_back(summaryOf(row));
    return chats;
}

ChatSummary Chats::create(const std::string& title, const std::string& collection)
{
    return summaryOf(m_engine.state().chatStore.create(title, collection));
}

void Chats::rename(int64_t chatId, const std::string& title)
{
    m_engine.state().chatStore.rename(chatId, title);
}

void Chats::setCollection(int64_t chatId, const std::string& collection)
{
    m_engine.state().chatStore.setCollection(chatId, collection);
}

void Chats::setSettings(int64_t chatId, const std::string& json)
{
    m_engine.state().chatStore.setSettings(chatId, json);
}

void Chats::remove(int64_t chatId)
{
    m_engine.state().chatStore.remove(chatId);
    m_engine.contexts().forget(chatId);
}

void Chats::restore(int64_t chatId)
{
    m_engine.state().chatStore.restore(chatId);
}

void Chats::purgeRemoved()
{
    m_engine.state().chatStore.purgeRemoved(store::nowMs() - kUndoMs);
}

std::vector<Message> Chats::messages(int64_t chatId) const
{
    std::vector<Message> messages;
    for (const store::MessageRow& row : m_engine.state().chatStore.messages(chatId))
        messages.push_back(messageOf(row));
    return messages;
}

int64_t Chats::append(Message message)
{
    return m_engine.state().chatStore.append(rowOf(message));
}

void Chats::updateText(int64_t messageId, const std::string& text)
{
    m_engine.state().chatStore.updateText(messageId, text);
}

void Chats::finish(const Message& message)
{
    m_engine.state().chatStore.finish(rowOf(message));
}

RemovedMessages Chats::removeMessage(int64_t chatId, int64_t messageId)
{
    m_engine.contexts().forget(chatId);
    return removedOf(m_engine.state().chatStore.removeMessage(chatId, messageId));
}

RemovedMessages Chats::removeMessagesFrom(int64_t chatId, int64_t messageId)
{
    m_engine.contexts().forget(chatId);
    return removedOf(m_engine.state().chatStore.removeMessagesFrom(chatId, messageId));
}

void Chats::restoreMessages(const RemovedMessages& removed)
{
    store::RemovedMessages rows{{}, removed.followers};
    for (const Message& message : removed.messages) {
        rows.rows.push_back(rowOf(message));
        if (message.parent.value_or(0) == 0)
            rows.rows.back().parent.reset(); // a first message
    }
    m_engine.state().chatStore.restoreMessages(rows);
}

void Chats::closeInterrupted()
{
    m_engine.state().chatStore.closeInterrupted();
}

std::vector<Chats::Hit> Chats::search(const std::string& query, int limit) const
{
    std::vector<Hit> hits;
    for (const store::ChatHit& hit : m_engine.state().chatStore.search(query, limit))
        hits.push_back({hit.chat, hit.message, hit.title, hit.excerpt});
    return hits;
}

} // namespace sy::api
