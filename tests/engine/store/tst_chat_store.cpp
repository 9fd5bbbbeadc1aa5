// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/chat_store.h"

#include "engine/store/app_schema.h"

#include <QTemporaryDir>
#include <QTest>

#include <chrono>

using namespace sy::store;

class TestChatStore : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<ChatStore>(openAppDatabase(m_folder->path().toStdString()));
    }

    void cleanup() { m_store.reset(); }

    void chatsAreListedByLastActivity()
    {
        const auto first = m_store->create("first", "");
        const auto second = m_store->create("second", "docs", "{\"t\":1}");
        m_store->append({.chat = first.id, .role = "user", .text = "hello", .createdMs = nowMs() + 10});
        const auto rows = m_store->list();
        QCOMPARE(rows.size(), size_t(2));
        QCOMPARE(rows[0].id, first.id);
        QCOMPARE(rows[1].title, std::string("second"));
        QCOMPARE(rows[1].collection, std::string("docs"));
        QCOMPARE(rows[1].settings, std::string("{\"t\":1}"));
    }

    void everythingOfAMessageComesBackAfterReopening()
    {
        const auto chat = m_store->create("", "");
        const auto question = m_store->append({.chat = chat.id, .role = "user", .text = "问题"});
        const auto answer = m_store->append({.chat = chat.id, .role = "assistant", .text = "", .status = MessageStatus::streaming});
        m_store->updateText(answer, "half");
        m_store->finish({.id = answer, .text = "whole", .status = MessageStatus::failed, .timings = "T", .citations = "C", .support = "S",
                         .queryUsed = "Q", .error = "E"});
        m_store = std::make_unique<ChatStore>(openAppDatabase(m_folder->path().toStdString()));
        const auto rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(2));
        QCOMPARE(rows[0].text, std::string("问题"));
        QVERIFY(!rows[0].parent);
        QCOMPARE(rows[1].parent.value_or(0), question);
        QCOMPARE(rows[1].role, std::string("assistant"));
        QCOMPARE(rows[1].text, std::string("whole"));
        QVERIFY(rows[1].status == MessageStatus::failed);
        QCOMPARE(rows[1].timings + rows[1].citations + rows[1].support + rows[1].queryUsed + rows[1].error, std::string("TCSQE"));
        QVERIFY(rows[1].createdMs > 0);
    }

    void aRemovedChatComesBackUntilItIsPurged()
    {
        const auto chat = m_store->create("secret plans", "");
        m_store->append({.chat = chat.id, .role = "user", .text = "buried treasure"});
        m_store->remove(chat.id);
        QVERIFY(m_store->list().empty());
        QVERIFY(m_store->search("treasure", 10).empty());
        QVERIFY(m_store->search("secret", 10).empty());
        QCOMPARE(m_store->purgeRemoved(nowMs() - 86'400'000), int64_t(0)); // removed just now: kept for undo
        m_store->restore(chat.id);
        QCOMPARE(m_store->messages(chat.id).size(), size_t(1));
        QCOMPARE(m_store->search("treasure", 10).size(), size_t(1));
        m_store->remove(chat.id);
        QCOMPARE(m_store->purgeRemoved(nowMs() + 1), int64_t(1));
        QVERIFY(!m_store->find(chat.id));
        QVERIFY(m_store->messages(chat.id).empty());
    }

    void whatAKilledProcessLeftStreamingIsClosed()
    {
        const auto chat = m_store->create("", "");
        const auto id = m_store->append({.chat = chat.id, .role = "assistant", .text = "", .status = MessageStatus::streaming});
        m_store->updateText(id, "unfinished symphony");
        QVERIFY(m_store->search("symphony", 10).empty());
        QCOMPARE(m_store->closeInterrupted(), int64_t(1));
        QVERIFY(m_store->messages(chat.id)[0].status == MessageStatus::stopped);
        QCOMPARE(m_store->search("symphony", 10).size(), size_t(1));
        QCOMPARE(m_store->closeInterrupted(), int64_t(0));
    }

    void searchFindsTitlesAndTextsInBothLanguages_data()
    {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("found"); // titles of the chats, in order
        QTest::newRow("a word in a title") << "quarterly" << "Quarterly report";
        QTest::newRow("another form of the word") << "reports" << "Quarterly report,数据库设计";
        QTest::newRow("both words") << "invoice overdue" << "数据库设计";
        QTest::newRow("one of the words is missing") << "invoice banana" << "";
        QTest::newRow("unfinished last word") << "invo" << "数据库设计";
        QTest::newRow("Chinese title") << "数据库" << "数据库设计";
        QTest::newRow("Chinese text") << "上海的天气" << "Quarterly report";
        QTest::newRow("characters that are not together") << "海天" << "";
        QTest::newRow("one character") << "雨" << "Quarterly report";
        QTest::newRow("syntax is text") << "\" OR NEAR( *" << "";
        QTest::newRow("empty") << "  " << "";
    }

    void searchFindsTitlesAndTextsInBothLanguages()
    {
        const auto first = m_store->create("Quarterly report", "");
        m_store->append({.chat = first.id, .role = "user", .text = "明天上海的天气怎么样？会下雨吗"});
        const auto second = m_store->create("", "");
        m_store->append({.chat = second.id, .role = "user", .text = "The invoice in the report is overdue."});
        m_store->rename(second.id, "数据库设计");
        QFETCH(QString, query);
        QStringList titles;
        for (const ChatHit& hit : m_store->search(query.toStdString(), 10))
            titles << QString::fromStdString(hit.title);
        QTEST(titles.join(u','), "found");
    }

    void anExcerptShowsTheWordsAroundTheMatch()
    {
        const auto chat = m_store->create("t", "");
        std::string text;
        for (int i = 0; i < 200; ++i)
            text += "filler ";
        m_store->append({.chat = chat.id, .role = "user", .text = text + "needle " + text});
        const auto hits = m_store->search("needle", 10);
        QCOMPARE(hits.size(), size_t(1));
        QVERIFY(hits[0].excerpt.find("needle") != std::string::npos);
        QVERIFY(hits[0].excerpt.size() < 300);
    }

    void removingMessagesFromOneOnKeepsTheEarlierOnes()
    {
        const auto chat = m_store->create("", "");
        const auto a = m_store->append({.chat = chat.id, .role = "user", .text = "alpha"});
        const auto b = m_store->append({.chat = chat.id, .role = "assistant", .text = "beta"});
        m_store->append({.chat = chat.id, .role = "user", .text = "gamma"});
        m_store->removeMessagesFrom(chat.id, b);
        const auto rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(1));
        QCOMPARE(rows[0].id, a);
        QVERIFY(m_store->search("gamma", 10).empty());
    }

    void oneMessageGoesAndComesBackWhereItWas()
    {
        const auto chat = m_store->create("", "");
        const auto a = m_store->append({.chat = chat.id, .role = "user", .text = "alpha"});
        const auto b = m_store->append({.chat = chat.id, .role = "assistant", .text = "beta", .citations = "[1]"});
        const auto c = m_store->append({.chat = chat.id, .role = "user", .text = "gamma"});
        const RemovedMessages removed = m_store->removeMessage(chat.id, b);
        auto rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(2));
        QCOMPARE(rows[1].id, c);
        QCOMPARE(rows[1].parent.value_or(0), a);
        QVERIFY(m_store->search("beta", 10).empty());
        m_store->restoreMessages(removed);
        rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(3));
        QCOMPARE(rows[1].id, b);
        QCOMPARE(rows[1].citations, std::string("[1]"));
        QCOMPARE(rows[2].parent.value_or(0), b);
        QCOMPARE(m_store->search("beta", 10).size(), size_t(1));
        // The first one has no parent; those after it have none then either.
        const RemovedMessages first = m_store->removeMessage(chat.id, a);
        QVERIFY(!m_store->messages(chat.id)[0].parent);
        m_store->restoreMessages(first);
        QVERIFY(!m_store->messages(chat.id)[0].parent);
        const RemovedMessages rest = m_store->removeMessagesFrom(chat.id, b);
        QCOMPARE(rest.rows.size(), size_t(2));
        m_store->restoreMessages(rest);
        QCOMPARE(m_store->messages(chat.id).size(), size_t(3));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, m_store->removeMessage(chat.id, 99));
        const RemovedMessages last = m_store->removeMessage(chat.id, c);
        m_store->removeMessagesFrom(chat.id, a);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, m_store->restoreMessages(last)); // what it followed is gone
        QVERIFY(m_store->messages(chat.id).empty());
    }

    void branchesStandBesideOneAnother()
    {
        const auto chat = m_store->create("", "");
        const auto first = m_store->append({.chat = chat.id, .role = "user", .text = "alpha"});
        const auto answer = m_store->append({.chat = chat.id, .role = "assistant", .text = "beta"});
        const auto edited = m_store->append({.chat = chat.id, .parent = 0, .role = "user", .text = "gamma"});
        const auto again = m_store->append({.chat = chat.id, .parent = first, .role = "assistant", .text = "delta"});
        auto rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(4));
        QVERIFY(!rows[2].parent);
        QCOMPARE(rows[3].parent.value_or(0), first);
        // What goes takes along what follows it and nothing else.
        m_store->removeMessagesFrom(chat.id, answer);
        QCOMPARE(m_store->messages(chat.id).size(), size_t(3));
        m_store->removeMessagesFrom(chat.id, first);
        rows = m_store->messages(chat.id);
        QCOMPARE(rows.size(), size_t(1));
        QCOMPARE(rows[0].id, edited);
        QVERIFY(again > edited && m_store->search("delta", 10).empty());
        QCOMPARE(m_store->search("gamma", 10).size(), size_t(1));
    }

    void aChatOfMoreThanAThousandMessagesCanBeDeleted()
    {
        const auto chat = m_store->create("", "");
        int64_t second = 0;
        for (int i = 0; i < 1100; ++i)
            if (const auto id = m_store->append({.chat = chat.id, .role = "user", .text = "word"}); i == 1)
                second = id;
        m_store->removeMessagesFrom(chat.id, second);
        QCOMPARE(m_store->messages(chat.id).size(), size_t(1));
        for (int i = 0; i < 1100; ++i)
            m_store->append({.chat = chat.id, .role = "user", .text = "word"});
        m_store->remove(chat.id);
        QCOMPARE(m_store->purgeRemoved(nowMs() + 1000), 1);
        QVERIFY(m_store->messages(chat.id).empty());
    }

    void unknownIdsAreRefused()
    {
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, m_store->append({.chat = 99, .role = "user", .text = "x"}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, m_store->updateText(99, "x"));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, m_store->rename(99, "x"));
    }

    void aLongTextIsUpdatedAgainAndAgain()
    {
        const auto chat = m_store->create("", "");
        const auto id = m_store->append({.chat = chat.id, .role = "assistant", .text = "", .status = MessageStatus::streaming});
        std::string text(300'000, 'x'); // a 50,000-token answer
        for (int i = 0; i < 20; ++i) {
            text += "more";
            m_store->updateText(id, text);
        }
        QCOMPARE(m_store->messages(chat.id).back().text, text);
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<ChatStore> m_store;
};

QTEST_APPLESS_MAIN(TestChatStore)
#include "tst_chat_store.moc"
