// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/searcher.h"

#include "engine/documents/format_table.h"
#include "engine/retrieval/collection_schema.h"
#include "engine/retrieval/ingest.h"
#include "fake_embedder.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <random>

using namespace sy::retrieval;
namespace fs = std::filesystem;

class TestSearch : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_file = fs::path(m_folder->path().toStdString()) / "c.db";
    }

    void vectorsAreSearchedExactly()
    {
        // Random vectors written as an ingestion writes them, compared with products in double.
        constexpr int kDim = 50, kCount = 400; // no multiple of the sixteen lanes
        std::mt19937 random(3);
        std::normal_distribution<float> normal;
        std::vector<std::vector<float>> vectors;
        auto writer = openCollectionDatabase(m_file);
        setFact(writer, kEmbedderFact, "e");
        setFact(writer, kDimensionsFact, std::to_string(kDim));
        writer.execute("INSERT INTO sources(path, isFolder, isRecursive, areRecords) VALUES('s', 0, 0, 0);"
                       "INSERT INTO documents(source, path, bytes, modified, status) VALUES(1, 'd', 0, 0, 'indexed')");
        const auto add = [&] {
            sy::store::Statement(writer, "INSERT INTO chunks(document, page, endPage, start, end, pageBreak, nOverlap, section, header, text) "
                                         "VALUES(1, 1, 1, 0, 1, -1, 0, '', '', 'x')").run();
            std::vector<float> v(kDim);
            for (float& x : v)
                x = normal(random);
            sy::store::Statement(writer, "INSERT INTO embeddings VALUES(?, ?)").run(writer.lastInsertId(), std::as_bytes(std::span(v)));
            vectors.push_back(v);
        };
        for (int i = 0; i < kCount; ++i)
            add();
        auto reader = openCollectionDatabase(m_file);
        VectorIndex index;
        const auto check = [&](const std::vector<bool>& isGone) {
            index.synchronize(reader);
            std::vector<float> query(kDim);
            for (float& x : query)
                x = normal(random);
            std::vector<std::pair<double, int64_t>> expected;
            for (size_t i = 0; i < vectors.size(); ++i) {
                double sum = 0;
                for (int k = 0; k < kDim; ++k)
                    sum += double(query[size_t(k)]) * vectors[i][size_t(k)];
                if (!isGone[i])
                    expected.push_back({-sum, int64_t(i) + 1});
            }
            std::sort(expected.begin(), expected.end());
            const auto hits = index.search(query, 10);
            QCOMPARE(hits.size(), size_t(10));
            for (size_t i = 0; i < hits.size(); ++i) {
                QCOMPARE(hits[i].chunk, expected[i].second);
                QVERIFY(std::abs(hits[i].score + expected[i].first) < 1e-4);
            }
        };
        std::vector<bool> isGone(kCount, false);
        check(isGone);
        // What another connection adds and deletes is followed.
        for (int i = 0; i < 20; ++i)
            add();
        isGone.resize(vectors.size(), false);
        for (const int64_t id : {1, 7, 399, 400, 420}) {
            sy::store::Statement(writer, "DELETE FROM chunks WHERE id = ?").run(id);
            isGone[size_t(id - 1)] = true;
        }
        check(isGone);
        QCOMPARE(index.size(), vectors.size() - 5);
        QVERIFY(index.vectorOf(7).empty());
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, index.search(std::vector<float>(3), 1));
    }

    void resultsSayWhyTheyAreThere()
    {
        addRecords({{"a", "the red lighthouse on the cliff"}, {"b", "a red bicycle"}, {"c", "cooking rice with saffron"}});
        Searcher searcher(m_file);
        const auto outcome = searcher.search("red lighthouse", SearchMode::hybrid, 10, &m_embedder);
        QCOMPARE(outcome.hits.size(), size_t(3));
        QCOMPARE(outcome.hits[0].path, std::string("a"));
        QCOMPARE(outcome.hits[0].ranks.lexicalRank, 1);
        QCOMPARE(outcome.hits[0].ranks.denseRank, 1);
        QCOMPARE(outcome.hits[0].coverage, 1.0);
        QCOMPARE(outcome.hits[2].path, std::string("c"));
        QCOMPARE(outcome.hits[2].ranks.lexicalRank, 0);
        QVERIFY(outcome.hits[0].ranks.score > outcome.hits[1].ranks.score);
        QVERIFY(outcome.bestCosine > outcome.meanCosine);
    }

    void aRecordAppearsOnceAndAFileThreeTimes()
    {
        std::string text;
        for (int i = 0; i < 8; ++i)
            text += "# Part " + std::to_string(i) + "\n\nAbout volcanoes and lava, part " + std::to_string(i) + ".\n\n";
        const fs::path file = m_file.parent_path() / "v.md", other = m_file.parent_path() / "w.md";
        std::ofstream(file) << text;
        std::ofstream(other) << "# W\n\nOne remark on volcanoes.\n";
        const fs::path paths[] = {file, other};
        ingest(m_file, paths, {.embedder = &m_embedder}, readPlain);
        Searcher searcher(m_file);
        const auto hits = searcher.search("volcanoes lava", SearchMode::hybrid, 4, &m_embedder).hits;
        QCOMPARE(hits.size(), size_t(4));
        QCOMPARE(std::count_if(hits.begin(), hits.end(), [](const SearchHit& hit) { return hit.path.ends_with("v.md"); }), 3);
        // With nothing else to show the places are filled.
        QCOMPARE(searcher.search("volcanoes lava", SearchMode::hybrid, 8, &m_embedder).hits.size(), size_t(8));
        QVERIFY(searcher.neighbour(hits[0], 1) || searcher.neighbour(hits[0], -1));

        std::string longText;
        for (int i = 0; i < 120; ++i)
            longText += "Sentence " + std::to_string(i) + " is about glaciers and ice in the mountains. ";
        addRecords({{"r1", longText}, {"r2", "glaciers"}});
        const auto records = searcher.search("glaciers ice", SearchMode::hybrid, 3, &m_embedder).hits;
        QCOMPARE(std::count_if(records.begin(), records.end(), [](const SearchHit& hit) { return hit.path == "r1"; }), 1);
    }

    void userTextIsNoSyntax_data()
    {
        QTest::addColumn<QString>("query");
        for (const char* query : {"\"", "a\" OR \"b", "NEAR(", "header: x", "-", "*", "^x", "(((", "AND OR NOT", "", "   ", "？", "\x01\x02"})
            QTest::newRow(query) << query;
    }

    void userTextIsNoSyntax()
    {
        addRecords({{"a", "plain text"}});
        QFETCH(QString, query);
        Searcher(m_file).search(query.toStdString(), SearchMode::lexical, 5, nullptr);
        Searcher(m_file).search(query.toStdString(), SearchMode::hybrid, 5, &m_embedder);
    }

    void anEmptyCollectionHasNoResults()
    {
        Searcher searcher(m_file);
        QVERIFY(searcher.search("anything", SearchMode::hybrid, 5, &m_embedder).hits.empty());
        QVERIFY(searcher.search("anything", SearchMode::dense, 5, nullptr).hits.empty());
    }

private:
    static sy::documents::Document readPlain(const std::string& path, const std::string& password, std::stop_token)
    {
        return sy::documents::readDocument(path, password);
    }

    void addRecords(const std::vector<std::pair<std::string, std::string>>& records)
    {
        const fs::path path = m_file.parent_path() / "records.jsonl";
        std::ofstream out(path);
        for (const auto& [id, text] : records)
            out << "{\"id\": \"" << id << "\", \"text\": \"" << text << "\"}\n";
        out.close();
        const fs::path paths[] = {path};
        ingest(m_file, paths, {.areRecords = true, .embedder = &m_embedder}, readPlain);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_file;
    sy::test::FakeEmbedder m_embedder;
};

QTEST_APPLESS_MAIN(TestSearch)
#include "tst_search.moc"
