// SPDX-License-Identifier: GPL-3.0-or-later
//
// The chat page in the whole window over a fake engine, driven with keys and the mouse.
#include "tests/app/window_program.h"
#include "widgets/chats/chat_list.h"
#include "widgets/parts/search_box.h"
#include "widgets/parts/toast.h"
#include "widgets/source/page_view.h"
#include "widgets/source/source_panel.h"

#include <QClipboard>
#include <QListView>
#include <QSignalSpy>
#include <QTextBrowser>
#include <QToolButton>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

/// Types a question, sends it with Enter and waits for the end of its answer.
void ask(Program& program, const QString& text)
{
    widgets::ComposerEdit* edit = program.chatPage()->composer()->edit();
    QTest::keyClicks(edit, text);
    QSignalSpy ended(program.chats.get(), &ChatService::answerEnded);
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_COMPARE(ended.size(), 1);
}

} // namespace

class TestChatPage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void askingShowsTheAnswerAndItsSource();
    void aQuestionAskedWhileTheModelLoadsIsAnsweredThen_data();
    void aQuestionAskedWhileTheModelLoadsIsAnsweredThen();
    void aTextSourceIsScrolledToItsPassage();
    void escapeStopsAndKeepsTheAnswer();
    void editingKeepsBothVersions();
    void answeringAgainKeepsBothAnswers();
    void aStoppedAnswerCanBeContinued();
    void stoppingIsSaidWhileThePromptIsRead();
    void aFailureCanBeCopied();
    void aSearchOfAllChatsOpensTheMessage();
    void filesCanBeDroppedAnywhere();
    void deletedChatsCanBeUndone();
    void oneMessageIsDeletedAndTheUndoBringsItBack();
    void theNextStartReturnsToTheChat();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestChatPage::askingShowsTheAnswerAndItsSource()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    program.settings->set(setting::kLastCollection, QStringLiteral("Reports"));
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(page->composer()->edit()->hasFocus());
    QTest::keyClicks(page->composer()->edit(), QStringLiteral("How did revenue do?"));
    QTest::keyClick(page->composer()->edit(), Qt::Key_Return);
    QTRY_COMPARE(page->conversation()->messageCount(), 2);
    QTRY_VERIFY(page->conversation()->messageAt(1).state == widgets::MessageState::Done);
    const qint64 id = page->conversation()->messageAt(1).id;
    const QRect chip = page->conversation()->citationRect(id, 1);
    QVERIFY(chip.isValid());
    QTest::mouseClick(page->conversation()->viewport(), Qt::LeftButton, {}, chip.center());
    QTRY_VERIFY(page->sourcePanel()->isVisible());
    QTRY_VERIFY(!page->sourcePanel()->pageView()->image().isNull());
    QCOMPARE(page->sourcePanel()->currentPage(), 2);
    QCOMPARE(page->sourcePanel()->pageView()->highlights().size(), 1);
    QCOMPARE(page->chatList()->current(), page->currentChat());
    QTest::keyClick(page->sourcePanel()->pageView(), Qt::Key_Escape);
    QTRY_VERIFY(!page->sourcePanel()->isVisible());
}

void TestChatPage::aQuestionAskedWhileTheModelLoadsIsAnsweredThen_data()
{
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QString>("language");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light") << false << "en" << QSize(1280, 800);
    QTest::newRow("dark") << true << "en" << QSize(1920, 1080);
    QTest::newRow("chinese") << false << "zh_CN" << QSize(1920, 1080);
    QTest::newRow("dark-chinese") << true << "zh_CN" << QSize(1280, 800);
}

void TestChatPage::aQuestionAskedWhileTheModelLoadsIsAnsweredThen()
{
    QFETCH(bool, dark);
    QFETCH(QString, language);
    QFETCH(QSize, size);
    m_around->language.set(language);
    m_around->theme.setMode(dark ? widgets::ThemeMode::Dark : widgets::ThemeMode::Light);
    FakeEngine engine;
    engine.addChatModel();
    std::atomic<bool> goesOn = false;
    engine.beforeLoad = [&] {
        while (!goesOn)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    Program program(engine);
    program.open(size);
    QTRY_VERIFY(program.models->loadState() == ModelService::LoadState::Loading);
    ChatPage* page = program.chatPage();
    widgets::ComposerEdit* edit = page->composer()->edit();
    QTest::keyClicks(edit, QStringLiteral("Early"));
    QTest::keyClick(edit, Qt::Key_Return);
    QVERIFY(!page->composer()->banner().isEmpty());
    keep(program, QStringLiteral("chat-early-question-") + QString::fromLatin1(QTest::currentDataTag()));
    QTest::keyClick(edit, Qt::Key_Escape);
    QVERIFY(page->composer()->banner().isEmpty());
    QTest::keyClick(edit, Qt::Key_Return);
    goesOn = true;
    QTRY_COMPARE(page->conversation()->messageCount(), 2);
    QCOMPARE(page->conversation()->messageAt(0).text, QStringLiteral("Early"));
    QVERIFY(page->composer()->text().isEmpty());
    QVERIFY(page->composer()->banner().isEmpty());
    QTRY_VERIFY(!page->composer()->isRunning());
}

void TestChatPage::aTextSourceIsScrolledToItsPassage()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    program.settings->set(setting::kLastCollection, QStringLiteral("Reports"));
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    page->composer()->setText(QStringLiteral("Q"));
    QTest::mouseClick(page->composer()->sendButton(), Qt::LeftButton);
    QTRY_VERIFY(page->conversation()->messageCount() == 2 && page->conversation()->messageAt(1).state == widgets::MessageState::Done);
    // Right, Right: the second source's chip above the answer.
    page->conversation()->setFocus();
    QTest::keyClick(page->conversation(), Qt::Key_Right);
    QTest::keyClick(page->conversation(), Qt::Key_Right);
    QTest::keyClick(page->conversation(), Qt::Key_Return);
    QTRY_VERIFY(page->sourcePanel()->textView()->isVisible());
    QCOMPARE(page->sourcePanel()->textView()->extraSelections().value(0).cursor.selectedText(), QStringLiteral("some notes here"));
}

void TestChatPage::escapeStopsAndKeepsTheAnswer()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.reply = "The beginning of";
    engine.holdsReply = true;
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTest::keyClicks(page->composer()->edit(), QStringLiteral("Go"));
    QTest::keyClick(page->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY(page->composer()->isRunning());
    QTRY_VERIFY(page->conversation()->messageCount() == 2 && !page->conversation()->messageAt(1).text.isEmpty());
    QTest::keyClick(page->composer()->edit(), Qt::Key_Escape);
    QTRY_VERIFY(!page->composer()->isRunning());
    QCOMPARE(page->conversation()->messageAt(1).text, QStringLiteral("The beginning of"));
    QVERIFY(page->conversation()->messageAt(1).notice.contains(QStringLiteral("Stopped")));
}

void TestChatPage::editingKeepsBothVersions()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    ask(program, QStringLiteral("first"));
    ask(program, QStringLiteral("second"));
    QCOMPARE(page->conversation()->messageCount(), 4);
    QTest::keyClick(page->composer()->edit(), Qt::Key_Up);
    QCOMPARE(page->composer()->text(), QStringLiteral("second"));
    QVERIFY(!page->composer()->banner().isEmpty());
    page->composer()->setText({});
    ask(program, QStringLiteral("second, better"));
    QCOMPARE(page->conversation()->messageCount(), 4);
    QCOMPARE(page->conversation()->messageAt(2).text, QStringLiteral("second, better"));
    QVERIFY(page->composer()->banner().isEmpty());
    keep(program, QStringLiteral("chat-branches"));
    // Back to the first version, with the keyboard: up to the question, left to its arrow.
    page->conversation()->setFocus();
    QTest::keyClick(page->conversation(), Qt::Key_Up, Qt::ControlModifier);
    QTest::keyClick(page->conversation(), Qt::Key_Right);
    QTest::keyClick(page->conversation(), Qt::Key_Return);
    QTRY_COMPARE(page->conversation()->messageAt(2).text, QStringLiteral("second"));
    QCOMPARE(page->conversation()->messageAt(2).branch, 1);
    QCOMPARE(page->conversation()->messageCount(), 4);
}

void TestChatPage::answeringAgainKeepsBothAnswers()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ask(program, QStringLiteral("Q"));
    engine.reply = "Another answer.";
    QTest::keyClick(program.window.get(), Qt::Key_R, Qt::ControlModifier);
    widgets::ConversationView* view = program.chatPage()->conversation();
    QTRY_COMPARE(view->messageAt(1).text, QStringLiteral("Another answer."));
    QTRY_VERIFY(view->messageAt(1).canSwitchBranch);
    QCOMPARE(view->messageAt(1).nBranches, 2);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, view->controlRect(view->messageAt(1).id, widgets::ConversationView::ControlKind::PreviousBranch).center());
    QTRY_COMPARE(view->messageAt(1).text, QStringLiteral("An answer."));
    QVERIFY(view->controlRect(view->messageAt(1).id, widgets::ConversationView::ControlKind::PreviousBranch).isNull());
    QVERIFY(!view->controlRect(view->messageAt(1).id, widgets::ConversationView::ControlKind::NextBranch).isNull());
}

void TestChatPage::aStoppedAnswerCanBeContinued()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.reply = "The beginning of";
    engine.holdsReply = true;
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    widgets::ConversationView* view = program.chatPage()->conversation();
    widgets::Composer* composer = program.chatPage()->composer();
    QTest::keyClicks(composer->edit(), QStringLiteral("Go"));
    QTest::keyClick(composer->edit(), Qt::Key_Return);
    QTRY_VERIFY(view->messageCount() == 2 && !view->messageAt(1).text.isEmpty());
    QTest::mouseClick(composer->sendButton(), Qt::LeftButton); // it stands where Send was
    QTRY_VERIFY(!composer->isRunning());
    keep(program, QStringLiteral("chat-stopped"));
    engine.holdsReply = false;
    engine.reply = " the end.";
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, view->controlRect(view->messageAt(1).id, widgets::ConversationView::ControlKind::Continue).center());
    QTRY_COMPARE(view->messageAt(1).text, QStringLiteral("The beginning of the end."));
    QTRY_VERIFY(!view->messageAt(1).canContinue && view->messageAt(1).canRegenerate);
    QCOMPARE(view->messageCount(), 2);
}

void TestChatPage::stoppingIsSaidWhileThePromptIsRead()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.isReading = true;
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    widgets::ConversationView* view = program.chatPage()->conversation();
    widgets::Composer* composer = program.chatPage()->composer();
    QTest::keyClicks(composer->edit(), QStringLiteral("Go"));
    QTest::keyClick(composer->edit(), Qt::Key_Return);
    QTRY_VERIFY(view->messageCount() == 2 && view->messageAt(1).progressText.contains(QStringLiteral("50 %")));
    keep(program, QStringLiteral("chat-prompt"));
    engine.isSlowToStop = true;
    QTest::keyClick(composer->edit(), Qt::Key_Escape);
    QTRY_COMPARE_WITH_TIMEOUT(view->messageAt(1).progressText, QStringLiteral("Stopping…"), 60); // one repaint
    QCOMPARE(composer->sendButton()->accessibleName(), QStringLiteral("Stopping…"));
    QVERIFY(!composer->sendButton()->isEnabled());
    keep(program, QStringLiteral("chat-stopping"));
    engine.isSlowToStop = false;
    QTRY_VERIFY(!composer->isRunning());
}

void TestChatPage::aFailureCanBeCopied()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.beforeReply = [] { throw OutOfMemory("cpu", 100'000'000, 10'000'000); };
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ask(program, QStringLiteral("Q"));
    widgets::ConversationView* view = program.chatPage()->conversation();
    keep(program, QStringLiteral("chat-failed"));
    const QRect copy = view->controlRect(view->messageAt(1).id, widgets::ConversationView::ControlKind::CopyError);
    QVERIFY(!copy.isNull());
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, copy.center());
    QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("memory")));
    QVERIFY(QApplication::clipboard()->text().contains(view->messageAt(1).errorDetails));
}

void TestChatPage::aSearchOfAllChatsOpensTheMessage()
{
    FakeEngine engine;
    engine.addChatModel();
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 800, .title = "Harbour", .created = now, .lastActive = now}};
    for (int i = 0; i < 60; ++i)
        engine.messages.push_back({.id = 8000 + i, .chatId = 800, .role = i % 2 ? "assistant" : "user", .text = i == 7 ? "The ferry leaves at noon." : "Some words that stand here and say little."});
    engine.hits = {{800, 8007, "Harbour", "The ferry leaves"}};
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTest::keyClick(program.window.get(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_VERIFY(page->chatList()->searchBox()->hasFocus());
    QSignalSpy found(program.chats.get(), &ChatService::searchFinished);
    QTest::keyClicks(page->chatList()->searchBox(), QStringLiteral("ferry"));
    QTest::keyClick(page->chatList()->searchBox(), Qt::Key_Return);
    QTRY_VERIFY(!found.isEmpty());
    QTest::keyClick(page->chatList()->searchBox(), Qt::Key_Down); // from the box into the list
    QTRY_COMPARE(page->conversation()->messageCount(), 60);
    QTRY_COMPARE(page->conversation()->selectedText(), QStringLiteral("ferry"));
    QVERIFY(page->conversation()->viewport()->rect().contains(page->conversation()->messageRect(7).topLeft()));
    keep(program, QStringLiteral("chat-found"));
}

void TestChatPage::filesCanBeDroppedAnywhere()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    dropFiles(page, {QStringLiteral("/docs/a.pdf")});
    QCOMPARE(page->composer()->attachments().size(), 1);
    QCOMPARE(page->composer()->attachments()[0].name, QStringLiteral("a.pdf"));
    QVERIFY(page->composer()->edit()->hasFocus());
    bool isMissed = false; // the chat's own collection is made while it is asked; that is no news
    connect(program.chats.get(), &ChatService::messageChanged, page, [&] { isMissed = isMissed || page->composer()->banner().contains(QStringLiteral("no longer exists")); });
    ask(program, QStringLiteral("What is in it?"));
    QVERIFY(!isMissed);
    QTRY_VERIFY(page->composer()->banner().isEmpty());
    QCOMPARE(page->conversation()->messageAt(0).attachments, QStringList{QStringLiteral("a.pdf")});
    QTRY_COMPARE(page->conversation()->messageAt(1).passages.size(), 2); // answered from it
}

void TestChatPage::deletedChatsCanBeUndone()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.chats.push_back({.id = 100, .title = "Keep me", .created = std::chrono::system_clock::now(), .lastActive = std::chrono::system_clock::now()});
    Program program(engine);
    program.open();
    QTRY_COMPARE(program.chats->chats().size(), 1);
    widgets::ChatList* list = program.chatPage()->chatList();
    list->view()->setFocus();
    QTest::keyClick(list->view(), Qt::Key_Down);
    if (list->current() != 100)
        QTest::keyClick(list->view(), Qt::Key_Down);
    QTRY_COMPARE(list->current(), 100);
    QTest::keyClick(list->view(), Qt::Key_Delete);
    QTRY_VERIFY(program.window->toast()->isVisible());
    QCOMPARE(program.chats->chats().size(), 0);
    keep(program, QStringLiteral("undo"));
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_COMPARE(program.chats->chats().size(), 1);
}

void TestChatPage::oneMessageIsDeletedAndTheUndoBringsItBack()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ask(program, QStringLiteral("One"));
    ask(program, QStringLiteral("Two"));
    widgets::ConversationView* view = program.chatPage()->conversation();
    QCOMPARE(view->messageCount(), 4);
    view->setFocus(Qt::TabFocusReason);
    QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier);
    QTest::keyClick(view, Qt::Key_Up, Qt::ControlModifier); // to the first answer
    QTest::keyClick(view, Qt::Key_Delete);
    QTRY_COMPARE(view->messageCount(), 3);
    QVERIFY(view->messageAt(0).isUser && view->messageAt(1).isUser);
    QVERIFY(program.window->toast()->isVisible());
    keep(program, QStringLiteral("chat-message-deleted"));
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_COMPARE(view->messageCount(), 4);
    QVERIFY(!view->messageAt(1).isUser);
}

void TestChatPage::theNextStartReturnsToTheChat()
{
    FakeEngine engine;
    engine.addChatModel();
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 50, .title = "Newer", .created = now, .lastActive = now}, {.id = 51, .title = "The one", .created = now, .lastActive = now}};
    engine.messages = {{.id = 510, .chatId = 51, .role = "user", .text = "Hello"}, {.id = 511, .chatId = 51, .role = "assistant", .text = "Half an ans", .status = api::MessageStatus::stopped}};
    Program program(engine);
    program.settings->set(setting::kLastChat, 51);
    program.open();
    QTRY_COMPARE(program.chatPage()->currentChat(), 51);
    QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 2);
    QVERIFY(program.chatPage()->conversation()->messageAt(1).canContinue);
    QTest::keyClick(program.window.get(), Qt::Key_N, Qt::ControlModifier);
    program.chats->refresh();
    QTest::qWait(30);
    QCOMPARE(program.chatPage()->currentChat(), 0); // a new chat stays one
}

QTEST_MAIN(TestChatPage)
#include "tst_chat_page.moc"
