// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/chats/chat_list.h"
#include "widgets/parts/search_box.h"
#include "widgets/theme/theme.h"

#include <QApplication>
#include <QLineEdit>
#include <QListView>
#include <QSignalSpy>
#include <QTest>

using namespace sy::widgets;

class TestChatList : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void daysAreGrouped();
    void arrowsOpenChatsAndSkipHeadings();
    void f2RenamesInPlace();
    void deleteAsks();
    void aListThatChangesKeepsTheCurrentChat();
    void searchWaitsForAPauseAndComesAtOnceOnEnter();
};

namespace {
const QDate kToday(2026, 5, 20);

QList<ChatListItem> someChats()
{
    return {{3, QStringLiteral("Three"), QDateTime(kToday, QTime(9, 0)), {}, false},
            {2, QStringLiteral("Two"), QDateTime(kToday.addDays(-1), QTime(9, 0)), {}, false},
            {1, QString(), QDateTime(kToday.addDays(-400), QTime(9, 0)), {}, false}};
}
} // namespace

void TestChatList::initTestCase()
{
    static Theme theme(*qApp);
    theme.setMode(ThemeMode::Light);
}

void TestChatList::daysAreGrouped()
{
    const QLocale english(QLocale::English);
    QCOMPARE(ChatList::groupOf(kToday, kToday, english), QStringLiteral("Today"));
    QCOMPARE(ChatList::groupOf(kToday.addDays(-1), kToday, english), QStringLiteral("Yesterday"));
    QCOMPARE(ChatList::groupOf(kToday.addDays(-6), kToday, english), QStringLiteral("Last 7 days"));
    QCOMPARE(ChatList::groupOf(kToday.addDays(-29), kToday, english), QStringLiteral("Last 30 days"));
    QCOMPARE(ChatList::groupOf(QDate(2026, 2, 3), kToday, english), QStringLiteral("February"));
    QCOMPARE(ChatList::groupOf(QDate(2025, 2, 3), kToday, english), QStringLiteral("February 2025"));
}

void TestChatList::arrowsOpenChatsAndSkipHeadings()
{
    ChatList list;
    list.resize(260, 500);
    list.show();
    list.setChats(someChats(), kToday);
    QCOMPARE(list.view()->model()->rowCount(), 6);
    list.setCurrent(3);
    QSignalSpy spy(&list, &ChatList::opened);
    list.view()->setFocus();
    QTest::keyClick(list.view(), Qt::Key_Down);
    QTest::keyClick(list.view(), Qt::Key_Down);
    QCOMPARE(spy.size(), 2);
    QCOMPARE(spy[0][0].toLongLong(), 2);
    QCOMPARE(spy[1][0].toLongLong(), 1);
}

void TestChatList::f2RenamesInPlace()
{
    ChatList list;
    list.resize(260, 500);
    list.show();
    QVERIFY(QTest::qWaitForWindowExposed(&list));
    list.setChats(someChats(), kToday);
    list.setCurrent(2);
    list.view()->setFocus();
    QSignalSpy spy(&list, &ChatList::renamed);
    QTest::keyClick(list.view(), Qt::Key_F2);
    auto* editor = list.view()->viewport()->findChild<QLineEdit*>();
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("A better name"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].toLongLong(), 2);
    QCOMPARE(spy[0][1].toString(), QStringLiteral("A better name"));
}

void TestChatList::deleteAsks()
{
    ChatList list;
    list.show();
    list.setChats(someChats(), kToday);
    list.setCurrent(3);
    QSignalSpy spy(&list, &ChatList::deleteRequested);
    QTest::keyClick(list.view(), Qt::Key_Delete);
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].toLongLong(), 3);
}

void TestChatList::aListThatChangesKeepsTheCurrentChat()
{
    ChatList list;
    list.show();
    list.setChats(someChats(), kToday);
    list.setCurrent(2);
    QSignalSpy spy(&list, &ChatList::opened);
    auto chats = someChats();
    chats.prepend({9, QStringLiteral("Nine"), QDateTime(kToday, QTime(10, 0)), {}, true});
    list.setChats(chats, kToday);
    QCOMPARE(list.current(), 2);
    QCOMPARE(spy.size(), 0);
}

void TestChatList::searchWaitsForAPauseAndComesAtOnceOnEnter()
{
    ChatList list;
    list.show();
    QSignalSpy spy(&list, &ChatList::searchRequested);
    QTest::keyClicks(list.searchBox(), QStringLiteral("abc"));
    QCOMPARE(spy.size(), 0);
    QTRY_COMPARE(spy.size(), 1);
    QTest::keyClick(list.searchBox(), Qt::Key_Return);
    QCOMPARE(spy.size(), 2);
    QTest::keyClick(list.searchBox(), Qt::Key_Escape);
    QCOMPARE(spy.size(), 3);
    QCOMPARE(spy[2][0].toString(), QString());
}

QTEST_MAIN(TestChatList)
#include "tst_chat_list.moc"
