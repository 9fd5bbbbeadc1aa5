// SPDX-License-Identifier: GPL-3.0-or-later
//
// The half of ChatService that makes answers: what a question takes along, the thread that waits for the engine, and how a growing
// answer reaches the window and the disk.
#include "app/services/chat_service.h"

#include "app/services/throttle.h"
#include "engine/core/error.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QRandomGenerator>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kDisplayInterval = 33ms;
constexpr auto kSaveInterval = 1s;
constexpr int64_t kAnswerReserve = 512; // tokens kept free for the answer when old turns are left out

/// What "this document" means: the one that the last answer cites.
std::string lastCited(const std::vector<api::Message>& history)
{
    for (auto message = history.rbegin(); message != history.rend(); ++message)
        for (const api::Citation& citation : message->citations)
            if (message->role == "assistant" && citation.isCited)
                return citation.document;
    return {};
}

} // namespace

ChatService::Question ChatService::questionFor(qint64 chatId, ChatModelPtr model) const
{
    const ChatSettings settings = chatSettings(chatId);
    Question q;
    q.chatId = chatId;
    q.model = std::move(model);
    q.collection = chat(chatId).collection;
    q.sampling = settings.sampling(m_settings);
    q.maxTokens = settings.maxTokens(m_settings);
    q.system = settings.systemPrompt(m_settings).toStdString();
    q.nPassages = settings.passages(m_settings);
    q.dropsOldest = dropsOldest(chatId);
    q.restoresContext = m_reopened.contains(chatId);
    q.adapter = settings.adapter();
    return q;
}

void ChatService::ask(qint64 chatId, const QString& question, const QList<QuestionAttachment>& attachments, ChatModelPtr model, qint64 beside)
{
    if (isAnswering(chatId) || !model)
        return;
    Question q = questionFor(chatId, std::move(model));
    q.text = question.toStdString();
    q.attachments = {attachments.begin(), attachments.end()};
    for (const ChatEntry& entry : messages(chatId)) {
        if (entry.message.id == beside)
            break;
        q.history.push_back(entry.message);
    }
    q.parent = q.history.empty() ? 0 : q.history.back().id;
    if (chat(chatId).title.empty())
        rename(chatId, titleFromQuestion(question.isEmpty() && !attachments.isEmpty() ? QString::fromStdString(attachments[0].name) : question));
    start(std::move(q));
}

void ChatService::regenerate(qint64 chatId, ChatModelPtr model)
{
    if (isAnswering(chatId) || !model)
        return;
    Question q = questionFor(chatId, std::move(model));
    q.kind = Question::Kind::Again;
    for (const ChatEntry& entry : messages(chatId))
        q.history.push_back(entry.message);
    while (!q.history.empty() && q.history.back().role != "user")
        q.history.pop_back();
    if (q.history.empty())
        return;
    q.text = q.history.back().text;
    start(std::move(q));
}

void ChatService::compare(qint64 chatId, const QString& question, const QList<QuestionAttachment>& attachments, ChatModelPtr model,
                          const AdapterChoice& first, const AdapterChoice& second)
{
    if (isAnswering(chatId) || !model)
        return;
    Question q = questionFor(chatId, std::move(model));
    q.text = question.toStdString();
    q.attachments = {attachments.begin(), attachments.end()};
    q.adapter = first;
    q.second = second;
    if (!q.sampling.seed)
        q.sampling.seed = QRandomGenerator::global()->generate(); // what differs between the two is the adapter alone
    for (const ChatEntry& entry : messages(chatId))
        q.history.push_back(entry.message);
    if (question.isEmpty()) {
        q.kind = Question::Kind::Again;
        while (!q.history.empty() && q.history.back().role != "user")
            q.history.pop_back();
        if (q.history.empty())
            return;
        q.text = q.history.back().text;
    } else {
        q.parent = q.history.empty() ? 0 : q.history.back().id;
        if (chat(chatId).title.empty())
            rename(chatId, titleFromQuestion(question));
    }
    m_comparing.insert(chatId, {});
    start(std::move(q));
}

bool ChatService::canContinue(const api::Message& message)
{
    const bool isCut = message.status == api::MessageStatus::stopped || (message.timings && message.timings->finish == "length");
    return message.role == "assistant" && isCut && !message.text.empty() && message.citations.empty();
}

void ChatService::continueAnswer(qint64 chatId, ChatModelPtr model)
{
    const ChatEntry last = message(chatId, lastMessage(chatId));
    if (isAnswering(chatId) || !model || !canContinue(last.message))
        return;
    Question q = questionFor(chatId, std::move(model));
    q.kind = Question::Kind::Continue;
    q.unfinished = last.message;
    for (const ChatEntry& entry : messages(chatId))
        if (entry.message.id != last.message.id)
            q.history.push_back(entry.message);
    if (q.history.empty() || q.history.back().role != "user")
        return;
    q.text = q.history.back().text;
    q.collection.clear(); // it was answered without documents and goes on so
    start(std::move(q));
}

void ChatService::stop(qint64 chatId)
{
    const auto it = m_answers.find(chatId);
    if (it == m_answers.end() || m_stopping.contains(chatId))
        return;
    it->second.request_stop();
    m_stopping.insert(chatId);
    // The engine may need some tenths of a second to come to a point where it can stop; who pressed the button sees it at once.
    const qint64 last = lastMessage(chatId);
    if (ChatEntry* entry = m_trees[chatId].find(last); entry && entry->message.status == api::MessageStatus::streaming) {
        entry->progress = {AnswerProgress::Phase::Stopping, -1};
        emit messageChanged(chatId, last);
    }
    emit chatsChanged();
}

void ChatService::stopAll()
{
    for (auto& [id, thread] : m_answers)
        thread.request_stop();
}

void ChatService::start(Question question)
{
    const qint64 chatId = question.chatId;
    setLeaf(chatId, 0); // what is being written is the newest
    m_reopened.remove(chatId);
    Q_ASSERT(!m_answers.contains(chatId)); // assigning over a running jthread would join it here, freezing the window
    m_answers.emplace(chatId, std::jthread([this, question = std::move(question)](std::stop_token stop) mutable {
                          const qint64 id = question.chatId;
                          answerAll(std::move(question), stop);
                          post([this, id] {
                              m_answers.erase(id); // finished but for this call: the join is immediate
                              m_stopping.remove(id);
                              m_comparing.remove(id);
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
    while (messages.size() > keepFront + 1 && messages[keepFront].role == "assistant") // not without its question
        messages.erase(messages.begin() + long(keepFront));
    return messages;
}

void ChatService::answerAll(Question question, const std::stop_token& stop)
{
    answer(question, stop);
    if (!question.second || stop.stop_requested() || question.history.empty())
        return;
    question.kind = Question::Kind::Again;
    question.adapter = *question.second;
    question.attachments.clear(); // they are in the chat's collection by now
    question.restoresContext = false;
    answer(question, stop);
}

void ChatService::answer(Question& q, const std::stop_token& stop)
{
    const qint64 chatId = q.chatId;
    api::Message reply = q.unfinished;
    reply.status = api::MessageStatus::streaming;
    UserMessage failure;
    AdapterInfo adapter;

    // A changed reply goes to the window as a value; the window's copy is replaced.
    const auto show = [&](const AnswerProgress& progress) {
        post([this, chatId, reply, progress, failure] {
            if (m_stopping.contains(chatId) && reply.status == api::MessageStatus::streaming)
                return;
            if (ChatEntry* entry = m_trees[chatId].find(reply.id)) {
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
            if (message.role == "assistant" && m_comparing.contains(chatId))
                m_comparing[chatId].push_back(message.id);
            m_trees[chatId].add({message, m_stopping.contains(chatId) ? AnswerProgress{AnswerProgress::Phase::Stopping, -1} : progress, {}});
            emit messagesChanged(chatId);
        });
    };

    api::Message questionMessage;
    try {
        if (q.kind == Question::Kind::New) {
            questionMessage.chatId = chatId;
            questionMessage.parent = q.parent;
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
        if (q.kind == Question::Kind::Continue) {
            show({AnswerProgress::Phase::Starting, -1});
        } else {
            reply.chatId = chatId;
            reply.parent = questionMessage.id;
            reply.role = "assistant";
            reply.created = std::chrono::system_clock::now();
            appendShown(reply, {AnswerProgress::Phase::Starting, -1});
        }

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
            QStringList unread;
            const api::IngestSummary summary = m_documents.ingest(
                name, files, {},
                [&](const api::DocumentRow& row) {
                    if (!row.message.empty() && firstProblem.empty())
                        firstProblem = row.message;
                    if (row.status != api::DocumentStatus::indexed && row.status != api::DocumentStatus::unchanged)
                        unread << QFileInfo(QString::fromStdString(row.path)).fileName();
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
            post([this, chatId, name, unread] {
                setSummary(chatId, [&](api::ChatSummary& chat) { chat.collection = name; });
                emit attachmentsIndexed(chatId, QString::fromStdString(name), unread);
            });
        }


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
            if (reply.text.size() > q.unfinished.text.size() || !display.due())
                return;
            if (p.queuePosition > 0)
                show({AnswerProgress::Phase::Queued, -1});
            else
                show({AnswerProgress::Phase::Prefill, p.totalTokens > 0 ? double(p.doneTokens) / double(p.totalTokens) : -1});
        };

        api::GenerationRequest request;
        if (!q.adapter.id.isEmpty()) {
            const auto found = m_functions.findAdapter(q.adapter.id.toStdString());
            if (!found)
                throw StorageFailure(q.adapter.id.toStdString(), "looking for the adapter", "it is no longer there");
            adapter = *found;
            request.adapter = {adapter.file, q.adapter.strength};
        }
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
            std::vector<api::ChatMessage> history = historyForModel(q.history);
            if (!history.empty() && history.back().role == "user") // its answer was deleted; what it asked is not asked again
                history.pop_back();
            askRequest.history = fitHistory(q, std::move(history), q.model->contextLength / 2);
            askRequest.generation = request;
            askRequest.nPassages = q.nPassages;
            askRequest.systemPrompt = q.system;
            askRequest.lastDocument = files.size() == 1 ? files.front().string() : lastCited(q.history);
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
            std::vector<api::Message> told = q.history;
            told.push_back(questionMessage);
            request.messages = historyForModel(told);
            if (!q.system.empty())
                request.messages.insert(request.messages.begin(), {"system", q.system});
            request.messages = fitHistory(q, std::move(request.messages), kAnswerReserve);
            request.answerStart = q.unfinished.text;
            if (q.restoresContext && q.model->restoreContext)
                q.model->restoreContext(chatId);
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
                reply.text = q.unfinished.text + generation.text;
            if (q.model->saveContext && !reply.text.empty()) {
                request.messages.push_back({"assistant", reply.text});
                const std::lock_guard contexts(m_contextMutex);
                m_unsaved[chatId] = {q.model, std::move(request.messages), request.adapter};
            }
        }
        const bool wasStopped = generation.finish == api::Finish::cancelled;
        reply.status = wasStopped ? api::MessageStatus::stopped : generation.finish == api::Finish::failed ? api::MessageStatus::failed : api::MessageStatus::complete;
        api::MessageTimings timings;
        timings.promptTokens = generation.promptTokens;
        timings.cachedTokens = generation.cachedTokens;
        timings.generatedTokens = generation.generatedTokens + (q.unfinished.timings ? q.unfinished.timings->generatedTokens : 0);
        timings.draftedTokens = generation.draftedTokens + (q.unfinished.timings ? q.unfinished.timings->draftedTokens : 0);
        timings.trueDrafts = generation.trueDrafts + (q.unfinished.timings ? q.unfinished.timings->trueDrafts : 0);
        timings.timeToFirstTokenMs = generation.timeToFirstTokenMs;
        timings.prefillTokensPerSecond = generation.prefillTokensPerSecond;
        timings.decodeTokensPerSecond = generation.decodeTokensPerSecond;
        timings.retrievalMs = retrievalMs;
        timings.seed = generation.seed;
        timings.model = q.model->name;
        timings.adapter = adapter.name;
        timings.adapterStrength = q.adapter.strength;
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
        reply.timings = api::MessageTimings{.finish = "cancelled", .model = q.model->name, .adapter = adapter.name, .adapterStrength = q.adapter.strength};
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
    if (questionMessage.id != 0)
        q.history.push_back(questionMessage);
}

} // namespace sy::app
