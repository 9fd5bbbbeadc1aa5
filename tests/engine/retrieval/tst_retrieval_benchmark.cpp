// SPDX-License-Identifier: GPL-3.0-or-later
// Quality on public collections, which lie outside the repository. Words alone are measured on all of them; words and vectors
// together by tests/engine/api/tst_hybrid_benchmark, which has a model.
#include "engine/documents/format_table.h"
#include "engine/retrieval/ingest.h"
#include "engine/retrieval/searcher.h"
#include "retrieval_score.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sy::retrieval;
namespace fs = std::filesystem;

class TestRetrievalBenchmark : public QObject {
    Q_OBJECT

private slots:
    void wordsReachTheReference_data()
    {
        // nDCG@10 of BM25 over characters, pairs and stemmed words: the last column of the collection's own table.
        QTest::addColumn<double>("reference");
        QTest::newRow("cranfield") << .3630;
        QTest::newRow("pubmedqa") << .9766;
        QTest::newRow("python-faq") << .7377;
        QTest::newRow("xquad-en") << .9656;
        QTest::newRow("xquad-zh") << .9604;
        QTest::newRow("cmrc2018-dev") << .9850;
        QTest::newRow("drcd-test") << .9732;
        QTest::newRow("stard-mini") << .4939;
    }

    void wordsReachTheReference()
    {
        const fs::path bench = sy::test::fixturePath(fs::path("rag") / "bench" / QTest::currentDataTag());
        if (!fs::exists(bench / "corpus.jsonl"))
            QSKIP("the retrieval collections are not here (shared/fixtures/rag/bench)");
        QTemporaryDir folder;
        const fs::path file = fs::path(folder.path().toStdString()) / "c.db";
        const fs::path paths[] = {bench / "corpus.jsonl"};
        const auto read = [](const std::string& path, const std::string& password, std::stop_token) { return sy::documents::readDocument(path, password); };
        ingest(file, paths, {.areRecords = true}, read);
        Searcher searcher(file);
        const sy::test::Benchmark benchmark = sy::test::readBenchmark(bench);
        const double score = sy::test::meanNdcg10(benchmark, [&](const std::string& question) {
            std::vector<std::string> documents;
            for (const SearchHit& hit : searcher.search(question, SearchMode::lexical, 10, nullptr).hits)
                documents.push_back(hit.path);
            return documents;
        });
        QFETCH(double, reference);
        qInfo("%s: nDCG@10 %.4f, reference %.4f", QTest::currentDataTag(), score, reference);
        QVERIFY(score >= reference - .005);
    }
};

QTEST_APPLESS_MAIN(TestRetrievalBenchmark)
#include "tst_retrieval_benchmark.moc"
