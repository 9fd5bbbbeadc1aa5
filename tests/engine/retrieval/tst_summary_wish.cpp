// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/summary_wish.h"

#include <QTest>

using namespace sy::retrieval;

class TestSummaryWish : public QObject {
    Q_OBJECT

private slots:
    void wishesAreSeenWithWhatTheyAreAbout_data()
    {
        QTest::addColumn<QString>("request");
        QTest::addColumn<QString>("about");
        QTest::newRow("this") << "Summarize this document." << "";
        QTest::newRow("please") << "Could you please give me a short summary of the uploaded PDF in three sentences?" << "";
        QTest::newRow("all") << "Give me an overview of all these files" << "";
        QTest::newRow("British") << "summarise the whole text" << "";
        QTest::newRow("tl;dr") << "TL;DR" << "";
        QTest::newRow("main points") << "What are the main points?" << "";
        QTest::newRow("about") << "What is this document about?" << "";
        QTest::newRow("named") << "Summarize the Ferry Handbook" << "Ferry Handbook";
        QTest::newRow("named, about") << "What is the observatory report about?" << "observatory report";
        QTest::newRow("topic") << "Give me a summary of the safety rules" << "safety rules";
        QTest::newRow("Chinese, this") << "请总结一下这份文件" << "";
        QTest::newRow("Chinese, tells") << "这篇文章讲了什么？" << "";
        QTest::newRow("Chinese, sentences") << "用三句话概括全文的主要内容。" << "";
        QTest::newRow("Chinese, named") << "请概括《水泵手册》的要点" << "水泵手册";
        QTest::newRow("traditional") << "請總結這份文檔" << "";
    }

    void wishesAreSeenWithWhatTheyAreAbout()
    {
        QFETCH(QString, request);
        QFETCH(QString, about);
        const auto wish = summaryWish(request.toStdString());
        QVERIFY(wish.has_value());
        if (request.contains(QString::fromUtf8("水泵")))
            QCOMPARE(QString::fromStdString(withoutDocumentWords(wish->about)), QString::fromUtf8("水泵")); // "手册" is any document's
        QCOMPARE(QString::fromStdString(wish->about), about);
    }

    void questionsAreNoWishes_data()
    {
        QTest::addColumn<QString>("question");
        QTest::newRow("fact") << "When was the ferry built?";
        QTest::newRow("about in the middle") << "What does the contract say about notice periods?";
        QTest::newRow("point") << "At which point does the valve open?";
        QTest::newRow("Chinese fact") << "水泵的最大流量是多少？";
        QTest::newRow("Chinese, says what") << "谁总管仓库？";
        QTest::newRow("empty") << "";
    }

    void questionsAreNoWishes()
    {
        QFETCH(QString, question);
        QVERIFY(!summaryWish(question.toStdString()));
    }
};

QTEST_APPLESS_MAIN(TestSummaryWish)
#include "tst_summary_wish.moc"
