// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/chunker.h"

#include <QtTest>

using namespace sy::documents;

class SentencesTest : public QObject {
    Q_OBJECT
private slots:
    void textIsCutWhereSentencesEnd_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("sentences");
        QTest::newRow("plain") << "It rained. Nobody came! Why?" << QStringList{"It rained.", "Nobody came!", "Why?"};
        QTest::newRow("abbreviations") << "Dr. Lind met Mr. K. Brandt, e.g. in Fig. 3 of vol. 2. They left."
                                       << QStringList{"Dr. Lind met Mr. K. Brandt, e.g. in Fig. 3 of vol. 2.", "They left."};
        QTest::newRow("decimals") << "It took 3.5 s, i.e. 12.25 % more. Then it stopped."
                                  << QStringList{"It took 3.5 s, i.e. 12.25 % more.", "Then it stopped."};
        QTest::newRow("lower case goes on")
            << "See www.example.org. for more... and more." << QStringList{"See www.example.org. for more... and more."};
        QTest::newRow("numbered item") << "3. Close the valve. 4 turns suffice."
                                       << QStringList{"3. Close the valve.", "4 turns suffice."};
        QTest::newRow("quotation") << "He said: \"Stop.\" She did (at once.) Good."
                                   << QStringList{"He said: \"Stop.\"", "She did (at once.)", "Good."};
        QTest::newRow("chinese") << "水泵停机。请报告！为什么？因为压力低；温度高。"
                                 << QStringList{"水泵停机。", "请报告！", "为什么？", "因为压力低；", "温度高。"};
        QTest::newRow("chinese quotation")
            << "站长说：“停机。”大家都走了。" << QStringList{"站长说：“停机。”", "大家都走了。"};
        QTest::newRow("empty line") << "A title\n\nThe text goes\non here"
                                    << QStringList{"A title", "The text goes\non here"};
        QTest::newRow("nothing") << " \n\t " << QStringList{};
        QTest::newRow("dots only") << "..." << QStringList{"..."};
    }
    void textIsCutWhereSentencesEnd()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, sentences);
        const std::string utf8 = text.toStdString();
        QStringList got;
        for (const SentenceSpan& span : splitSentences(utf8))
            got << QString::fromStdString(utf8.substr(span.start, span.end - span.start));
        QCOMPARE(got, sentences);
    }

    void sentencesCoverEverythingVisible()
    {
        const std::string text = "One.  Two!\n\n三。四 five? \"Six.\" seven";
        std::string covered;
        size_t last = 0;
        for (const SentenceSpan& span : splitSentences(text)) {
            QVERIFY(span.start >= last && span.end > span.start);
            last = span.end;
            covered += text.substr(span.start, span.end - span.start);
        }
        auto bare = [](std::string s) {
            std::erase_if(s, [](char c) { return c == ' ' || c == '\n'; });
            return s;
        };
        QCOMPARE(bare(covered), bare(text));
    }
};

QTEST_GUILESS_MAIN(SentencesTest)
#include "tst_sentences.moc"
