// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/stop_strings.h"

#include <QtTest>

#include <random>

using namespace sy::generate;

class TestStopStrings : public QObject {
    Q_OBJECT

private slots:
    void textEndsBeforeTheFirstStop_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("stops");
        QTest::newRow("none given") << "anything at all" << QStringList();
        QTest::newRow("empty ones mean nothing") << "anything" << QStringList{""};
        QTest::newRow("in the middle") << "one STOP two" << QStringList{"STOP"};
        QTest::newRow("at the beginning") << "STOP two" << QStringList{"STOP"};
        QTest::newRow("at the end") << "two STOP" << QStringList{"STOP"};
        QTest::newRow("begun but not finished") << "two STO" << QStringList{"STOP"};
        QTest::newRow("begun, broken off, begun again") << "aabaabaac" << QStringList{"aabaac"};
        QTest::newRow("the first of two") << "a<end>b###c" << QStringList{"###", "<end>"};
        QTest::newRow("one within another") << "xabcdx" << QStringList{"abcd", "bc"};
        QTest::newRow("Chinese") << QStringLiteral("答案是四。问题:下一个") << QStringList{QStringLiteral("问题:")};
        QTest::newRow("line breaks") << "line\n\nUser: more" << QStringList{"\nUser:", "\n\n\n"};
        QTest::newRow("one character") << "3.14" << QStringList{"."};
    }

    void textEndsBeforeTheFirstStop()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, stops);
        const std::string whole = text.toStdString();
        std::vector<std::string> strings;
        size_t end = std::string::npos, complete = std::string::npos;
        for (const QString& stop : stops) {
            strings.push_back(stop.toStdString());
            const size_t at = stop.isEmpty() ? std::string::npos : whole.find(strings.back());
            if (at != std::string::npos && at + strings.back().size() < complete) {
                end = at;
                complete = at + strings.back().size();
            }
        }
        std::mt19937 random(1);
        for (size_t piece = 0; piece <= whole.size(); ++piece) { // 0: pieces of random sizes
            StopStrings stream(strings);
            std::string shown;
            for (size_t at = 0; at < whole.size();) {
                const size_t n = piece ? piece : 1 + random() % 4;
                shown += stream.push(std::string_view(whole).substr(at, n));
                at += n;
                QVERIFY(whole.compare(0, shown.size(), shown) == 0);
                QVERIFY(shown.size() <= std::min(end, whole.size()));
            }
            QCOMPARE(stream.isFound(), end != std::string::npos);
            shown += stream.finish();
            QCOMPARE(QString::fromStdString(shown), QString::fromStdString(whole.substr(0, end)));
        }
    }

    void textThatCannotBecomeAStopIsShownAtOnce()
    {
        StopStrings stream({"###", "User:"});
        QCOMPARE(stream.push("Hello "), std::string("Hello "));
        QCOMPARE(stream.push("Us"), std::string());
        QCOMPARE(stream.push("ual"), std::string("Usual"));
        QCOMPARE(stream.push("#"), std::string());
        QCOMPARE(stream.push(" one"), std::string("# one"));
        QCOMPARE(stream.push("##"), std::string());
        QCOMPARE(stream.finish(), std::string("##"));
        QVERIFY(!stream.isFound());
    }

    void nothingComesAfterAStop()
    {
        StopStrings stream({"x"});
        QCOMPARE(stream.push("axb"), std::string("a"));
        QCOMPARE(stream.push("more"), std::string());
        QCOMPARE(stream.finish(), std::string());
    }
};

QTEST_APPLESS_MAIN(TestStopStrings)
#include "tst_stop_strings.moc"
