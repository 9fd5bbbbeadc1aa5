// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/answer_text.h"

#include <QTest>

using namespace sy::retrieval;

namespace {

Passage passage(const std::string& text)
{
    SearchHit hit;
    hit.text = text;
    return partOf(hit, 0, text.size());
}

const std::vector<Passage>& passages()
{
    static const std::vector<Passage> list = {passage("The lighthouse was built in 1856."), passage("The ferry was built in 1927. 渡轮每小时一班。"),
                                              passage("Rice is cooked with saffron.")};
    return list;
}

} // namespace

class TestAnswerText : public QObject {
    Q_OBJECT

private slots:
    void theModelsMarkersAreReplacedByOurs_data()
    {
        QTest::addColumn<QString>("raw");
        QTest::addColumn<QString>("shown");
        QTest::newRow("renumbered by appearance") << "The ferry was built in 1927 [3]. The lighthouse was built in 1856.[1]"
                                                  << "The ferry was built in 1927. [1] The lighthouse was built in 1856. [2]";
        QTest::newRow("the same passage twice") << "The ferry was built in 1927. The ferry was built."
                                                << "The ferry was built in 1927. [1] The ferry was built. [1]";
        QTest::newRow("unsupported sentence has none") << "Elephants migrate in spring [2]." << "Elephants migrate in spring.";
        QTest::newRow("Chinese") << "渡轮每小时一班【2】。" << "渡轮每小时一班。[1]";
        QTest::newRow("several in one bracket") << "The ferry was built in 1927 [1, 2]." << "The ferry was built in 1927. [1]";
        QTest::newRow("a bracket that is text") << "The ferry [sic] was built in 1927." << "The ferry [sic] was built in 1927. [1]";
        QTest::newRow("a number that does not exist") << "The ferry was built in 1927 [17]." << "The ferry was built in 1927. [1]";
        QTest::newRow("refusal behind an answer") << "The ferry was built in 1927 [2]. The documents do not say." << "The ferry was built in 1927. [1]";
    }

    void theModelsMarkersAreReplacedByOurs()
    {
        const Attribution attribution(passages(), "When was it built?");
        QFETCH(QString, raw);
        QFETCH(QString, shown);
        AnswerText whole(attribution, 2);
        whole.add(raw.toStdString());
        whole.finish(false);
        QCOMPARE(QString::fromStdString(whole.text()), shown);
        // Byte by byte it comes to the same, and no half marker or character is ever shown.
        AnswerText bytes(attribution, 2);
        std::string pending;
        for (const char c : raw.toStdString()) {
            bytes.add(std::string(1, c));
            QVERIFY(!QString::fromStdString(bytes.text()).contains("[1,"));
        }
        bytes.finish(false);
        QCOMPARE(QString::fromStdString(bytes.text()), shown);
    }

    void afterTwoSentencesItIsEnough()
    {
        const Attribution attribution(passages(), "When was it built?");
        AnswerText text(attribution, 2);
        QVERIFY(text.add("The ferry was built in 1927. "));
        QVERIFY(text.add("The lighthouse was built in 1856. "));
        QVERIFY(!text.add("Rice is cooked"));
        text.finish(true);
        QCOMPARE(text.text(), std::string("The ferry was built in 1927. [1] The lighthouse was built in 1856. [2]"));
        QCOMPARE(text.cited(), (std::vector<int>{1, 0}));
    }

    void sentencesAreRangesOfTheShownText()
    {
        const Attribution attribution(passages(), "x");
        AnswerText text(attribution, 3);
        text.add("渡轮每小时一班。The ferry was built in 1927.");
        text.finish(false);
        const QString shown = QString::fromStdString(text.text());
        QCOMPARE(text.sentences().size(), size_t(2));
        const AnswerSentence& second = text.sentences()[1];
        QCOMPARE(shown.mid(int(second.start), int(second.end - second.start)), QString("The ferry was built in 1927."));
        QCOMPARE(second.markers, std::vector<int>{1});
    }

    void anUnfinishedSentenceIsShownWhileItGrowsAndDroppedWhenItIsCut()
    {
        const Attribution attribution(passages(), "x");
        AnswerText text(attribution, 3);
        text.add("The ferry was built in 1927. The light");
        QCOMPARE(text.text(), std::string("The ferry was built in 1927. [1] The light"));
        QCOMPARE(text.sentences().size(), size_t(1));
        text.finish(true);
        QCOMPARE(text.text(), std::string("The ferry was built in 1927. [1]"));
    }
};

QTEST_APPLESS_MAIN(TestAnswerText)
#include "tst_answer_text.moc"
