// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/fusion.h"

#include <QTest>

using namespace sy::retrieval;

class TestFusion : public QObject {
    Q_OBJECT

private slots:
    void bothListsCount()
    {
        const Scored lexical[] = {{1, 10}, {2, 5}};
        const Scored dense[] = {{3, 0.9}, {1, 0.8}, {2, 0.7}};
        const auto fused = fuse(lexical, dense, 2, 0.5);
        QCOMPARE(fused.size(), size_t(3));
        QCOMPARE(fused[0].chunk, int64_t(1)); // 0.5 * 1 + 0.5 * 0.5
        QVERIFY(qAbs(fused[0].score - 0.75) < 1e-12);
        QCOMPARE(fused[0].lexicalRank, 1);
        QCOMPARE(fused[0].denseRank, 2);
        QCOMPARE(fused[1].chunk, int64_t(3));
        QCOMPARE(fused[1].lexicalRank, 0);
        QCOMPARE(fused[2].denseRank, 0); // scored, but not of the dense list
        QCOMPARE(fused[2].denseScore, 0.7);
    }

    void withoutWordsMeaningDecidesAndTheOtherWayRound()
    {
        const Scored lexical[] = {{1, 10}, {2, 5}};
        const Scored dense[] = {{2, 0.9}, {1, 0.8}};
        QCOMPARE(fuse(lexical, dense, 2, 0.0).front().chunk, int64_t(2));
        QCOMPARE(fuse(lexical, {}, 0, 1.0).front().chunk, int64_t(1));
        QVERIFY(fuse({}, {}, 0, 0.5).empty());
    }

    void equalScoresKeepTheOrderOfTheDocuments()
    {
        const Scored dense[] = {{9, 0.5}, {4, 0.5}};
        const auto fused = fuse({}, dense, 2, 0);
        QCOMPARE(fused[0].chunk, int64_t(4));
        QVERIFY(fused[0].score == fused[1].score);
    }

    void theLexicalWeightGrowsWithTheWordsInCommon()
    {
        QCOMPARE(lexicalWeight(0, false), 0.0);
        QCOMPARE(lexicalWeight(1, false), kMaxLexicalWeight);
        QVERIFY(lexicalWeight(0.3, false) < lexicalWeight(0.6, false));
        QCOMPARE(lexicalWeight(7, false), kMaxLexicalWeight);
        QCOMPARE(lexicalWeight(1, true), kMaxLexicalWeightCjk);
        QVERIFY(lexicalWeight(0.5, true) > lexicalWeight(0.5, false));
    }
};

QTEST_APPLESS_MAIN(TestFusion)
#include "tst_fusion.moc"
