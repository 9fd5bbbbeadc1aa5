// SPDX-License-Identifier: GPL-3.0-or-later
//
// Adapters in the chat, in the whole window over a fake engine, driven with keys and the mouse.
#include "app/pages/chat/comparison_view.h"
#include "tests/app/window_program.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/parts/status_field.h"

#include <QListWidget>
#include <QSignalSpy>
#include <QSlider>
#include <QToolButton>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

/// Types a question, sends it with Enter and waits for the end of what it causes.
void ask(Program& program, const QString& text)
{
    widgets::ComposerEdit* edit = program.chatPage()->composer()->edit();
    QTest::keyClicks(edit, text);
    QSignalSpy ended(program.chats.get(), &ChatService::answerEnded);
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_COMPARE(ended.size(), 1);
}

/// Opens the picker with a click and goes down in its list.
void pick(widgets::AdapterPicker* picker, int row)
{
    QTest::mouseClick(picker, Qt::LeftButton);
    QTRY_VERIFY(picker->popup()->isVisible());
    QTest::keyClick(picker->list(), Qt::Key_Home);
    for (int i = 0; i < row; ++i)
        QTest::keyClick(picker->list(), Qt::Key_Down);
    QTest::keyClick(picker->list(), Qt::Key_Return);
}

QString statusOf(Program& program, const QString& name)
{
    for (auto* field : program.window->findChildren<widgets::StatusField*>())
        if (field->toolTip().startsWith(name) && field->isVisible())
            return field->value();
    return {};
}

} // namespace

class TestChatAdapters : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void theChosenAdapterAnswersAtTheChosenStrength();
    void everyChatKeepsItsOwn();
    void onlyAdaptersOfTheLoadedModelAreOffered();
    void anAdapterThatDoesNotFitIsSaidAndLeftOut();
    void oneThatHasGoneFailsTheAnswerWithItsName();
    void sideBySideAnswersTwiceWithOneSeed();
    void theChatGoesOnWithTheAnswerThatIsKept();
    void theLastQuestionIsComparedAgain();
    void stopEndsBothAnswers();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestChatAdapters::theChosenAdapterAnswersAtTheChosenStrength()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    widgets::AdapterPicker* picker = page->adapterPicker();
    QTRY_VERIFY(picker->isVisible());
    ask(program, QStringLiteral("Hello"));
    QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path());
    pick(picker, 1);
    QCOMPARE(statusOf(program, QStringLiteral("Adapter")), QStringLiteral("Support tone"));
    ask(program, QStringLiteral("And now?"));
    QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path("/runs/tone-1/adapter.gguf"));
    QCOMPARE(engine.requests.back().adapter.strength, 1.0);
    widgets::MessageItem answer = page->conversation()->messageAt(3);
    QVERIFY2(answer.footer.contains(QStringLiteral("adapter Support tone")), qPrintable(answer.footer));
    QTest::mouseClick(picker, Qt::LeftButton);
    for (int i = 0; i < 6; ++i)
        QTest::keyClick(picker->slider(), Qt::Key_Left);
    QTest::keyClick(picker->list(), Qt::Key_Return);
    ask(program, QStringLiteral("And with less?"));
    QCOMPARE(engine.requests.back().adapter.strength, 0.7);
    answer = page->conversation()->messageAt(5);
    QVERIFY2(answer.footer.contains(QStringLiteral("Support tone × 0.7")), qPrintable(answer.footer));
    QCOMPARE(statusOf(program, QStringLiteral("Adapter")), QStringLiteral("Support tone × 0.7"));
    QVERIFY(!page->conversation()->messageAt(1).footer.contains(QStringLiteral("adapter")));
    QCOMPARE(std::count(engine.log.begin(), engine.log.end(), "load"), 1); // nothing was loaded anew
}

void TestChatAdapters::everyChatKeepsItsOwn()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    engine.addAdapter("facts-1", "Facts");
    qint64 first = 0;
    {
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model());
        widgets::AdapterPicker* picker = program.chatPage()->adapterPicker();
        QTRY_VERIFY(picker->isVisible());
        pick(picker, 1);
        ask(program, QStringLiteral("One"));
        first = program.chatPage()->currentChat();
        QTest::mouseClick(buttonWith(program.chatPage(), QStringLiteral("New chat")), Qt::LeftButton);
        QTRY_COMPARE(program.chatPage()->currentChat(), 0);
        pick(picker, 2);
        ask(program, QStringLiteral("Two"));
        QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path("/runs/facts-1/adapter.gguf"));
        program.chatPage()->openChat(first);
        QCOMPARE(picker->id(), QStringLiteral("tone-1"));
        QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 2);
    }
    Program program(engine); // the next start
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_COMPARE(program.chats->chats().size(), 2);
    program.chatPage()->openChat(first);
    QTRY_COMPARE(program.chatPage()->adapterPicker()->id(), QStringLiteral("tone-1"));
    QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 2);
    ask(program, QStringLiteral("Again"));
    QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path("/runs/tone-1/adapter.gguf"));
}

void TestChatAdapters::onlyAdaptersOfTheLoadedModelAreOffered()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.adapters.push_back({.id = "other-1", .name = "Of another", .modelPath = "/models/large.gguf", .file = "/runs/other-1/adapter.gguf"});
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_VERIFY(program.adapters->isListed());
    QVERIFY(!program.chatPage()->adapterPicker()->isVisible()); // nothing to choose: nothing in the way
    engine.addAdapter();
    program.adapters->refresh();
    QTRY_VERIFY(program.chatPage()->adapterPicker()->isVisible());
    program.chatPage()->adapterPicker()->openPopup();
    QCOMPARE(program.chatPage()->adapterPicker()->list()->count(), 2);
    QCOMPARE(program.chatPage()->adapterPicker()->list()->item(1)->text(), QStringLiteral("Support tone"));
    program.chatPage()->adapterPicker()->popup()->hide();
}

void TestChatAdapters::anAdapterThatDoesNotFitIsSaidAndLeftOut()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.adapters.push_back({.id = "other-1", .name = "Of another", .modelPath = "/models/large.gguf", .file = "/runs/other-1/adapter.gguf"});
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 70, .title = "Old", .created = now, .lastActive = now, .settings = R"({"adapter":"other-1","adapterStrength":0.5})"}};
    engine.messages = {{.id = 700, .chatId = 70, .role = "user", .text = "Q"}, {.id = 701, .chatId = 70, .role = "assistant", .text = "A"}};
    engine.nextId = 900;
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_COMPARE(program.chats->chats().size(), 1);
    program.chatPage()->openChat(70);
    QTRY_VERIFY(program.chatPage()->composer()->banner().contains(QStringLiteral("Of another")));
    program.chatPage()->composer()->setText(QStringLiteral("More?"));
    QVERIFY(!program.chatPage()->composer()->sendButton()->isEnabled());
    QPushButton* without = buttonWith(program.chatPage(), QStringLiteral("Answer without it"));
    QVERIFY(without);
    QTest::mouseClick(without, Qt::LeftButton);
    QTRY_VERIFY(program.chatPage()->composer()->sendButton()->isEnabled());
    program.chatPage()->composer()->clear();
    ask(program, QStringLiteral("More?"));
    QCOMPARE(engine.requests.back().adapter.file, std::filesystem::path());
}

void TestChatAdapters::oneThatHasGoneFailsTheAnswerWithItsName()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_VERIFY(program.chatPage()->adapterPicker()->isVisible());
    pick(program.chatPage()->adapterPicker(), 1);
    {
        const std::lock_guard lock(engine.mutex);
        engine.adapters.clear(); // deleted by hand, and nobody has looked since
    }
    ask(program, QStringLiteral("Hello"));
    const widgets::MessageItem answer = program.chatPage()->conversation()->messageAt(1);
    QCOMPARE(int(answer.state), int(widgets::MessageState::Failed));
    QVERIFY2(answer.errorText.contains(QStringLiteral("tone-1")), qPrintable(answer.errorText));
    QVERIFY(engine.requests.empty());
}

void TestChatAdapters::sideBySideAnswersTwiceWithOneSeed()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(page->adapterPicker()->isVisible());
    QTest::keyClick(program.window.get(), Qt::Key_D, Qt::ControlModifier);
    QTRY_VERIFY(page->comparison()->isVisible());
    QCOMPARE(page->comparison()->choice(0).id, QString());
    QCOMPARE(page->comparison()->choice(1).id, QStringLiteral("tone-1"));
    keep(program, QStringLiteral("compare-empty"));
    ask(program, QStringLiteral("Who are you?"));
    QCOMPARE(engine.requests.size(), 2u);
    QCOMPARE(engine.requests[0].adapter.file, std::filesystem::path());
    QCOMPARE(engine.requests[1].adapter.file, std::filesystem::path("/runs/tone-1/adapter.gguf"));
    QVERIFY(engine.requests[0].sampling.seed.has_value());
    QCOMPARE(engine.requests[0].sampling.seed, engine.requests[1].sampling.seed);
    QCOMPARE(engine.requests[0].messages.size(), engine.requests[1].messages.size());
    for (int side = 0; side < 2; ++side) {
        widgets::ConversationView* view = page->comparison()->conversation(side);
        QTRY_COMPARE(view->messageCount(), 2);
        QCOMPARE(view->messageAt(0).text, QStringLiteral("Who are you?"));
        QTRY_COMPARE(int(view->messageAt(1).state), int(widgets::MessageState::Done));
        QCOMPARE(view->messageAt(1).footer.contains(QStringLiteral("Support tone")), side == 1);
    }
    keep(program, QStringLiteral("compare-answered"));
}

void TestChatAdapters::theChatGoesOnWithTheAnswerThatIsKept()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(page->adapterPicker()->isVisible());
    QTest::keyClick(program.window.get(), Qt::Key_D, Qt::ControlModifier);
    ask(program, QStringLiteral("Who are you?"));
    QTRY_VERIFY(page->comparison()->keepButton(0)->isEnabled());
    const qint64 left = page->comparison()->conversation(0)->messageAt(1).id;
    QTest::mouseClick(page->comparison()->keepButton(0), Qt::LeftButton);
    QTRY_VERIFY(page->conversation()->isVisible());
    QCOMPARE(page->conversation()->messageAt(1).id, left);
    QCOMPARE(page->conversation()->messageAt(1).nBranches, 2); // the other one is not lost
    ask(program, QStringLiteral("Go on"));
    QCOMPARE(page->conversation()->messageCount(), 4);
    const std::lock_guard lock(engine.mutex);
    QCOMPARE(*engine.messages[3].parent, left);
}

void TestChatAdapters::theLastQuestionIsComparedAgain()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(page->adapterPicker()->isVisible());
    ask(program, QStringLiteral("Who are you?"));
    QTest::keyClick(program.window.get(), Qt::Key_D, Qt::ControlModifier);
    QTRY_VERIFY(page->comparison()->againButton()->isEnabled());
    QSignalSpy ended(program.chats.get(), &ChatService::answerEnded);
    QTest::mouseClick(page->comparison()->againButton(), Qt::LeftButton);
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(engine.requests.size(), 3u);
    QTRY_COMPARE(page->comparison()->conversation(1)->messageCount(), 2);
    const std::lock_guard lock(engine.mutex);
    QCOMPARE(engine.messages.size(), 4u); // one question, three answers
    QCOMPARE(page->comparison()->conversation(0)->messageAt(1).id, engine.messages[2].id);
    QCOMPARE(page->comparison()->conversation(1)->messageAt(1).id, engine.messages[3].id);
}

void TestChatAdapters::stopEndsBothAnswers()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addAdapter();
    engine.holdsReply = true;
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(page->adapterPicker()->isVisible());
    QTest::keyClick(program.window.get(), Qt::Key_D, Qt::ControlModifier);
    QTest::keyClicks(page->composer()->edit(), QStringLiteral("Go"));
    QTest::keyClick(page->composer()->edit(), Qt::Key_Return);
    QTRY_COMPARE(page->comparison()->conversation(0)->messageCount(), 2);
    QTest::keyClick(page->composer()->edit(), Qt::Key_Escape);
    QTRY_VERIFY(!program.chats->isAnsweringAny());
    QCOMPARE(engine.requests.size(), 1u); // the second was not begun
    QVERIFY(page->comparison()->isVisible());
    QTest::keyClick(page->composer()->edit(), Qt::Key_Escape);
    QTRY_VERIFY(!page->comparison()->isVisible());
}

QTEST_MAIN(TestChatAdapters)
#include "tst_chat_adapters.moc"
