// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_service.h"

#include "app/services/throttle.h"
#include "app/settings/settings.h"
#include "engine/core/error.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kDisplayInterval = 33ms;
constexpr auto kSaveInterval = 1s;
constexpr int64_t kPassageBudget = 900; // tokens that retrieved passages take of a prompt, roughly
constexpr int64_t kAnswerReserve = 512; // tokens kept free for the answer when old turns are left out

std::string questionForModel(const api::Message& message)
{
    // Pasted texts stand before the question: instructions belong after the material.
    std::string content;
    for (const api::Citation& attachment : message.citations)
        if (attachment.document.empty() && !attachment.text.empty())
            content += attachment.title + ":\n\n" + attachment.text + "\n\n";
    return content + message.text;
}


} // namespace

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
        [this](std::vector<api::ChatSummary> chats) {
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
            m_chats.prepend(chat);
            m_messages.insert(chat.id, {});
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

void ChatService::setChatSettings(qint64 chatId, const ChatSettings& settings)
{
    const std::string json = settings.toJson();
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

void ChatService::remove(qint64 chatId)
{
    stop(chatId);
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

void ChatService::open(qint64 chatId)
{
    if (isAnswering(chatId)) { // what is held is newer than what is on disk
        emit messagesChanged(chatId);
        return;
    }
    m_store.run(
        this, [read = m_functions.messages, chatId](std::stop_token) { return read(chatId); },
        [this, chatId](std::vector<api::Message> messages) {
            if (isAnswering(chatId))
                return;
            QList<ChatEntry> entries;
            for (api::Message& message : messages)
                entries.push_back({std::move(message), {}, {}});
            m_messages.insert(chatId, entries);
            emit messagesChanged(chatId);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

ChatEntry* ChatService::find(qint64 chatId, qint64 messageId)
{
    const auto it = m_messages.find(chatId);
    if (it == m_messages.end())
        return nullptr;
    for (ChatEntry& entry : *it)
        if (entry.message.id == messageId)
            return &entry;
    return nullptr;
}

void ChatService::stop(qint64 chatId)
{
    if (const auto it = m_answers.find(chatId); it != m_answers.end())
        it->second.request_stop();
}

void ChatService::stopAll()
{
    for (auto& [id, thread] : m_answers)
        thread.request_stop();
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
    for (const ChatEntry& entry : m_messages.value(chatId)) {
        if (!entry.message.text.empty())
            conversation.push_back({entry.message.role, questionForModel(entry.message)});
    }
    if (!chat(chatId).collection.empty())
        documents = kPassageBudget;
    if (!draft.isEmpty())
        conversation.push_back({"user", draft.toStdString()});
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

// ---------------------------------------------------------------------------------------------------------------- answers

void ChatService::ask(qint64 chatId, const QString& question, const QList<QuestionAttachment>& attachments, ChatModelPtr model)
{
    if (isAnswering(chatId) || !model)
        return;
    Question q{.chatId = chatId,
               .text = question.toStdString(),
               .attachments = {attachments.begin(), attachments.end()},
               .isNew = true,
               .model = std::move(model),
               .collection = chat(chatId).collection,
               .history = {},
               .sampling = chatSettings(chatId).sampling(m_settings),
               .maxTokens = chatSettings(chatId).maxTokens(m_settings),
               .system = chatSettings(chatId).systemPrompt(m_settings).toStdString(),
               .nPassages = chatSettings(chatId).passages(m_settings),
               .dropsOldest = dropsOldest(chatId)};
    for (const ChatEntry& entry : m_messages.value(chatId))
        q.history.push_back(entry.message);
    if (chat(chatId).title.empty())
        rename(chatId, titleFromQuestion(question.isEmpty() && !attachments.isEmpty() ? QString::fromStdString(attachments[0].name) : question));
    start(std::move(q));
}

void ChatService::regenerate(qint64 chatId, ChatModelPtr model)
{
    if (isAnswering(chatId) || !model)
        return;
    QList<ChatEntry>& entries = m_messages[chatId];
    qsizetype last = entries.size() - 1;
    while (last >= 0 && entries[last].message.role != "user")
        --last;
    if (last < 0)
        return;
    Question q{.chatId = chatId,
               .text = entries[last].message.text,
               .attachments = {},
               .isNew = false,
               .model = std::move(model),
               .collection = chat(chatId).collection,
               .history = {},
               .sampling = chatSettings(chatId).sampling(m_settings),
               .maxTokens = chatSettings(chatId).maxTokens(m_settings),
               .system = chatSettings(chatId).systemPrompt(m_settings).toStdString(),
               .nPassages = chatSettings(chatId).passages(m_settings),
               .dropsOldest = dropsOldest(chatId)};
    for (qsizetype i = 0; i <= last; ++i)
        q.history.push_back(entries[i].message);
    if (last + 1 < entries.size()) {
        const qint64 from = entries[last + 1].message.id;
        entries.remove(last + 1, entries.size() - last - 1);
        emit messagesChanged(chatId);
        m_store.run(
            this, [remove = m_functions.removeMessagesFrom, chatId, from](std::stop_token) { remove(chatId, from); }, [] {},
            [this](const UserMessage& message) { emit failed(message); });
    }
    start(std::move(q));
}

void ChatService::removeFrom(qint64 chatId, qint64 messageId)
{
    if (isAnswering(chatId))
        return;
    QList<ChatEntry>& entries = m_messages[chatId];
    for (qsizetype i = 0; i < entries.size(); ++i) {
        if (entries[i].message.id != messageId)
            continue;
        entries.remove(i, entries.size() - i);
        break;
    }
    emit messagesChanged(chatId);
    m_store.run(
        this, [remove = m_functions.removeMessagesFrom, chatId, messageId](std::stop_token) { remove(chatId, messageId); }, [] {},
        [this](const UserMessage& message) { emit failed(message); });
}

void ChatService::start(Question question)
{
    const qint64 chatId = question.chatId;
    Q_ASSERT(!m_answers.contains(chatId)); // assigning over a running jthread would join it here, freezing the window
    m_answers.emplace(chatId, std::jthread([this, question = std::move(question)](std::stop_token stop) mutable {
                          const qint64 id = question.chatId;
                          answer(std::move(question), stop);
                          post([this, id] {
                              m_answers.erase(id); // finished but for this call: the join is immediate
                              emit answerEnded(id);
                              refresh();
                          });
                      }));
    emit answerStarted(chatId);
    emit chatsChanged();
}

/// Leaves out the oldest turns, as the user chose, until the rest and a reserve for the answer fit.
std::vector<api::ChatMessage> ChatService::fitHistory(const Question& q, std::vector<api::ChatMessage> messages, int64_t reserve) const
{
    if (!q.dropsOldest || !q.model->countTokens)
        return messages;
    const size_t keepFront = !messages.empty() && messages.front().role == "system" ? 1 : 0;
    while (messages.size() > keepFront + 1 && q.model->countTokens(messages) + reserve > q.model->contextLength)
        messages.erase(messages.begin() + long(keepFront));
    return messages;
}

void ChatService::answer(Question q, const std::stop_token& stop)
{
    const qint64 chatId = q.chatId;
    api::Message reply;
    reply.chatId = chatId;
    reply.role = "assistant";
    reply.status = api::MessageStatus::streaming;
    reply.created = std::chrono::system_clock::now();
    UserMessage failure;

    // A changed reply goes to the window as a value; the window's copy is replaced.
    const auto show = [&](const AnswerProgress& progress) {
        post([this, chatId, reply, progress, failure] {
            if (ChatEntry* entry = find(chatId, reply.id)) {
                entry->message = reply;
                entry->progress = progress;
                entry->failure = failure;
                emit messageChanged(chatId, reply.id);
            }
        });
    };
    const auto appendShown = [&](api::Message& message, const AnswerProgress& progress) {
        message.id = m_functions.append(message);
        post([this, chatId, message, progress] {
            m_messages[chatId].push_back({message, progress, {}});
            emit messagesChanged(chatId);
        });
    };

    try {
        api::Message questionMessage;
        if (q.isNew) {
            questionMessage.chatId = chatId;
            questionMessage.role = "user";
            questionMessage.text = q.text;
            questionMessage.created = std::chrono::system_clock::now();
            for (const QuestionAttachment& a : q.attachments)
                questionMessage.citations.push_back({.document = a.path, .title = a.name, .text = a.text});
            appendShown(questionMessage, {});
        } else {
            questionMessage = q.history.back();
            q.history.pop_back();
        }
        appendShown(reply, {AnswerProgress::Phase::Starting, -1});

        // Files of the question become the chat's own collection, so that answers cite their pages.
        std::vector<std::filesystem::path> files;
        for (const QuestionAttachment& a : q.attachments)
            if (!a.path.empty())
                files.emplace_back(a.path);
        if (!files.empty()) {
            show({AnswerProgress::Phase::ReadingFiles, -1});
            const std::string name = QCoreApplication::translate("ChatService", "Files of chat %1").arg(chatId).toStdString();
            Throttle throttle(kDisplayInterval * 3);
            std::string firstProblem;
            const api::IngestSummary summary = m_documents.ingest(
                name, files, {},
                [&](const api::DocumentRow& row) {
                    if (!row.message.empty() && firstProblem.empty())
                        firstProblem = row.message;
                },
                [&](const api::IngestProgress& p) {
                    if (throttle.due())
                        show({AnswerProgress::Phase::ReadingFiles, p.nTotal > 0 ? double(p.nDone) / double(p.nTotal) : -1});
                },
                stop);
            if (summary.nDocuments == 0 && !firstProblem.empty())
                throw BadFile(q.attachments.front().path, firstProblem);
            q.collection = name;
            m_functions.setCollection(chatId, name);
            post([this, chatId, name] {
                setSummary(chatId, [&](api::ChatSummary& chat) { chat.collection = name; });
                emit attachmentsIndexed(chatId, QString::fromStdString(name));
            });
        }

        std::vector<api::ChatMessage> history;
        for (const api::Message& m : q.history)
            if (!m.text.empty() && m.status != api::MessageStatus::failed)
                history.push_back({m.role, questionForModel(m)});

        Throttle display(kDisplayInterval), save(kSaveInterval);
        save.due(); // the first save a second from now: the row is there already
        bool isShown = false; // the first words at once, however short ago a progress was
        const auto onGrown = [&] {
            if (save.due())
                m_functions.updateText(reply.id, reply.text);
            if (display.due() || !std::exchange(isShown, true))
                show({AnswerProgress::Phase::Decoding, -1});
        };
        const auto onPrompt = [&](const api::PromptProgress& p) {
            if (!reply.text.empty() || !display.due())
                return;
            if (p.queuePosition > 0)
                show({AnswerProgress::Phase::Queued, -1});
            else
                show({AnswerProgress::Phase::Prefill, p.totalTokens > 0 ? double(p.doneTokens) / double(p.totalTokens) : -1});
        };

        api::GenerationRequest request;
        request.sampling = q.sampling;
        request.maxTokens = q.maxTokens;
        api::GenerationResult generation;
        double retrievalMs = 0;
        bool isRefused = false;
        if (!q.collection.empty() && !q.text.empty()) {
            show({AnswerProgress::Phase::Retrieving, -1});
            api::AskRequest askRequest;
            askRequest.collection = q.collection;
            askRequest.question = questionForModel(questionMessage);
            askRequest.history = fitHistory(q, history, q.model->contextLength / 2);
            askRequest.generation = request;
            askRequest.nPassages = q.nPassages;
            askRequest.systemPrompt = q.system;
            // The engine calls back from its own thread while ask() waits, and from this one; never from both at once.
            std::mutex mutex;
            api::AskEvents events;
            events.onSources = [&](const std::vector<api::Citation>& sources) {
                const std::lock_guard lock(mutex);
                reply.citations = sources;
                show({AnswerProgress::Phase::Prefill, -1});
            };
            events.onProgress = [&](const api::PromptProgress& p) {
                const std::lock_guard lock(mutex);
                onPrompt(p);
            };
            events.onText = [&](const std::string& text, const std::vector<api::SentenceSupport>& support) {
                const std::lock_guard lock(mutex);
                reply.text = text;
                reply.support = support;
                onGrown();
            };
            api::AskResult result = q.model->ask(askRequest, events, stop);
            const std::lock_guard lock(mutex);
            reply.text = std::move(result.answer);
            reply.citations = std::move(result.citations);
            reply.support = std::move(result.support);
            if (result.queryUsed != q.text)
                reply.queryUsed = result.queryUsed;
            generation = std::move(result.generation);
            retrievalMs = result.retrievalMs;
            isRefused = result.isRefused;
        } else {
            request.messages = history;
            if (!q.system.empty())
                request.messages.insert(request.messages.begin(), {"system", q.system});
            request.messages.push_back({"user", questionForModel(questionMessage)});
            request.messages = fitHistory(q, std::move(request.messages), kAnswerReserve);
            std::mutex mutex;
            generation = q.model->generate(
                request,
                [&](const api::TokenEvent& token) {
                    const std::lock_guard lock(mutex);
                    reply.text += token.text;
                    onGrown();
                    return true;
                },
                stop,
                [&](const api::PromptProgress& p) {
                    const std::lock_guard lock(mutex);
                    onPrompt(p);
                });
            const std::lock_guard lock(mutex);
            if (!generation.text.empty())
                reply.text = generation.text;
        }
        const bool wasStopped = generation.finish == api::Finish::cancelled;
        reply.status = wasStopped ? api::MessageStatus::stopped : generation.finish == api::Finish::failed ? api::MessageStatus::failed : api::MessageStatus::complete;
        api::MessageTimings timings;
        timings.promptTokens = generation.promptTokens;
        timings.cachedTokens = generation.cachedTokens;
        timings.generatedTokens = generation.generatedTokens;
        timings.timeToFirstTokenMs = generation.timeToFirstTokenMs;
        timings.prefillTokensPerSecond = generation.prefillTokensPerSecond;
        timings.decodeTokensPerSecond = generation.decodeTokensPerSecond;
        timings.retrievalMs = retrievalMs;
        timings.seed = generation.seed;
        timings.model = q.model->name;
        timings.finish = isRefused                                      ? "refused"
                         : wasStopped                                   ? "cancelled"
                         : generation.finish == api::Finish::length     ? "length"
                         : generation.finish == api::Finish::failed     ? "failed"
                                                                        : "stop";
        reply.timings = timings;
        if (generation.decodeTokensPerSecond > 0)
            post([this, speed = generation.decodeTokensPerSecond] { emit speedMeasured(speed); });
    } catch (const Cancelled&) {
        reply.status = api::MessageStatus::stopped;
        reply.timings = api::MessageTimings{.finish = "cancelled", .model = q.model->name};
    } catch (const std::exception& error) {
        failure = describe(error);
        reply.status = api::MessageStatus::failed;
        reply.error = error.what();
    }
    if (reply.id != 0) {
        try {
            m_functions.finish(reply);
        } catch (const std::exception& error) { // the answer is on the screen; say that it is not on disk
            post([this, message = describe(error)] { emit failed(message); });
        }
        show({});
    } else { // not even the question could be stored
        post([this, failure] { emit failed(failure); });
    }
}

} // namespace sy::app
