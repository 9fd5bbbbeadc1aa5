// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_tree.h"

#include <QTest>

using namespace sy;
using namespace sy::app;

namespace {

api::Message message(int64_t id, int64_t parent)
{
    return {.id = id, .chatId = 1, .parent = parent, .role = "user", .text = std::to_string(id)};
}

QList<qint64> idsOf(const ChatTree& tree)
{
    QList<qint64> ids;
    for (const ChatEntry& entry : tree.path())
        ids.push_back(entry.message.id);
    return ids;
}

/// 1 - 2 - 3 - 4
///      \ 5 - 6
/// 7
ChatTree threeBranches(qint64 leaf = 0)
{
    return ChatTree({message(1, 0), message(2, 1), message(3, 2), message(4, 3), message(5, 2), message(6, 5), message(7, 0)}, leaf);
}

} // namespace

class TestChatTree : public QObject {
    Q_OBJECT
private slots:
    void theNewestBranchIsShownUnlessAnotherWasChosen()
    {
        QCOMPARE(idsOf(threeBranches()), (QList<qint64>{7}));
        QCOMPARE(idsOf(threeBranches(4)), (QList<qint64>{1, 2, 3, 4}));
        QCOMPARE(idsOf(threeBranches(99)), (QList<qint64>{7}));
        QVERIFY(ChatTree().isEmpty() && ChatTree().last() == 0);
    }

    void branchesAreNumberedWhereTheyPart()
    {
        const QList<ChatEntry> path = threeBranches(6).path();
        QCOMPARE(path.size(), 4);
        QCOMPARE(path[0].branch, 1);
        QCOMPARE(path[0].nBranches, 2);
        QCOMPARE(path[1].nBranches, 1);
        QCOMPARE(path[2].branch, 2);
        QCOMPARE(path[2].nBranches, 2);
    }

    void steppingGoesToTheNewestOfTheOtherBranch()
    {
        ChatTree tree = threeBranches(4);
        QCOMPARE(tree.step(3, 1), 5);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 5, 6}));
        QCOMPARE(tree.step(5, 1), 0);
        QCOMPARE(tree.step(5, -1), 3);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        QCOMPARE(tree.step(1, 1), 7);
        QCOMPARE(tree.step(99, 1), 0);
    }

    void addingBesideAMessageLeavesItThere()
    {
        ChatTree tree = threeBranches(4);
        tree.add({message(8, 2), {}, {}});
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 8}));
        QCOMPARE(tree.path()[2].branch, 3);
        QCOMPARE(tree.path()[2].nBranches, 3);
        QCOMPARE(tree.step(8, -2), 3);
    }

    void removingTakesWhatFollowsAndShowsWhatIsLeft()
    {
        ChatTree tree = threeBranches(6);
        tree.remove(5);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        QVERIFY(!tree.find(6));
        QCOMPARE(tree.path()[2].nBranches, 1);
        tree.remove(3);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2}));
        tree.remove(7); // not shown
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2}));
        QCOMPARE(tree.path()[0].nBranches, 1);
        tree.remove(1);
        QVERIFY(tree.isEmpty());
    }

    void oneMessageGoesAndComesBack()
    {
        ChatTree tree = threeBranches(4);
        tree.removeOne(2); // what followed it closes up, branches and all
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 3, 4}));
        QCOMPARE(tree.path()[1].nBranches, 2);
        tree.putBack({{message(2, 1)}, {3, 5}}, false);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 5, 6})); // through it to the newest
        tree.choose(4);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        tree.removeOne(4); // the last
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3}));
        tree.putBack({{message(4, 3)}, {}}, false);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        tree.removeOne(1); // the first
        QCOMPARE(idsOf(tree), (QList<qint64>{2, 3, 4}));
        QCOMPARE(tree.path()[0].nBranches, 2);
        tree.putBack({{message(1, 0)}, {2}}, true);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        tree.remove(3);
        tree.putBack({{message(3, 2), message(4, 3)}, {}}, false);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        QCOMPARE(tree.path()[2].branch, 1); // before 5, as it was written
    }

    void choosingLeadsThroughAFoundMessage()
    {
        ChatTree tree = threeBranches();
        tree.choose(3);
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2, 3, 4}));
        tree.choose(0);
        QCOMPARE(tree.last(), 4);
    }

    void aDamagedParentEndsNowhere()
    {
        const ChatTree tree({message(1, 2), message(2, 1)});
        QCOMPARE(idsOf(tree), (QList<qint64>{1, 2}));
    }
};

QTEST_APPLESS_MAIN(TestChatTree)
#include "tst_chat_tree.moc"
