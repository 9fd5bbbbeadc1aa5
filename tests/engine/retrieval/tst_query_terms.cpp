// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/query_terms.h"

#include <QTest>

using namespace sy::retrieval;

class TestQueryTerms : public QObject {
    Q_OBJECT

private slots:
    void wordsThatEveryQuestionHasAreDropped_data()
    {
        QTest::addColumn<QString>("question");
        QTest::addColumn<QString>("terms");
        QTest::newRow("English") << "What is the capital of France?" << "capit|franc";
        QTest::newRow("case does not matter") << "WHO wrote IT" << "wrote";
        QTest::newRow("nothing else left") << "who is it?" << "who|is|it";
        QTest::newRow("Chinese") << "大莱龙铁路位于哪里？" << "大莱|大|莱龙|莱|龙铁|龙|铁路|铁|路位|路|位于|位|于";
        QTest::newRow("no pair across a dropped word") << "猫的狗" << "猫|狗";
        QTest::newRow("the longer word goes first") << "为什么天空蓝" << "天空|天|空蓝|空|蓝";
        QTest::newRow("Traditional") << "誰寫的書？" << "寫|書";
        QTest::newRow("repeated once") << "tests testing test" << "test";
        QTest::newRow("mixed") << "GPU 是什么？" << "gpu";
    }

    void wordsThatEveryQuestionHasAreDropped()
    {
        QFETCH(QString, question);
        QStringList terms;
        for (const QueryTerm& term : queryTerms(question.toStdString()))
            terms << QString::fromStdString(term.term);
        QTEST(terms.join(u'|'), "terms");
    }

    void theSurfaceIsWhatWasWritten()
    {
        const auto terms = queryTerms("Generalizations");
        QCOMPARE(terms.size(), size_t(1));
        QCOMPARE(terms[0].surface, std::string("Generalizations"));
        QVERIFY(terms[0].term != terms[0].surface);
    }
};

QTEST_APPLESS_MAIN(TestQueryTerms)
#include "tst_query_terms.moc"
