// SPDX-License-Identifier: GPL-3.0-or-later
// Words and vectors together, with the starter embedder on public collections; both lie outside the repository. (What is refused
// is measured by tests/bench/bench_answers.) Without SWITCHYARD_TEST_FULL=1 a part of one collection; with it all of them, some half an hour.
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/model_embedder.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/collection.h"
#include "engine/retrieval/ingest.h"
#include "engine/retrieval/searcher.h"
#include "tests/engine/retrieval/retrieval_score.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>


using namespace sy::retrieval;
namespace fs = std::filesystem;

class TestHybridBenchmark : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        const fs::path model = sy::test::testModelPath("multilingual-e5-small-q4_0.gguf");
        if (model.empty() || !fs::exists(bench("xquad-en")))
            QSKIP("the starter embedder (SWITCHYARD_TEST_MODELS) or the retrieval collections (shared/fixtures/rag/bench) are not here");
        m_isFull = qEnvironmentVariableIntValue("SWITCHYARD_TEST_FULL") == 1;
        m_engine = std::make_unique<sy::api::Engine>(sy::api::EngineOptions{.dataDir = m_folder.filePath("data").toStdString()});
        m_engine->library().import(model, false);
        m_embedder = std::make_unique<sy::api::ModelEmbedder>(m_engine->models().load(model));
    }

    void hybridReachesItsGoal_data()
    {
        QTest::addColumn<QString>("questions");
        QTest::addColumn<double>("goal");
        QTest::newRow("xquad-en") << "xquad-en" << .975;
        if (qEnvironmentVariableIntValue("SWITCHYARD_TEST_FULL") != 1)
            return;
        QTest::newRow("xquad-zh") << "xquad-zh" << .975;
        QTest::newRow("xquad-en, asked in Chinese") << "xquad-zh" << .79;
        QTest::newRow("xquad-zh, asked in English") << "xquad-en" << .80;
        QTest::newRow("python-faq") << "python-faq" << .850;
        QTest::newRow("cmrc2018-dev") << "cmrc2018-dev" << .988;
        QTest::newRow("cranfield") << "cranfield" << .380;
        QTest::newRow("drcd-test") << "drcd-test" << .973;
        QTest::newRow("stard-mini") << "stard-mini" << .535;
        QTest::newRow("pubmedqa") << "pubmedqa" << .985;
    }

    void hybridReachesItsGoal()
    {
        QFETCH(QString, questions);
        QFETCH(double, goal);
        const std::string corpus = QString(QTest::currentDataTag()).section(',', 0, 0).toStdString();
        Searcher searcher(indexed(corpus));
        sy::test::Benchmark benchmark = sy::test::readBenchmark(bench(questions.toStdString()));
        if (!m_isFull)
            keepIndexed(benchmark, corpus);
        double scores[3];
        for (const SearchMode mode : {SearchMode::lexical, SearchMode::dense, SearchMode::hybrid})
            scores[int(mode)] = sy::test::meanNdcg10(benchmark, [&](const std::string& question) {
                std::vector<std::string> documents;
                for (const SearchHit& hit : searcher.search(question, mode, 10, m_embedder.get()).hits)
                    documents.push_back(hit.path);
                return documents;
            });
        qInfo("%s: nDCG@10 words %.4f, vectors %.4f, both %.4f (goal %.3f)", QTest::currentDataTag(), scores[0], scores[1], scores[2], goal);
        QVERIFY(scores[2] >= goal);
        QVERIFY(scores[2] >= std::max(scores[0], scores[1]));
    }

private:
    static fs::path bench(const std::string& collection) { return sy::test::fixturePath(fs::path("rag") / "bench" / collection); }

    fs::path indexed(const std::string& corpus)
    {
        const fs::path folder(m_folder.path().toStdString());
        const fs::path file = folder / (corpus + ".db");
        if (!fs::exists(file)) {
            const fs::path records = folder / (corpus + ".jsonl");
            std::ifstream in(bench(corpus) / "corpus.jsonl");
            std::ofstream out(records);
            int n = 0;
            for (std::string line; std::getline(in, line) && (m_isFull || n < kPart); ++n)
                out << line << "\n";
            out.close();
            const fs::path paths[] = {records};
            ingest(file, paths, {.areRecords = true, .embedder = m_embedder.get()},
                   [](const std::string& path, const std::string& password, std::stop_token) { return sy::documents::readDocument(path, password); });
        }
        return file;
    }

    void keepIndexed(sy::test::Benchmark& benchmark, const std::string& corpus)
    {
        Collection collection(indexed(corpus));
        std::erase_if(benchmark.questions, [&](const auto& question) {
            const auto& judged = benchmark.relevance[question.first];
            return std::none_of(judged.begin(), judged.end(), [&](const auto& entry) { return collection.find(entry.first).has_value(); });
        });
    }

    static constexpr int kPart = 40; // documents
    QTemporaryDir m_folder;
    std::unique_ptr<sy::api::Engine> m_engine;
    std::unique_ptr<sy::api::ModelEmbedder> m_embedder;
    bool m_isFull = false;
};

QTEST_APPLESS_MAIN(TestHybridBenchmark)
#include "tst_hybrid_benchmark.moc"
