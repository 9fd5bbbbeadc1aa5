// SPDX-License-Identifier: GPL-3.0-or-later
//
// The event loop of the window comes round within 50 ms whatever the engine does. The engine here is a fake whose calls take long on
// purpose: one that ran on the window's thread would show at once.
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_view.h"
#include "tests/app/window_program.h"
#include "tests/heartbeat.h"
#include "widgets/chats/chat_list.h"

#include <QListView>
#include <QScrollBar>
#include <QTabWidget>

#include <utility>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;
using sy::test::Heartbeat;
using sy::test::kLongestStallMs;
using sy::test::longestStallOf;

namespace {

constexpr auto kSlow = std::chrono::milliseconds(400);

std::string paragraphs(int n)
{
    std::string text;
    for (int i = 0; i < n; ++i)
        text += "A paragraph of some twenty words that wraps at the width of the column, with **bold** and `code` and a number " + std::to_string(i) + ".\n\n";
    return text;
}

} // namespace

class TestResponsiveness : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void aStallIsNoticed();
    void answeringAndIndexingNeverStallTheWindow();
    void loadingAModelNeverStallsTheWindow();
    void aChatOfAThousandMessagesOpensSmoothly();
    void aThousandMessagesStaySmoothWhileAnswering();
    void listsOfThousandsOfFilesAreSmooth();
    void trainingNeverStallsTheWindow();
    void countingNeverStallsTheForm();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestResponsiveness::aStallIsNoticed()
{
    // The measure itself: a call of 80 ms on this thread is a stall, work elsewhere is none.
    QCOMPARE_LE(longestStallOf("work elsewhere", [](Heartbeat&) {
        std::jthread elsewhere([] { std::this_thread::sleep_for(kSlow); });
        QTest::qWait(150);
    }), kLongestStallMs);
    int nTimes = 0;
    QCOMPARE_GT(longestStallOf("a long call", [&](Heartbeat& heart) {
        QTimer::singleShot(0, this, [] { std::this_thread::sleep_for(std::chrono::milliseconds(80)); });
        QTest::qWait(30);
        nTimes += heart.nStalls;
    }), kLongestStallMs);
    QCOMPARE(nTimes, 3);
    // One that comes once only is the machine's.
    bool isFirst = true;
    QCOMPARE_LE(longestStallOf("one late moment", [&](Heartbeat&) {
        if (std::exchange(isFirst, false))
            QTimer::singleShot(0, this, [] { std::this_thread::sleep_for(std::chrono::milliseconds(80)); });
        QTest::qWait(30);
    }), kLongestStallMs);
}

void TestResponsiveness::answeringAndIndexingNeverStallTheWindow()
{
    QCOMPARE_LE(longestStallOf("50000 tokens while indexing 300 files", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.addCollection();
        engine.contextLength = 100000;
        Program program(engine);
        program.settings->set(setting::kSamplesOffered, true); // the book is not asked of the documents
        program.open();
        QTRY_VERIFY(program.models->model());
        ChatPage* page = program.chatPage();
        engine.nTokens = 50000;
        engine.perToken = std::chrono::microseconds(30);
        engine.nIngestFiles = 300;
        engine.perFile = std::chrono::milliseconds(8);
        program.documents->ingest(QStringLiteral("Reports"), {QStringLiteral("/docs")});
        page->composer()->setText(QStringLiteral("Write a book"));
        QTest::keyClick(page->composer()->edit(), Qt::Key_Return);
        QTRY_VERIFY(program.chats->isAnsweringAny());
        heart.reset();
        QTRY_VERIFY_WITH_TIMEOUT(!program.chats->isAnsweringAny(), 60000);
        QTest::qWait(60);
        QVERIFY(page->conversation()->messageAt(1).text.size() > 200000);
    }), kLongestStallMs);
}

void TestResponsiveness::loadingAModelNeverStallsTheWindow()
{
    QCOMPARE_LE(longestStallOf("loading for 400 ms", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.beforeLoad = [] { std::this_thread::sleep_for(kSlow); };
        Program program(engine);
        program.open();
        heart.reset();
        QTRY_VERIFY(program.models->loadState() == ModelService::LoadState::Loading);
        QTest::keyClicks(program.chatPage()->composer()->edit(), QStringLiteral("typed while it loads"));
        QTRY_VERIFY(program.models->model());
        QTest::qWait(60);
        program.models->unload();
        QTest::qWait(60);
        QCOMPARE(program.chatPage()->composer()->text(), QStringLiteral("typed while it loads"));
    }), kLongestStallMs);
}

void TestResponsiveness::aChatOfAThousandMessagesOpensSmoothly()
{
    QCOMPARE_LE(longestStallOf("a chat of 1000 messages opened, scrolled and resized", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.addCollection();
        const auto now = std::chrono::system_clock::now();
        engine.chats = {{.id = 700, .title = "Long", .created = now, .lastActive = now, .collection = "Reports"}, {.id = 701, .title = "Short", .created = now, .lastActive = now}};
        const std::string text = paragraphs(12);
        for (int i = 0; i < 1000; ++i) {
            api::Message m{.id = 7000 + i, .chatId = 700, .role = i % 2 ? "assistant" : "user", .text = i % 2 ? text : "A question of some words?"};
            if (i % 2) {
                m.citations = engine.citations();
                m.support = {{0, 40, {1}, true}, {41, 100, {}, true}};
            }
            engine.messages.push_back(m);
        }
        engine.messages.push_back({.id = 8500, .chatId = 701, .role = "user", .text = "Hello"});
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model());
        QTRY_COMPARE(program.chats->chats().size(), 2);
        QListView* list = program.chatPage()->chatList()->view();
        list->setFocus();
        QTest::qWait(50);
        heart.reset();
        widgets::ConversationView* view = program.chatPage()->conversation();
        for (int round = 0; round < 3; ++round) { // the first time from disk, then from memory
            QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(1, 0)).center());
            QTRY_COMPARE(view->messageCount(), 1000);
            QTest::qWait(80);
            QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(2, 0)).center());
            QTRY_COMPARE(view->messageCount(), 1);
        }
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(1, 0)).center());
        QTRY_COMPARE(view->messageCount(), 1000);
        for (int i = 20; i >= 0; --i) {
            view->verticalScrollBar()->setValue(view->verticalScrollBar()->maximum() * i / 20);
            QTest::qWait(5);
        }
        QTest::keyClick(view, Qt::Key_End);
        program.window->resize(1000, 700);
        QTest::qWait(60);
    }), kLongestStallMs);
}

void TestResponsiveness::aThousandMessagesStaySmoothWhileAnswering()
{
    QCOMPARE_LE(longestStallOf("an answer in a chat of 1000 messages", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        const auto now = std::chrono::system_clock::now();
        engine.chats = {{.id = 700, .title = "Long", .created = now, .lastActive = now}};
        const std::string text = paragraphs(6);
        for (int i = 0; i < 1000; ++i)
            engine.messages.push_back({.id = 7000 + i, .chatId = 700, .role = i % 2 ? "assistant" : "user", .text = i % 2 ? text : "A question?"});
        engine.nextId = 9000;
        engine.contextLength = 1 << 20;
        engine.nTokens = 1500;
        engine.perToken = std::chrono::microseconds(700);
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model());
        QTRY_COMPARE(program.chats->chats().size(), 1);
        ChatPage* page = program.chatPage();
        page->openChat(700);
        QTRY_COMPARE(page->conversation()->messageCount(), 1000);
        QTest::qWait(500); // the context is counted
        heart.reset();
        QTest::keyClicks(page->composer()->edit(), QStringLiteral("More?"));
        QTest::keyClick(page->composer()->edit(), Qt::Key_Return);
        QTRY_COMPARE(page->conversation()->messageCount(), 1002);
        QTRY_VERIFY_WITH_TIMEOUT(!program.chats->isAnsweringAny(), 30000);
        QTest::qWait(80);
    }), kLongestStallMs);
}

void TestResponsiveness::listsOfThousandsOfFilesAreSmooth()
{
    QCOMPARE_LE(longestStallOf("indexing with 3000 files on the page", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.addCollection();
        for (int i = 0; i < 3000; ++i)
            engine.rows.push_back({.path = "/docs/report-" + std::to_string(i) + ".pdf", .bytes = 5000, .nPages = 4, .nChunks = 20, .status = api::DocumentStatus::indexed});
        engine.nIngestFiles = 200;
        engine.perFile = std::chrono::milliseconds(15); // three seconds: the list is read anew each of them
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model());
        program.window->goTo(QStringLiteral("documents"));
        QTRY_COMPARE(program.documentsPage()->currentCollection(), QStringLiteral("Reports"));
        QTest::qWait(300);
        heart.reset();
        program.documents->ingest(QStringLiteral("Reports"), {QStringLiteral("/docs")});
        QTRY_VERIFY(!program.documents->isIngestingAny());
        QTest::qWait(100);
    }), kLongestStallMs);
}

void TestResponsiveness::trainingNeverStallsTheWindow()
{
    QCOMPARE_LE(longestStallOf("6000 steps with five plots, while a chat is answered", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.nTokens = 4000;
        engine.perToken = std::chrono::microseconds(200);
        engine.contextLength = 100000;
        engine.training.addRun("old-1", "Of yesterday", 3000);
        engine.training.nSteps = 6000;
        engine.training.perStep = std::chrono::milliseconds(1);
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model() && program.fineTune->isListed());
        program.window->goTo(QStringLiteral("finetune"));
        auto* page = qobject_cast<FineTunePage*>(program.window->page(QStringLiteral("finetune")));
        QTest::qWait(200);
        heart.reset();
        page->openRun(program.fineTune->start({{QStringLiteral("name"), QStringLiteral("long")}}));
        QTRY_VERIFY_WITH_TIMEOUT(program.fineTune->runs().front().step > 1500, 20000);
        page->openRun(QStringLiteral("old-1"));
        QTest::qWait(300);
        page->openRun(QStringLiteral("run-1"));
        for (int tab = 0; tab < page->view()->tabs()->count(); ++tab) {
            page->view()->tabs()->setCurrentIndex(tab);
            QTest::qWait(250);
        }
        page->view()->tabs()->setCurrentIndex(1);
        program.window->resize(1000, 700);
        QTest::qWait(300);
        program.window->goTo(QStringLiteral("chat"));
        QTest::keyClicks(program.chatPage()->composer()->edit(), QStringLiteral("Asked while it is trained"));
        QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
        QTRY_VERIFY(program.chats->isAnsweringAny());
        program.window->goTo(QStringLiteral("finetune"));
        QTRY_VERIFY_WITH_TIMEOUT(!program.fineTune->isTraining(), 60000);
        QTest::qWait(100);
        QCOMPARE(program.fineTune->details(QStringLiteral("run-1"))->steps.size(), 6000u);
    }), kLongestStallMs);
}

void TestResponsiveness::countingNeverStallsTheForm()
{
    QCOMPARE_LE(longestStallOf("counted for 400 ms", [](Heartbeat& heart) {
        FakeEngine engine;
        engine.addChatModel();
        engine.training.beforePlan = [] { std::this_thread::sleep_for(kSlow); };
        engine.training.plan.preview.front().pieces.front().text = paragraphs(2000); // one enormous example
        Program program(engine);
        program.open();
        QTRY_VERIFY(program.models->model() && !program.fineTune->defaults().isEmpty());
        program.window->goTo(QStringLiteral("finetune"));
        auto* page = qobject_cast<FineTunePage*>(program.window->page(QStringLiteral("finetune")));
        page->newRun();
        QTest::qWait(100);
        heart.reset();
        page->form()->addFiles({QStringLiteral("/data/rows.jsonl")});
        for (int i = 0; i < 5; ++i) {
            QTest::keyClick(page->form()->control("adapter.rank"), Qt::Key_Up);
            QTest::qWait(200);
        }
        QTRY_VERIFY(page->form()->startButton()->isEnabled());
        QTest::qWait(100);
    }), kLongestStallMs);
}

QTEST_MAIN(TestResponsiveness)
#include "tst_responsiveness.moc"
