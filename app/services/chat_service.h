// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/chat_settings.h"
#include "app/services/chat_tree.h"
#include "app/services/engine_functions.h"
#include "app/services/work_queue.h"

#include <QHash>
#include <QObject>
#include <QSet>
#include <QStringList>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace sy::app {

/// What goes with a question.
struct QuestionAttachment {
    std::string name;
    std::string path; // file; empty for a pasted text
    std::string text;
};

/// The conversations: what is on disk, and the answers being made. Every message is stored before it is answered, and the answer
/// once a second while it grows. Any number of chats can be answered at the same time, each on a thread of its own.
class ChatService : public QObject {
    Q_OBJECT
public:
    ChatService(ChatFunctions chats, DocumentFunctions documents, const Settings& settings, QObject* parent = nullptr);
    ~ChatService() override; // asks all answers to stop, waits for them, and keeps what has been computed for them

    /// Once at start: answers that a killed program left half written end as stopped, and long deleted chats go for good.
    void tidyUp();
    void refresh();
    const QList<api::ChatSummary>& chats() const { return m_chats; }
    bool isLoaded() const { return m_isLoaded; }
    api::ChatSummary chat(qint64 chatId) const; // id 0 when unknown

    /// Makes a chat, then calls created on this thread.
    void create(const QString& collection, std::function<void(qint64 chatId)> created);
    void rename(qint64 chatId, const QString& title);
    void setCollection(qint64 chatId, const QString& collection);
    void setChatSettings(qint64 chatId, const ChatSettings& settings);
    ChatSettings chatSettings(qint64 chatId) const;
    /// What the next answer of a chat is made with; of chat 0, the one not begun, what it will begin with.
    AdapterChoice adapter(qint64 chatId) const;
    void setAdapter(qint64 chatId, const AdapterChoice& choice);
    void remove(qint64 chatId);
    void restore(qint64 chatId);
    void search(const QString& query); // answered by searchFinished

    /// Reads the messages of a chat; messagesChanged follows. With a message, in the branch that holds it. What the model has computed
    /// for the chat that was open before is kept on disk meanwhile, and the first question to this one finds its own again.
    void open(qint64 chatId, qint64 messageId = 0);
    bool isOpen(qint64 chatId) const { return m_trees.contains(chatId); }
    bool isEmpty(qint64 chatId) const;
    /// The chosen branch, from the first message to the last.
    QList<ChatEntry> messages(qint64 chatId) const;
    /// One of them; an entry with id 0 when there is none.
    ChatEntry message(qint64 chatId, qint64 messageId) const;
    qint64 lastMessage(qint64 chatId) const;
    /// Shows the branch `by` places beside this message's; the id of the message that then stands there, or 0.
    qint64 stepBranch(qint64 chatId, qint64 messageId, int by);

    bool isAnswering(qint64 chatId) const { return m_answers.contains(chatId); }
    bool isStopping(qint64 chatId) const { return m_stopping.contains(chatId); }
    bool isAnsweringAny() const { return !m_answers.empty(); }
    /// Stores the question and answers it with the model, from the chat's collection when it has one. With `beside`, a question
    /// of this chat, the new one begins another branch there. A chat that is being answered takes no question.
    void ask(qint64 chatId, const QString& question, const QList<QuestionAttachment>& attachments, ChatModelPtr model, qint64 beside = 0);
    /// Answers the last question again, in a branch beside the answer it has.
    void regenerate(qint64 chatId, ChatModelPtr model);
    /// Goes on where the last answer stopped. Only for answers without sources: canContinue() says which.
    void continueAnswer(qint64 chatId, ChatModelPtr model);
    static bool canContinue(const api::Message& message);
    /// Answers a question twice, with one adapter and then with the other and the same seed, in two branches. An empty question: the
    /// last one of the chat, again.
    void compare(qint64 chatId, const QString& question, const QList<QuestionAttachment>& attachments, ChatModelPtr model,
                 const AdapterChoice& first, const AdapterChoice& second);
    /// The last question of the chosen branch and its newest two answers; while compare() is at work, those that it has begun.
    struct Comparison {
        ChatEntry question;
        QList<ChatEntry> answers;
    };
    Comparison comparison(qint64 chatId) const;
    /// Shows the branch that holds this message, and goes on from there.
    void choose(qint64 chatId, qint64 messageId);
    /// What was taken out of a chat, for restoreMessages(). Empty until the store has done it.
    using Removal = std::shared_ptr<const api::RemovedMessages>;
    /// Forgets the message alone; those around it close up.
    Removal removeMessage(qint64 chatId, qint64 messageId);
    /// Forgets the message and all that follow it.
    Removal removeFrom(qint64 chatId, qint64 messageId);
    void restoreMessages(qint64 chatId, Removal removal);
    /// Only asks; what is shown no longer changes and answerEnded comes when it has stopped.
    void stop(qint64 chatId);
    void stopAll();

    /// Counts, on a worker, what the chat and the text being written take of the model's context; contextMeasured follows.
    void measureContext(qint64 chatId, const QString& draft, ChatModelPtr model);

    /// What was typed and not sent yet, by chat (0: the chat not begun); kept while the program runs.
    QString draft(qint64 chatId) const { return m_drafts.value(chatId); }
    void setDraft(qint64 chatId, const QString& text) { m_drafts.insert(chatId, text); }

    /// Text before which the oldest turns are left out so that the rest fits: chosen by the user when a chat is too long.
    void setDropsOldest(qint64 chatId, bool drops);
    bool dropsOldest(qint64 chatId) const;

signals:
    void chatsChanged();
    void adapterChanged(qint64 chatId);
    void messagesChanged(qint64 chatId);            // the list: open, appended, removed
    void messageChanged(qint64 chatId, qint64 messageId); // one of them, at most 30 times a second
    void answerStarted(qint64 chatId);
    void answerEnded(qint64 chatId);
    void contextMeasured(qint64 chatId, qint64 systemTokens, qint64 conversationTokens, qint64 documentTokens);
    void speedMeasured(double tokensPerSecond);
    void attachmentsIndexed(qint64 chatId, const QString& collection, const QStringList& unread); // the names of files that could not be
    void failed(const sy::app::UserMessage& message);
    void searchFinished(const QString& query, const QList<sy::api::Chats::Hit>& hits);

private:
    struct Question {
        qint64 chatId = 0;
        std::string text;
        std::vector<QuestionAttachment> attachments;
        enum class Kind { New, Again, Continue } kind = Kind::New; // Again and Continue: the question is stored already
        int64_t parent = 0;       // of a new question
        api::Message unfinished;  // Continue: the answer that goes on
        ChatModelPtr model;
        std::string collection;
        std::vector<api::Message> history; // New: without the question; otherwise it is the last
        api::Sampling sampling; // read from the settings on the window's thread
        int64_t maxTokens = 0;
        std::string system;
        int nPassages = 0;
        bool dropsOldest = false;
        bool restoresContext = false; // the first one since the chat was opened
        AdapterChoice adapter;
        std::optional<AdapterChoice> second; // answered again with this one
    };
    Question questionFor(qint64 chatId, ChatModelPtr model) const; // with the chat's settings
    void start(Question question);
    void answerAll(Question question, const std::stop_token& stop); // on the answer's thread
    void answer(Question& question, const std::stop_token& stop);   // its question is in the history afterwards
    void post(std::function<void()> call);
    std::vector<api::ChatMessage> fitHistory(const Question& question, std::vector<api::ChatMessage> messages, int64_t reserve) const;
    void setSummary(qint64 chatId, const std::function<void(api::ChatSummary&)>& change);
    void setLeaf(qint64 chatId, qint64 messageId);
    void saveContexts(qint64 exceptChat);
    void forgetContext(qint64 chatId);
    Removal runRemoval(qint64 chatId, qint64 messageId, const std::function<api::RemovedMessages(int64_t, int64_t)>& remove);
    void writeSettings(qint64 chatId, const ChatSettings& settings);

    ChatFunctions m_functions;
    DocumentFunctions m_documents;
    const Settings& m_settings;
    QList<api::ChatSummary> m_chats;
    QHash<qint64, ChatTree> m_trees;
    QSet<qint64> m_stopping;
    QHash<qint64, QList<qint64>> m_comparing; // chats that are answered twice, and the answers begun
    QHash<qint64, bool> m_dropsOldest;
    QHash<qint64, QString> m_drafts;
    AdapterChoice m_newAdapter; // of the chat not begun
    bool m_isLoaded = false;
    quint64 m_nEdits = 0; // of m_chats: a list that was read before one of them is out of date
    qint64 m_openChat = 0;
    QSet<qint64> m_reopened; // and not asked anything since
    struct UnsavedContext {
        std::weak_ptr<const ChatModel> model; // gone with the model: nothing is computed without it
        std::vector<api::ChatMessage> messages;
        api::AdapterSetting adapter;
    };
    std::mutex m_contextMutex; // guards the map: answers write it on their threads
    std::map<qint64, UnsavedContext> m_unsaved;
    WorkQueue m_store;
    WorkQueue m_contexts;
    WorkQueue m_measure;
    WorkQueue::Ticket m_measuring;
    std::map<qint64, std::jthread> m_answers; // last: joined before anything they use is gone
};

/// A stored question as a model is told it: pasted texts stand before it, since instructions belong after the material.
std::string questionForModel(const api::Message& message);

/// A conversation as a model is told it: roles take turns, from a question on, because some chat templates refuse anything else.
/// Messages that were deleted or that failed leave two of a kind side by side, which become one; an answer without its question
/// stays out.
std::vector<api::ChatMessage> historyForModel(const std::vector<api::Message>& messages);

/// The chat's title from its first question: its beginning, cut at a word.
QString titleFromQuestion(const QString& question);

} // namespace sy::app
