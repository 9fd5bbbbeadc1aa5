// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/attribution.h"

#include <QTest>

using namespace sy::retrieval;

namespace {

Passage passage(const std::string& text)
{
    SearchHit hit;
    hit.text = text;
    return partOf(hit, 0, text.size());
}

std::vector<Passage> english()
{
    return {passage("The ferry to Lindau was built in 1927 and carries 5,174 passengers a year."),
            passage("The lighthouse of Lindau was built in 1856. Its keeper Maria Huber paints."),
            passage("Rice is cooked with saffron in Milan.")};
}

} // namespace

class TestAttribution : public QObject {
    Q_OBJECT

private slots:
    void theSupportingPassageIsNamed_data()
    {
        QTest::addColumn<QString>("sentence");
        QTest::addColumn<int>("passage"); // -1: none
        QTest::newRow("its words") << "The ferry was built in 1927." << 0;
        QTest::newRow("number tells two alike apart") << "It was built in 1856." << 1;
        QTest::newRow("thousands separator") << "It carries 5174 passengers." << 0;
        QTest::newRow("wrong number") << "The ferry was built in 1928." << -1;
        QTest::newRow("wrong name") << "The keeper of the lighthouse is Anna Huber." << -1;
        QTest::newRow("right name") << "The keeper of the lighthouse is Maria Huber." << 1;
        QTest::newRow("a name in the plural") << "The lighthouse belongs to the keepers called Hubers." << 1;
        QTest::newRow("from nowhere") << "Elephants migrate across the savannah in spring." << -1;
        QTest::newRow("the bare answer") << "5174." << 0;
    }

    void theSupportingPassageIsNamed()
    {
        const auto passages = english();
        const Attribution attribution(passages, "How many passengers does the ferry carry, and when was it built?");
        QFETCH(QString, sentence);
        QFETCH(int, passage);
        const Support support = attribution.of(sentence.toStdString());
        QVERIFY(support.isClaim);
        QCOMPARE(support.passages.empty() ? -1 : support.passages[0], passage);
    }

    void chineseIsComparedByPairs()
    {
        const std::vector<Passage> passages = {passage("大莱龙铁路位于山东省北部环渤海地区，总投资11.42亿元。"), passage("青藏铁路位于青海省和西藏自治区之间，总投资330亿元。")};
        const Attribution attribution(passages, "大莱龙铁路位于哪里？");
        QCOMPARE(attribution.of("大莱龙铁路位于山东省北部。").passages, std::vector<int>{0});
        QCOMPARE(attribution.of("它总投资330亿元。").passages, std::vector<int>{1});
        QVERIFY(attribution.of("它总投资999亿元。").passages.empty());
    }

    void theQuestionsOwnWordsAreNoEvidence()
    {
        const std::vector<Passage> passages = {passage("校友尤金·法马是现代投资理论的奠基人，2013年获得诺贝尔奖。"), passage("校园里有一座图书馆，由玛莎设计。")};
        const Attribution attribution(passages, "哪位芝加哥大学校友因其投资组合理论成就而为人所知？");
        QCOMPARE(attribution.of("芝加哥大学校友尤金·法马因其投资组合理论成就而为人所知。").passages, std::vector<int>{0});
        QVERIFY(attribution.of("芝加哥大学校友陈景润因其投资组合理论成就而为人所知。").passages.empty());
        const auto words = english();
        const Attribution other(words, "What is the work that the keeper of the Lindau lighthouse is renowned for nowadays?");
        QCOMPARE(other.of("The work that the keeper of the lighthouse is renowned for nowadays is paints.").passages, std::vector<int>{1});
        QVERIFY(other.of("The work that the keeper of the lighthouse is renowned for nowadays is sculptures.").passages.empty());
    }

    void aSentenceOfTwoPassagesNamesBoth()
    {
        const auto passages = english();
        const Attribution attribution(passages, "Compare the ferry and the lighthouse.");
        const auto support = attribution.of("The ferry carries passengers, while the lighthouse keeper paints.");
        QCOMPARE(support.passages.size(), size_t(2));
    }

    void theModelsHintBreaksATieAndNothingElse()
    {
        const std::vector<Passage> passages = {passage("The harbour opens at seven."), passage("The harbour opens at seven, as every day.")};
        const Attribution attribution(passages, "When does the harbour open?");
        const int second[] = {1};
        QCOMPARE(attribution.of("The harbour opens at seven.", second).passages[0], 1);
        const auto other = english();
        const Attribution clear(other, "When was the ferry built?");
        const int wrong[] = {2};
        QCOMPARE(clear.of("The ferry was built in 1927.", wrong).passages[0], 0);
    }

    void betweenLanguagesTheMeaningDecides()
    {
        const auto passages = english();
        const Closeness closeness = [](std::string_view, size_t passage) { return passage == 0 ? 0.1 : 0.01; };
        const Attribution attribution(passages, "渡轮是什么时候建造的？", closeness);
        QCOMPARE(attribution.of("这艘渡轮建于1927年。").passages, std::vector<int>{0});
        QVERIFY(attribution.of("这艘渡轮建于1928年。").passages.empty());
        QVERIFY(Attribution(passages, "渡轮？").of("这艘渡轮建于1927年。").passages.empty()); // without an embedder nothing is claimed
    }

    void questionsAndSmallTalkAreNoClaims()
    {
        const auto passages = english();
        const Attribution attribution(passages, "x");
        QVERIFY(!attribution.of("Would you like to know more about ferries?").isClaim);
        QVERIFY(!attribution.of("It is so.").isClaim); // no word of content
    }

    void numbersAreReadAsPeopleWriteThem()
    {
        QCOMPARE(numbersIn("1,234.5 and 12. Then ７８ 第3页"), (std::vector<std::string>{"1234.5", "12", "78", "3"}));
    }
};

QTEST_APPLESS_MAIN(TestAttribution)
#include "tst_attribution.moc"
