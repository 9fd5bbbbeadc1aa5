// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/message_items.h"
#include "app/services/chat_service.h"
#include "app/settings/settings.h"
#include "tests/app/fake_engine.h"
#include "widgets/markdown/inline_parser.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestChatService : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void everyMessageIsStoredBeforeItIsAnswered();
    void aLongAnswerIsStoredEverySecond();
    void stopKeepsWhatThereIs();
    void aFailureIsToldAndStored();
    void whatCannotBeStoredIsNotAsked();
    void regeneratingKeepsTheOldAnswerBeside();
    void anEditedQuestionBeginsABranch();
    void aStoppedAnswerIsContinued();
    void stoppingIsSeenAtOnce();
    void nothingGrowsAfterStop();
    void twoChatsAnswerAtTheSameTime();
    void collectionsAreAskedWithSources();
    void attachedFilesBecomeTheChatsCollection();
    void attachedFilesThatCannotBeReadAreNamed();
    void pastedTextStandsBeforeTheQuestion();
    void oldestTurnsAreLeftOutOnlyWhenChosen();
    void firstQuestionNamesTheChat();
    void deletedChatsComeBack();
    void aDeletedMessageComesBack();
    void aModelIsToldTurns();
    void destroyingStopsAnswers();
    void marksStandBehindUnsupportedSentences();
    void whatAKilledProgramLeftIsStopped();
    void passagesWithoutAMarkCanBeOpened();
    void aChatThatIsLeftKeepsItsContext();
    void theLastChatKeepsItsContextAtTheEnd();
    void nothingIsKeptOfARemovedChat();
    void nothingIsKeptWithoutTheModel();

private:
    qint64 newChat(const QString& collection = {});
    void waitForEnd(qint64 chat);
    std::unique_ptr<FakeEngine> m_engine;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Settings> m_settings;
    EngineFunctions m_functions;
    std::unique_ptr<ChatService> m_service;
    ChatModelPtr m_model;
};

void TestChatService::init()
{
    m_engine = std::make_unique<FakeEngine>();
    m_dir = std::make_unique<QTemporaryDir>();
    m_settings = std::make_unique<Settings>(m_dir->filePath(QStringLiteral("settings.ini")));
    m_functions = m_engine->functions();
    m_service = std::make_unique<ChatService>(m_functions.chats, m_functions.documents, *m_settings);
    m_model = m_functions.models.load("/m", {}, {});
    m_engine->log.clear();
}

void TestChatService::cleanup()
{
    m_service.reset();
}

qint64 TestChatService::newChat(const QString& collection)
{
    qint64 id = 0;
    m_service->create(collection, [&](qint64 made) { id = made; });
    [&] { QTRY_VERIFY(id != 0); }();
    return id;
}

void TestChatService::waitForEnd(qint64 chat)
{
    QTRY_VERIFY_WITH_TIMEOUT(!m_service->isAnswering(chat), 20000);
}

void TestChatService::everyMessageIsStoredBeforeItIsAnswered()
{
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("Hello?"), {}, m_model);
    QVERIFY(m_service->isAnswering(chat));
    waitForEnd(chat);
    QCOMPARE(m_engine->written(), (std::vector<std::string>{"append user", "append assistant", "generate 1", "finish complete"}));
    const auto entries = m_service->messages(chat);
    QCOMPARE(entries.size(), 2);
    QCOMPARE(entries[1].message.text, std::string("An answer."));
    QCOMPARE(int(entries[1].message.status), int(api::MessageStatus::complete));
    QCOMPARE(entries[1].message.timings->decodeTokensPerSecond, 31.4);
}

void TestChatService::aLongAnswerIsStoredEverySecond()
{
    const qint64 chat = newChat();
    m_engine->nTokens = 2300;
    m_engine->perToken = std::chrono::microseconds(1000);
    m_service->ask(chat, QStringLiteral("Long"), {}, m_model);
    waitForEnd(chat);
    const auto log = m_engine->written();
    const auto updates = std::count(log.begin(), log.end(), "update");
    QVERIFY2(updates >= 2 && updates <= 8, qPrintable(QString::number(updates)));
}

void TestChatService::stopKeepsWhatThereIs()
{
    const qint64 chat = newChat();
    m_engine->reply = "Half of";
    m_engine->holdsReply = true;
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    QTRY_VERIFY(m_service->messages(chat).size() == 2 && !m_service->messages(chat)[1].message.text.empty());
    m_service->stop(chat);
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat)[1].message.text, std::string("Half of"));
    QCOMPARE(int(m_service->messages(chat)[1].message.status), int(api::MessageStatus::stopped));
    QCOMPARE(m_engine->written().back(), std::string("finish stopped"));
    const widgets::MessageItem item = toItem(m_service->messages(chat)[1], true, false);
    QVERIFY(item.notice.contains(QStringLiteral("Stopped")));
    QVERIFY(item.canRegenerate);
}

void TestChatService::aFailureIsToldAndStored()
{
    const qint64 chat = newChat();
    m_engine->beforeReply = [] { throw OutOfMemory("cpu", 100, 10); };
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    waitForEnd(chat);
    QCOMPARE(m_engine->written().back(), std::string("finish failed"));
    const widgets::MessageItem item = toItem(m_service->messages(chat)[1], true, false);
    QCOMPARE(int(item.state), int(widgets::MessageState::Failed));
    QVERIFY(item.errorTitle.contains(QStringLiteral("memory")));
    QVERIFY(!item.errorText.isEmpty());
}

void TestChatService::whatCannotBeStoredIsNotAsked()
{
    auto functions = m_functions.chats;
    functions.append = [](const api::Message&) -> int64_t { throw StorageFailure("/data/x.db", "saving a message", "no space left on device"); };
    ChatService service(functions, m_functions.documents, *m_settings);
    QSignalSpy failed(&service, &ChatService::failed);
    service.ask(1, QStringLiteral("Q"), {}, m_model);
    QTRY_VERIFY(!service.isAnswering(1));
    QCOMPARE(failed.size(), 1);
    QVERIFY(m_engine->written().empty());
}

void TestChatService::regeneratingKeepsTheOldAnswerBeside()
{
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    waitForEnd(chat);
    m_engine->reply = "A better one.";
    m_service->regenerate(chat, m_model);
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat).size(), 2);
    const ChatEntry again = m_service->messages(chat)[1];
    QCOMPARE(again.message.text, std::string("A better one."));
    QCOMPARE(again.branch, 2);
    QCOMPARE(again.nBranches, 2);
    const auto log = m_engine->written();
    QCOMPARE(std::count(log.begin(), log.end(), "append user"), 1);
    QCOMPARE(std::count(log.begin(), log.end(), "remove"), 0);
    // Both are told the same: the first answer is none of the second's history.
    QCOMPARE(std::count(log.begin(), log.end(), "generate 1"), 2);

    const qint64 first = m_service->stepBranch(chat, again.message.id, -1);
    QCOMPARE(m_service->messages(chat)[1].message.text, std::string("An answer."));
    QCOMPARE(m_service->stepBranch(chat, first, -1), 0);
    // The choice is there when the chat is read anew.
    m_service->open(chat);
    QSignalSpy read(m_service.get(), &ChatService::messagesChanged);
    QVERIFY(read.wait());
    QCOMPARE(m_service->messages(chat)[1].message.id, first);
    // Sampling edited with an older copy of the settings does not undo it.
    ChatSettings settings;
    settings.set(setting::kTemperature, 0.2);
    m_service->setChatSettings(chat, settings);
    m_service->open(chat);
    QVERIFY(read.wait());
    QCOMPARE(m_service->messages(chat)[1].message.id, first);
    QCOMPARE(m_service->chatSettings(chat).value(setting::kTemperature, *m_settings).toDouble(), 0.2);
}

void TestChatService::anEditedQuestionBeginsABranch()
{
    const qint64 chat = newChat();
    for (const QString& text : {QStringLiteral("one"), QStringLiteral("two")}) {
        m_service->ask(chat, text, {}, m_model);
        waitForEnd(chat);
    }
    const qint64 first = m_service->messages(chat)[0].message.id;
    m_service->ask(chat, QStringLiteral("one, better"), {}, m_model, first);
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat).size(), 2);
    QCOMPARE(m_service->messages(chat)[0].branch, 2);
    QCOMPARE(m_engine->messages[4].parent.value_or(-1), 0); // the beginning of a chat, not what follows the last one
    m_service->stepBranch(chat, m_service->messages(chat)[0].message.id, -1);
    QCOMPARE(m_service->messages(chat).size(), 4);
    // What is asked now goes on from the branch that is seen.
    m_service->ask(chat, QStringLiteral("three"), {}, m_model);
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat).size(), 6);
    QCOMPARE(m_engine->written()[m_engine->written().size() - 2], std::string("generate 5"));
}

void TestChatService::aStoppedAnswerIsContinued()
{
    const qint64 chat = newChat();
    m_engine->reply = "Half of";
    m_engine->holdsReply = true;
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    QTRY_VERIFY(m_service->messages(chat).size() == 2 && !m_service->messages(chat)[1].message.text.empty());
    m_service->stop(chat);
    waitForEnd(chat);
    QVERIFY(ChatService::canContinue(m_service->messages(chat)[1].message));
    m_engine->reply = " the answer.";
    m_engine->holdsReply = false;
    m_service->continueAnswer(chat, m_model);
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat).size(), 2);
    const api::Message whole = m_service->messages(chat)[1].message;
    QCOMPARE(whole.text, std::string("Half of the answer."));
    QCOMPARE(int(whole.status), int(api::MessageStatus::complete));
    QCOMPARE(whole.timings->generatedTokens, 2);
    QCOMPARE(m_engine->messages.back().text, whole.text);
    const auto log = m_engine->written();
    QVERIFY(std::find(log.begin(), log.end(), "generate 1 after Half of") != log.end());
    QVERIFY(!ChatService::canContinue(whole));
    m_service->continueAnswer(chat, m_model); // nothing to go on from
    QVERIFY(!m_service->isAnswering(chat));
}

void TestChatService::stoppingIsSeenAtOnce()
{
    // The engine is in the middle of a long prompt and takes its time; the window does not.
    const qint64 chat = newChat();
    m_engine->isReading = true;
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    QTRY_VERIFY(m_service->messages(chat).size() == 2 && m_service->messages(chat)[1].progress.phase == AnswerProgress::Phase::Prefill);
    m_engine->isSlowToStop = true;
    m_service->stop(chat);
    QVERIFY(m_service->isStopping(chat));
    QCOMPARE(toItem(m_service->messages(chat)[1], true, true).progressText, QStringLiteral("Stopping…"));
    QTest::qWait(30);
    QVERIFY(m_service->isAnswering(chat));
    QCOMPARE(toItem(m_service->messages(chat)[1], true, true).progressText, QStringLiteral("Stopping…"));
    m_engine->isSlowToStop = false;
    waitForEnd(chat);
    QVERIFY(!m_service->isStopping(chat));
    QVERIFY(toItem(m_service->messages(chat)[1], true, false).notice.contains(QStringLiteral("before the answer began")));
    QVERIFY(!ChatService::canContinue(m_service->messages(chat)[1].message));
}

void TestChatService::nothingGrowsAfterStop()
{
    const qint64 chat = newChat();
    m_engine->nTokens = 100000;
    m_engine->perToken = std::chrono::microseconds(500);
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    QTRY_VERIFY(m_service->messages(chat).size() == 2 && m_service->messages(chat)[1].message.text.size() > 100);
    m_engine->isSlowToStop = true;
    m_service->stop(chat);
    const std::string shown = m_service->messages(chat)[1].message.text;
    QTest::qWait(100);
    QCOMPARE(m_service->messages(chat)[1].message.text, shown);
    const widgets::MessageItem item = toItem(m_service->messages(chat)[1], true, true);
    QCOMPARE(int(item.state), int(widgets::MessageState::Streaming));
    QCOMPARE(item.progressText, QStringLiteral("Stopping…"));
    m_engine->isSlowToStop = false;
    waitForEnd(chat);
    QVERIFY(m_service->messages(chat)[1].message.text.starts_with(shown)); // the last words come with the end
}

void TestChatService::twoChatsAnswerAtTheSameTime()
{
    const qint64 a = newChat(), b = newChat();
    m_engine->holdsReply = true;
    m_service->ask(a, QStringLiteral("A"), {}, m_model);
    m_service->ask(b, QStringLiteral("B"), {}, m_model);
    QTRY_VERIFY(m_service->messages(a).size() == 2 && m_service->messages(b).size() == 2);
    QVERIFY(m_service->isAnswering(a) && m_service->isAnswering(b));
    m_service->ask(a, QStringLiteral("not now"), {}, m_model);
    m_engine->holdsReply = false;
    waitForEnd(a);
    waitForEnd(b);
    QCOMPARE(m_service->messages(a).size(), 2);
}

void TestChatService::collectionsAreAskedWithSources()
{
    const qint64 chat = newChat(QStringLiteral("Reports"));
    m_engine->holdsReply = true;
    m_service->ask(chat, QStringLiteral("How did revenue do?"), {}, m_model);
    // The sources are there before the first word.
    QTRY_VERIFY(m_service->messages(chat).size() == 2 && m_service->messages(chat)[1].message.citations.size() == 2);
    QVERIFY(m_service->messages(chat)[1].message.text.empty());
    m_engine->holdsReply = false;
    waitForEnd(chat);
    const widgets::MessageItem item = toItem(m_service->messages(chat)[1], true, false);
    QCOMPARE(item.passages.size(), 2);
    QVERIFY(item.passages[0].isCited && !item.passages[1].isCited);
    QVERIFY(item.text.endsWith(widgets::kUnsupportedMark));
    QVERIFY(item.footer.contains(QStringLiteral("31.4")));
}

void TestChatService::attachedFilesBecomeTheChatsCollection()
{
    const qint64 chat = newChat();
    QSignalSpy indexed(m_service.get(), &ChatService::attachmentsIndexed);
    m_service->ask(chat, QStringLiteral("What is in it?"), {{"a.pdf", "/docs/a.pdf", {}}}, m_model);
    waitForEnd(chat);
    QCOMPARE(indexed.size(), 1);
    QVERIFY(indexed[0][2].toStringList().isEmpty());
    const auto log = m_engine->written();
    QVERIFY(std::any_of(log.begin(), log.end(), [](const std::string& l) { return l.starts_with("ingest Files of chat"); }));
    QVERIFY(std::any_of(log.begin(), log.end(), [](const std::string& l) { return l.starts_with("ask Files of chat"); }));
    QCOMPARE(toItem(m_service->messages(chat)[0], false, false).attachments, QStringList{QStringLiteral("a.pdf")});
}

void TestChatService::attachedFilesThatCannotBeReadAreNamed()
{
    const qint64 chat = newChat();
    QSignalSpy indexed(m_service.get(), &ChatService::attachmentsIndexed);
    m_service->ask(chat, QStringLiteral("What is in them?"), {{"a.pdf", "/docs/a.pdf", {}}, {"empty.txt", "/docs/empty.txt", {}}}, m_model);
    waitForEnd(chat);
    QCOMPARE(indexed.size(), 1);
    QCOMPARE(indexed[0][2].toStringList(), QStringList{QStringLiteral("empty.txt")});
}

void TestChatService::pastedTextStandsBeforeTheQuestion()
{
    std::string prompt;
    auto model = std::make_shared<ChatModel>(*m_model);
    model->generate = [&](const api::GenerationRequest& request, const auto&, std::stop_token, const auto&) {
        prompt = request.messages.back().content;
        return api::GenerationResult{};
    };
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("Summarize it."), {{"Pasted text", {}, "a long text"}}, model);
    waitForEnd(chat);
    QCOMPARE(prompt, std::string("Pasted text:\n\na long text\n\nSummarize it."));
}

void TestChatService::oldestTurnsAreLeftOutOnlyWhenChosen()
{
    std::vector<size_t> sizes;
    auto model = std::make_shared<ChatModel>(*m_model);
    model->contextLength = 1200;
    model->generate = [&](const api::GenerationRequest& request, const auto& onToken, std::stop_token, const auto&) {
        sizes.push_back(request.messages.size());
        onToken({1, std::string(800, 'x'), 1, 0});
        return api::GenerationResult{.text = std::string(800, 'x')};
    };
    const qint64 chat = newChat();
    for (int i = 0; i < 4; ++i) {
        m_service->ask(chat, QString(800, QLatin1Char('q')), {}, model);
        waitForEnd(chat);
    }
    QCOMPARE(sizes, (std::vector<size_t>{1, 3, 5, 7}));
    m_service->setDropsOldest(chat, true);
    m_service->ask(chat, QStringLiteral("short"), {}, model);
    waitForEnd(chat);
    QVERIFY2(sizes.back() < 5, qPrintable(QString::number(sizes.back())));
}

void TestChatService::firstQuestionNamesTheChat()
{
    QCOMPARE(titleFromQuestion(QStringLiteral("What is it?")), QStringLiteral("What is it?"));
    const QString cut = titleFromQuestion(QStringLiteral("Please explain in a few words what the annual report says about revenue"));
    QVERIFY(cut.size() <= 50 && cut.endsWith(QStringLiteral("…")) && !cut.contains(QStringLiteral("  ")));
    QVERIFY(titleFromQuestion(QString(200, QChar(0x4E2D))).size() <= 50);
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("What is it?"), {}, m_model);
    QCOMPARE(m_service->chat(chat).title, std::string("What is it?"));
    waitForEnd(chat);
}

void TestChatService::deletedChatsComeBack()
{
    const qint64 chat = newChat();
    m_service->remove(chat);
    QCOMPARE(m_service->chat(chat).id, 0);
    m_service->restore(chat);
    QTRY_COMPARE(m_service->chat(chat).id, chat);
}

void TestChatService::aDeletedMessageComesBack()
{
    const qint64 chat = newChat();
    for (const char* question : {"One", "Two"}) {
        m_service->ask(chat, QString::fromLatin1(question), {}, m_model);
        waitForEnd(chat);
    }
    const QList<ChatEntry> before = m_service->messages(chat);
    QCOMPARE(before.size(), 4);
    const auto removal = m_service->removeMessage(chat, before[1].message.id);
    QCOMPARE(m_service->messages(chat).size(), 3); // at once
    QTRY_COMPARE(m_functions.chats.messages(chat).size(), size_t(3)); // and on disk
    m_service->restoreMessages(chat, removal);
    QTRY_COMPARE(m_service->messages(chat).size(), 4);
    QCOMPARE(m_service->messages(chat)[1].message.text, before[1].message.text);
    QCOMPARE(m_functions.chats.messages(chat).size(), size_t(4));
    const auto rest = m_service->removeFrom(chat, before[1].message.id);
    QCOMPARE(m_service->messages(chat).size(), 1);
    m_service->restoreMessages(chat, rest);
    QTRY_COMPARE(m_service->messages(chat).size(), 4);
    // While an answer is being made nothing is taken away from it.
    m_engine->holdsReply = true;
    m_service->ask(chat, QStringLiteral("Three"), {}, m_model);
    QTRY_COMPARE(m_service->messages(chat).size(), 6);
    QVERIFY(!m_service->removeMessage(chat, before[0].message.id));
    m_engine->holdsReply = false;
    waitForEnd(chat);
    QCOMPARE(m_service->messages(chat).size(), 6);
}

void TestChatService::aModelIsToldTurns()
{
    const auto m = [](const char* role, const char* text) { return api::Message{.role = role, .text = text}; };
    const auto told = historyForModel({m("assistant", "lost"), m("user", "a"), m("user", "b"), m("assistant", "c"), m("assistant", "d"), m("user", "e")});
    QStringList turns;
    for (const api::ChatMessage& message : told)
        turns << QString::fromStdString(message.role + ": " + message.content);
    QCOMPARE(turns, (QStringList{QStringLiteral("user: a\n\nb"), QStringLiteral("assistant: c\n\nd"), QStringLiteral("user: e")}));
}

void TestChatService::destroyingStopsAnswers()
{
    const qint64 chat = newChat();
    m_engine->holdsReply = true;
    m_service->ask(chat, QStringLiteral("Q"), {}, m_model);
    QTest::qWait(20);
    m_service.reset(); // hangs if the held answer is not told to stop
    QCOMPARE(m_engine->written().back(), std::string("finish stopped"));
}

void TestChatService::marksStandBehindUnsupportedSentences()
{
    const QString mark(widgets::kUnsupportedMark);
    QCOMPARE(withUnsupportedMarks("One. Two. ", {{0, 4, {1}, true}, {5, 10, {}, true}}), QStringLiteral("One. Two.") + mark + QLatin1Char(' '));
    QCOMPARE(withUnsupportedMarks("𝔄一。二。", {{0, 3, {}, true}, {3, 5, {2}, true}}), QString::fromUtf8("𝔄一。") + mark + QString::fromUtf8("二。"));
    QCOMPARE(withUnsupportedMarks("Hello!", {{0, 6, {}, false}}), QStringLiteral("Hello!"));
    QCOMPARE(withUnsupportedMarks("x", {{0, 999, {}, true}}), QStringLiteral("x") + mark);
}

void TestChatService::whatAKilledProgramLeftIsStopped()
{
    const qint64 chat = newChat();
    m_engine->messages = {{.id = 500, .chatId = chat, .role = "user", .text = "Q"}, {.id = 501, .chatId = chat, .role = "assistant", .text = "Half", .status = api::MessageStatus::streaming}};
    m_service->tidyUp();
    m_service->open(chat);
    QTRY_COMPARE(m_service->messages(chat).size(), 2);
    const widgets::MessageItem item = toItem(m_service->messages(chat)[1], true, false);
    QCOMPARE(int(item.state), int(widgets::MessageState::Stopped));
    QCOMPARE(item.text, QStringLiteral("Half"));
}

void TestChatService::passagesWithoutAMarkCanBeOpened()
{
    api::Message message{.role = "assistant", .text = "Yes [1]."};
    message.citations = {{.marker = 1, .document = "/a.pdf"}, {.marker = 0, .document = "/b.pdf", .isCited = false}, {.marker = 0, .document = "/c.pdf", .isCited = false}};
    const auto sources = toSources(message);
    QSet<int> numbers;
    for (const auto& source : sources)
        numbers.insert(source.number);
    QCOMPARE(numbers.size(), 3);
    QVERIFY(sources[1].number < 0);
    const widgets::MessageItem item = toItem({message, {}, {}}, true, false);
    for (int i = 0; i < 3; ++i)
        QCOMPARE(item.passages[i].number, sources[i].number);
}

void TestChatService::aChatThatIsLeftKeepsItsContext()
{
    const qint64 first = newChat(), second = newChat(), documents = newChat(QStringLiteral("Reports"));
    using Log = std::vector<std::string>;
    const std::string one = std::to_string(first), two = std::to_string(second);
    m_service->open(first);
    m_service->ask(first, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(first);
    m_service->ask(first, QStringLiteral("And?"), {}, m_model);
    waitForEnd(first);
    QCOMPARE(m_engine->contexts(), (Log{"restore " + one})); // once
    m_service->open(second);
    QTRY_COMPARE(m_engine->contexts(), (Log{"restore " + one, "save " + one + " 4"}));
    m_service->ask(second, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(second);
    m_service->open(first);
    QTRY_COMPARE(m_engine->contexts().back(), "save " + two + " 2");
    m_service->open(documents); // nothing new in the first one
    m_service->ask(documents, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(documents);
    m_service->open(first);
    m_service->ask(first, QStringLiteral("Again?"), {}, m_model);
    waitForEnd(first);
    QCOMPARE(m_engine->contexts(), (Log{"restore " + one, "save " + one + " 4", "restore " + two, "save " + two + " 2", "restore " + one}));
}

void TestChatService::theLastChatKeepsItsContextAtTheEnd()
{
    const qint64 chat = newChat();
    m_service->open(chat);
    m_service->ask(chat, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(chat);
    m_service.reset();
    QCOMPARE(m_engine->contexts().back(), "save " + std::to_string(chat) + " 2");
}

void TestChatService::nothingIsKeptOfARemovedChat()
{
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(chat);
    m_service->remove(chat);
    m_service.reset();
    QVERIFY(m_engine->contexts().empty());
}

void TestChatService::nothingIsKeptWithoutTheModel()
{
    const qint64 chat = newChat();
    m_service->ask(chat, QStringLiteral("Hello?"), {}, m_model);
    waitForEnd(chat);
    m_model.reset(); // unloaded: its weights are not held for this
    m_service.reset();
    QVERIFY(m_engine->contexts().empty());
}

QTEST_MAIN(TestChatService)
#include "tst_chat_service.moc"
