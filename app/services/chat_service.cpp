// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_service.h"

#include "app/settings/settings.h"
#include "engine/core/error.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace sy::app {

namespace {

constexpr int64_t kPassageBudget = 900; // tokens that retrieved passages take of a prompt, roughly

} // namespace

std::string questionForModel(const api::Message& message)
{
    std::string content;
    for (const api::Citation& attachment : message.citations)
        if (attachment.document.empty() && !attachment.text.empty())
            content += attachment.title + ":\n\n" + attachment.text + "\n\n";
    return content + message.text;
}

std::vector<api::ChatMessage> historyForModel(const std::vector<api::Message>& messages)
{
    std::vector<api::ChatMessage> history;
    for (const api::Message& m : messages) {
        if (m.text.empty() || m.status == api::MessageStatus::failed)
            continue;
        if (history.empty() && m.role == "assistant")
            continue;
        if (!history.empty() && history.back().role == m.role)
            history.back().content += "\n\n" + questionForModel(m);
        else
            history.push_back({m.role, questionForModel(m)});
    }
    return history;
}

QString titleFromQuestion(const QString& question)
{
    QString title = question.simplified();
    title.remove(QRegularExpression(QStringLiteral("[*_`#>]+")));
    constexpr qsizetype kLongest = 48;
    if (title.size() <= kLongest)
        return title;
    qsizetype cut = title.lastIndexOf(QLatin1Char(' '), kLongest);
    if (cut < kLongest / 2)
        cut = kLongest; // no spaces: Chinese
    return title.left(cut).trimmed() + QStringLiteral("…");
}

ChatService::ChatService(ChatFunctions chats, DocumentFunctions documents, const Settings& settings, QObject* parent)
    : QObject(parent), m_functions(std::move(chats)), m_documents(std::move(documents)), m_settings(settings)
{
    qRegisterMetaType<UserMessage>();
}

ChatService::~ChatService()
{
    stopAll();
    m_answers.clear(); // joins them
    saveContexts(0);
}

/// Of chats that nobody is looking at; each takes a second for some thousand tokens.
void ChatService::saveContexts(qint64 exceptChat)
{
    for (;;) {
        std::map<qint64, UnsavedContext>::node_type next;
        {
            const std::lock_guard lock(m_contextMutex);
            auto it = m_unsaved.begin();
            if (it != m_unsaved.end() && it->first == exceptChat)
                ++it;
            if (it == m_unsaved.end())
                return;
            next = m_unsaved.extract(it);
        }
        if (const ChatModelPtr model = next.mapped().model.lock())
            model->saveContext(next.key(), next.mapped().messages, next.mapped().adapter);
    }
}

/// Its words are to go, or are no longer what was computed.
void ChatService::forgetContext(qint64 chatId)
{
    const std::lock_guard lock(m_contextMutex);
    m_unsaved.erase(chatId);
}

void ChatService::post(std::function<void()> call)
{
    QMetaObject::invokeMethod(this, std::move(call), Qt::QueuedConnection);
}

void ChatService::tidyUp()
{
    m_store.run(
        this,
        [close = m_functions.closeInterrupted, purge = m_functions.purgeRemoved](std::stop_token) {
            close();
            purge();
        },
        [] {}, [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::refresh()
{
    m_store.run(
        this, [list = m_functions.list](std::stop_token) { return list(); },
        [this, nEdits = m_nEdits](std::vector<api::ChatSummary> chats) {
            if (nEdits != m_nEdits) { // changed while it was being read, and the change stands behind it in the queue
                refresh();
                return;
            }
            m_chats = QList<api::ChatSummary>(chats.begin(), chats.end());
            m_isLoaded = true;
            emit chatsChanged();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

api::ChatSummary ChatService::chat(qint64 chatId) const
{
    for (const api::ChatSummary& chat : m_chats)
        if (chat.id == chatId)
            return chat;
    return {};
}

void ChatService::setSummary(qint64 chatId, const std::function<void(api::ChatSummary&)>& change)
{
    ++m_nEdits;
    for (api::ChatSummary& chat : m_chats)
        if (chat.id == chatId)
            change(chat);
    emit chatsChanged();
}

void ChatService::create(const QString& collection, std::function<void(qint64)> created)
{
    m_store.run(
        this, [make = m_functions.create, name = collection.toStdString()](std::stop_token) { return make({}, name); },
        [this, created = std::move(created)](const api::ChatSummary& chat) {
            ++m_nEdits;
            m_chats.prepend(chat);
            m_trees.insert(chat.id, {});
            if (!m_newAdapter.id.isEmpty())
                setAdapter(chat.id, m_newAdapter);
            emit chatsChanged();
            created(chat.id);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::rename(qint64 chatId, const QString& title)
{
    setSummary(chatId, [&](api::ChatSummary& chat) { chat.title = title.toStdString(); });
    m_store.run(
        this, [rename = m_functions.rename, chatId, text = title.toStdString()](std::stop_token) { rename(chatId, text); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::setCollection(qint64 chatId, const QString& collection)
{
    setSummary(chatId, [&](api::ChatSummary& chat) { chat.collection = collection.toStdString(); });
    m_store.run(
        this, [set = m_functions.setCollection, chatId, name = collection.toStdString()](std::stop_token) { set(chatId, name); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::setChatSettings(qint64 chatId, const ChatSettings& edited)
{
    ChatSettings settings = edited;
    settings.setLeaf(chatSettings(chatId).leaf()); // the editor's copy may be older than the last step to another branch
    settings.setAdapter(chatSettings(chatId).adapter());
    writeSettings(chatId, settings);
}

/// Which branch is shown, for the next time the chat is opened; 0: the newest.
void ChatService::setLeaf(qint64 chatId, qint64 messageId)
{
    ChatSettings settings = chatSettings(chatId);
    if (settings.leaf() == messageId)
        return;
    settings.setLeaf(messageId);
    writeSettings(chatId, settings);
}

void ChatService::writeSettings(qint64 chatId, const ChatSettings& settings)
{
    const std::string json = settings.toJson();
    ++m_nEdits;
    for (api::ChatSummary& chat : m_chats)
        if (chat.id == chatId)
            chat.settings = json;
    m_store.run(
        this, [set = m_functions.setSettings, chatId, json](std::stop_token) { set(chatId, json); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
}

ChatSettings ChatService::chatSettings(qint64 chatId) const
{
    return ChatSettings::fromJson(chat(chatId).settings);
}

AdapterChoice ChatService::adapter(qint64 chatId) const
{
    return chatId == 0 ? m_newAdapter : chatSettings(chatId).adapter();
}

void ChatService::setAdapter(qint64 chatId, const AdapterChoice& choice)
{
    if (adapter(chatId) == choice)
        return;
    if (chatId == 0) {
        m_newAdapter = choice;
    } else {
        ChatSettings settings = chatSettings(chatId);
        settings.setAdapter(choice);
        writeSettings(chatId, settings);
    }
    emit adapterChanged(chatId);
}

void ChatService::remove(qint64 chatId)
{
    stop(chatId);
    forgetContext(chatId);
    ++m_nEdits;
    m_chats.removeIf([&](const api::ChatSummary& chat) { return chat.id == chatId; });
    emit chatsChanged();
    m_store.run(
        this, [remove = m_functions.remove, chatId](std::stop_token) { remove(chatId); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::restore(qint64 chatId)
{
    m_store.run(
        this, [restore = m_functions.restore, chatId](std::stop_token) { restore(chatId); }, [this] { refresh(); },
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::search(const QString& query)
{
    m_store.run(
        this, [search = m_functions.search, text = query.toStdString()](std::stop_token) { return search(text); },
        [this, query](std::vector<api::Chats::Hit> hits) { emit searchFinished(query, QList<api::Chats::Hit>(hits.begin(), hits.end())); },
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::open(qint64 chatId, qint64 messageId)
{
    if (isAnswering(chatId)) { // what is held is newer than what is on disk
        emit messagesChanged(chatId);
        return;
    }
    m_reopened.insert(chatId);
    if (std::exchange(m_openChat, chatId) != chatId)
        m_contexts.run(this, [this, chatId](std::stop_token) { saveContexts(chatId); }, [] {});
    m_store.run(
        this, [read = m_functions.messages, chatId](std::stop_token) { return read(chatId); },
        [this, chatId, messageId](std::vector<api::Message> messages) {
            if (isAnswering(chatId))
                return;
            ChatTree tree(std::move(messages), chatSettings(chatId).leaf());
            tree.choose(messageId);
            m_trees.insert(chatId, std::move(tree));
            emit messagesChanged(chatId);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

bool ChatService::isEmpty(qint64 chatId) const
{
    const auto it = m_trees.constFind(chatId);
    return it == m_trees.cend() || it->isEmpty();
}

QList<ChatEntry> ChatService::messages(qint64 chatId) const
{
    const auto it = m_trees.constFind(chatId);
    return it == m_trees.cend() ? QList<ChatEntry>() : it->path();
}

ChatEntry ChatService::message(qint64 chatId, qint64 messageId) const
{
    const auto it = m_trees.constFind(chatId);
    const ChatEntry* entry = it == m_trees.cend() ? nullptr : it->find(messageId);
    return entry ? *entry : ChatEntry();
}

qint64 ChatService::lastMessage(qint64 chatId) const
{
    const auto it = m_trees.constFind(chatId);
    return it == m_trees.cend() ? 0 : it->last();
}

qint64 ChatService::stepBranch(qint64 chatId, qint64 messageId, int by)
{
    const auto it = m_trees.find(chatId);
    if (it == m_trees.end() || isAnswering(chatId))
        return 0;
    const qint64 shown = it->step(messageId, by);
    if (shown == 0)
        return 0;
    setLeaf(chatId, it->last());
    emit messagesChanged(chatId);
    return shown;
}

ChatService::Comparison ChatService::comparison(qint64 chatId) const
{
    Comparison found;
    for (const ChatEntry& entry : messages(chatId))
        if (entry.message.role == "user")
            found.question = entry;
    if (found.question.message.id != 0) {
        found.answers = m_trees[chatId].following(found.question.message.id);
        if (const auto begun = m_comparing.constFind(chatId); begun != m_comparing.cend())
            found.answers.removeIf([&](const ChatEntry& entry) { return !begun->contains(entry.message.id); });
        while (found.answers.size() > 2)
            found.answers.removeFirst();
    }
    return found;
}

void ChatService::choose(qint64 chatId, qint64 messageId)
{
    const auto it = m_trees.find(chatId);
    if (it == m_trees.end() || isAnswering(chatId) || !it->find(messageId))
        return;
    it->choose(messageId);
    setLeaf(chatId, it->last());
    emit messagesChanged(chatId);
}

ChatService::Removal ChatService::removeMessage(qint64 chatId, qint64 messageId)
{
    if (isAnswering(chatId))
        return {};
    m_trees[chatId].removeOne(messageId);
    return runRemoval(chatId, messageId, m_functions.removeMessage);
}

ChatService::Removal ChatService::removeFrom(qint64 chatId, qint64 messageId)
{
    if (isAnswering(chatId))
        return {};
    m_trees[chatId].remove(messageId);
    return runRemoval(chatId, messageId, m_functions.removeMessagesFrom);
}

ChatService::Removal ChatService::runRemoval(qint64 chatId, qint64 messageId, const std::function<api::RemovedMessages(int64_t, int64_t)>& remove)
{
    forgetContext(chatId);
    setLeaf(chatId, m_trees[chatId].last());
    emit messagesChanged(chatId);
    auto removed = std::make_shared<api::RemovedMessages>();
    m_store.run(
        this, [remove, chatId, messageId, removed](std::stop_token) { *removed = remove(chatId, messageId); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
    return removed;
}

void ChatService::restoreMessages(qint64 chatId, Removal removal)
{
    m_store.run( // behind the removal in the queue: what it took is known by then
        this, [restore = m_functions.restoreMessages, removal](std::stop_token) { restore(*removal); },
        [this, chatId, removal] {
            if (!m_trees.contains(chatId))
                return;
            m_trees[chatId].putBack(*removal, isAnswering(chatId)); // an answer that has begun meanwhile stays in sight
            if (!isAnswering(chatId))
                setLeaf(chatId, m_trees[chatId].last());
            emit messagesChanged(chatId);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::setDropsOldest(qint64 chatId, bool drops)
{
    m_dropsOldest.insert(chatId, drops);
}

bool ChatService::dropsOldest(qint64 chatId) const
{
    return m_dropsOldest.value(chatId);
}

void ChatService::measureContext(qint64 chatId, const QString& draft, ChatModelPtr model)
{
    if (!model || !model->countTokens)
        return;
    struct Counts {
        qint64 system = 0, conversation = 0, documents = 0;
    };
    std::vector<api::ChatMessage> system, conversation;
    if (const QString text = chatSettings(chatId).systemPrompt(m_settings); !text.isEmpty())
        system.push_back({"system", text.toStdString()});
    qint64 documents = 0;
    std::vector<api::Message> told;
    for (const ChatEntry& entry : messages(chatId))
        told.push_back(entry.message);
    if (!draft.isEmpty())
        told.push_back({.role = "user", .text = draft.toStdString()});
    conversation = historyForModel(told);
    if (!chat(chatId).collection.empty())
        documents = kPassageBudget;
    if (m_measuring)
        m_measuring->request_stop(); // only the latest count matters
    m_measuring = m_measure.run(
        this,
        [model = std::move(model), system, conversation, documents](std::stop_token stop) {
            Counts counts{.documents = documents};
            if (!stop.stop_requested() && !system.empty())
                counts.system = model->countTokens(system);
            if (!stop.stop_requested() && !conversation.empty())
                counts.conversation = model->countTokens(conversation);
            if (stop.stop_requested())
                throw Cancelled();
            return counts;
        },
        [this, chatId](const Counts& counts) { emit contextMeasured(chatId, counts.system, counts.conversation, counts.documents); });
}

} // namespace sy::app
