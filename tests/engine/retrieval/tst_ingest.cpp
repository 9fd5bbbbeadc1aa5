// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/ingest.h"

#include "engine/core/error.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/collection_schema.h"
#include "engine/retrieval/searcher.h"
#include "fake_embedder.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <map>

using namespace sy::retrieval;
namespace fs = std::filesystem;

namespace {

/// Statuses by file name, of one run.
using Report = std::map<std::string, DocumentStatus>;

void writeFile(const fs::path& path, const std::string& text)
{
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

} // namespace

class TestIngest : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_root = fs::path(m_folder->path().toStdString());
        m_docs = m_root / "docs";
        m_file = m_root / "c.db";
        m_nRead = 0;
        m_embedder.nPassages = 0;
        writeFile(m_docs / "a.txt", "The harbour opens at seven. Ships wait outside.");
        writeFile(m_docs / "sub" / "b.md", "# Ferries\n\nThe ferry to Lindau leaves every hour.");
        writeFile(m_docs / "c.txt", "船在七点离港。渡轮每小时一班。");
    }

    void aFolderIsIndexedAndFound()
    {
        const Report report = run({m_docs});
        QCOMPARE(report.size(), size_t(3));
        QVERIFY(report.at("b.md") == DocumentStatus::indexed);
        QCOMPARE(found("ferry Lindau"), std::string("b.md"));
        QCOMPARE(found("渡轮"), std::string("c.txt"));
        const auto facts = Collection(m_file).facts();
        QCOMPARE(facts.nDocuments, int64_t(3));
        QCOMPARE(facts.nPending, int64_t(0));
        QCOMPARE(facts.embedder, std::string("fake"));
        QVERIFY(facts.sources.size() == 1 && facts.sources[0].isFolder && !facts.sources[0].isUnfinished);
        checkConsistency();
    }

    void spansPointIntoTheText()
    {
        run({m_docs});
        const auto outcome = Searcher(m_file).search("ships outside", SearchMode::hybrid, 1, &m_embedder);
        QCOMPARE(outcome.hits.size(), size_t(1));
        QCOMPARE(outcome.hits[0].start, int64_t(0));
        QCOMPARE(outcome.hits[0].end, int64_t(outcome.hits[0].text.size())); // ASCII: bytes are code points
        QCOMPARE(outcome.hits[0].page, 1);
    }

    void hiddenAndTemporaryFilesAndOtherFormatsAreLeftOut()
    {
        writeFile(m_docs / ".git" / "d.txt", "x");
        writeFile(m_docs / ".hidden.txt", "x");
        writeFile(m_docs / "~$e.txt", "x");
        writeFile(m_docs / "f.txt~", "x");
        writeFile(m_docs / "g.xyz", "x");
        fs::create_directory_symlink(m_docs, m_docs / "circle");
        writeFile(m_root / "outside.txt", "secret");
        fs::create_symlink(m_root / "outside.txt", m_docs / "link.txt");
        QCOMPARE(run({m_docs}).size(), size_t(3));
    }

    void addingAgainReadsNothing()
    {
        run({m_docs});
        QCOMPARE(m_nRead, 3);
        Report report = run({m_docs});
        QCOMPARE(m_nRead, 3);
        QVERIFY(report.at("a.txt") == DocumentStatus::unchanged);
        // Another time but the same contents: hashed, not read.
        fs::last_write_time(m_docs / "a.txt", fs::last_write_time(m_docs / "a.txt") + std::chrono::hours(1));
        report = run({m_docs});
        QCOMPARE(m_nRead, 3);
        QVERIFY(report.at("a.txt") == DocumentStatus::unchanged);
        QCOMPARE(Collection(m_file).facts().nPending, int64_t(0));
        m_settings.isForced = true;
        QVERIFY(run({m_docs}).at("a.txt") == DocumentStatus::indexed);
        QCOMPARE(m_nRead, 6);
        m_settings.isForced = false;
    }

    void aChangedFileReplacesWhatWasThere()
    {
        run({m_docs});
        writeFile(m_docs / "a.txt", "The library closes at nine in the evening.");
        QVERIFY(run({m_docs}).at("a.txt") == DocumentStatus::indexed);
        QCOMPARE(found("library evening"), std::string("a.txt"));
        QVERIFY(found("harbour ships", SearchMode::lexical).empty());
        checkConsistency();
    }

    void afterAnEditOnlyWhatChangedIsEmbedded()
    {
        std::string text;
        for (int i = 0; i < 60; ++i)
            text += "# Part " + std::to_string(i) + "\n\nNumber " + std::to_string(i) + " has its own words.\n\n";
        writeFile(m_docs / "long.md", text);
        run({m_docs / "long.md"});
        const int nBefore = m_embedder.nPassages;
        QVERIFY(nBefore >= 60);
        text.replace(text.find("Number 30 has"), 13, "Number 30 had");
        writeFile(m_docs / "long.md", text);
        run({m_docs / "long.md"});
        QCOMPARE(m_embedder.nPassages - nBefore, 1);
        checkConsistency();
    }

    void aDeletedFileIsForgotten()
    {
        run({m_docs});
        fs::remove(m_docs / "c.txt");
        run({m_docs});
        QVERIFY(!Collection(m_file).find((m_docs / "c.txt").string()));
        QVERIFY(found("渡轮", SearchMode::lexical).empty());
        checkConsistency();
    }

    void removingTakesEverythingAlong()
    {
        run({m_docs});
        Searcher searcher(m_file);
        QCOMPARE(searcher.search("ferry", SearchMode::dense, 10, &m_embedder).hits.size(), size_t(3));
        QCOMPARE(Collection(m_file).remove((m_docs / "sub" / "b.md").string()), int64_t(1));
        QCOMPARE(searcher.search("ferry", SearchMode::dense, 10, &m_embedder).hits.size(), size_t(2)); // the open one keeps up
        QCOMPARE(Collection(m_file).remove(m_docs.string()), int64_t(2));
        QCOMPARE(Collection(m_file).facts().nDocuments, int64_t(0));
        QVERIFY(Collection(m_file).facts().sources.empty());
        checkConsistency();
    }

    void badFilesGetAStatusAndTheRestGoesOn()
    {
        m_outcomes["a.txt"] = sy::documents::Outcome::Error;
        m_outcomes["b.md"] = sy::documents::Outcome::Password;
        writeFile(m_docs / "scan.txt", "x");
        m_outcomes["scan.txt"] = sy::documents::Outcome::NoText;
        Report report = run({m_docs, m_root / "missing.txt", m_root / "c.db"});
        QVERIFY(report.at("a.txt") == DocumentStatus::failed);
        QVERIFY(report.at("b.md") == DocumentStatus::needsPassword);
        QVERIFY(report.at("scan.txt") == DocumentStatus::needsOcr);
        QVERIFY(report.at("c.txt") == DocumentStatus::indexed);
        QVERIFY(report.at("missing.txt") == DocumentStatus::failed);
        QVERIFY(report.at("c.db") == DocumentStatus::skipped);
        QVERIFY(!Collection(m_file).find((m_docs / "a.txt").string())->message.empty());
        QCOMPARE(Collection(m_file).facts().nFailed, int64_t(3));
        // A password given later is tried, although the file is the same.
        m_outcomes.clear();
        m_settings.passwords[(m_docs / "sub" / "b.md").string()] = "geheim";
        report = run({m_docs});
        QVERIFY(report.at("b.md") == DocumentStatus::indexed);
        QCOMPARE(m_lastPassword, std::string("geheim"));
        // It is not stored. Reading everything anew without it keeps what it has opened, as long as that is the file.
        m_settings.passwords.clear();
        m_outcomes["b.md"] = sy::documents::Outcome::Password;
        const auto chunksOfIt = [this] { return Collection(m_file).find((m_docs / "sub" / "b.md").string())->nChunks; };
        const int64_t nChunks = chunksOfIt();
        QVERIFY(nChunks > 0);
        m_settings.isForced = true;
        report = run({m_docs});
        QVERIFY(report.at("b.md") == DocumentStatus::unchanged);
        QCOMPARE(chunksOfIt(), nChunks);
        checkConsistency();
        writeFile(m_docs / "sub" / "b.md", "other words");
        report = run({m_docs});
        QVERIFY(report.at("b.md") == DocumentStatus::needsPassword);
    }

    void recordsAreDocumentsOfTheirOwn()
    {
        const fs::path records = m_root / "r.jsonl";
        writeFile(records, "{\"id\": \"x1\", \"title\": \"Glaciers\", \"text\": \"Ice moves slowly.\"}\n\nnot json\n"
                           "{\"id\": 7, \"text\": \"The number seven.\"}\n{\"title\": \"no id\"}\n");
        m_settings.areRecords = true;
        Report report = run({records});
        QVERIFY(report.at("x1") == DocumentStatus::indexed);
        QVERIFY(report.at("7") == DocumentStatus::indexed);
        QVERIFY(report.at("r.jsonl:3") == DocumentStatus::failed);
        QVERIFY(report.at("r.jsonl:5") == DocumentStatus::failed);
        QCOMPARE(found("glaciers"), std::string("x1")); // by its title
        writeFile(records, "{\"id\": \"x1\", \"title\": \"Glaciers\", \"text\": \"Ice moves fast.\"}\n");
        report = run({records});
        QCOMPARE(report.size(), size_t(1));
        QVERIFY(!Collection(m_file).find("7"));
        QVERIFY(run({records}).at("x1") == DocumentStatus::unchanged);
        checkConsistency();
    }

    void stoppingKeepsWhatIsDoneAndResumingDoesTheRest()
    {
        for (int i = 0; i < 300; ++i)
            writeFile(m_docs / ("n" + std::to_string(i) + ".txt"), "Document number " + std::to_string(i) + " about topic" + std::to_string(i));
        std::stop_source stop;
        m_embedder.onPassages = [&] {
            if (m_embedder.nPassages > 100)
                stop.request_stop();
        };
        QVERIFY_THROWS_EXCEPTION(sy::Cancelled, run({m_docs}, stop.get_token()));
        m_embedder.onPassages = {};
        auto facts = Collection(m_file).facts();
        QVERIFY(facts.nPending > 0 && facts.nPending < 303);
        QVERIFY(facts.sources[0].isUnfinished);
        const int nReadBefore = m_nRead;
        const int64_t nDone = facts.nDocuments - facts.nPending;
        resumeIngest(m_file, m_settings, reader());
        QCOMPARE(int64_t(m_nRead - nReadBefore), 303 - nDone); // nothing twice
        facts = Collection(m_file).facts();
        QCOMPARE(facts.nPending, int64_t(0));
        QCOMPARE(facts.nDocuments, int64_t(303));
        QVERIFY(!facts.sources[0].isUnfinished);
        checkConsistency();
        const int nEnd = m_nRead;
        QCOMPARE(resumeIngest(m_file, m_settings, reader()).nDocuments, int64_t(0));
        QCOMPARE(m_nRead, nEnd);
    }

    void anotherEmbedderReplacesAllVectors()
    {
        run({m_docs});
        sy::test::FakeEmbedder other("other", 48);
        m_settings.embedder = &other;
        run({m_docs / "a.txt"});
        QCOMPARE(other.nPassages.load(), 3);
        QCOMPARE(Collection(m_file).facts().embedder, std::string("other"));
        Searcher searcher(m_file);
        QCOMPARE(searcher.search("ferry", SearchMode::dense, 10, &other).hits.size(), size_t(3));
        // The old one no longer fits: words alone decide, and the outcome says so.
        QVERIFY(searcher.search("ferry", SearchMode::hybrid, 10, &m_embedder).mode == SearchMode::lexical);
        checkConsistency();
    }

    void withoutAnEmbedderWordsAreEnough()
    {
        m_settings.embedder = nullptr;
        run({m_docs});
        QCOMPARE(found("ferry Lindau"), std::string("b.md"));
        QVERIFY(Collection(m_file).facts().embedder.empty());
    }

    void progressEndsWithEverythingDone()
    {
        IngestProgress last;
        m_events.onProgress = [&](const IngestProgress& progress) { last = progress; };
        run({m_docs, m_root / "missing.txt"});
        QCOMPARE(last.nTotal, int64_t(4));
        QCOMPARE(last.nDone, int64_t(4));
        QCOMPARE(last.nFailed, int64_t(1));
        QVERIFY(last.nChunksDone >= 3 && last.chunksPerSecond > 0);
        QVERIFY(!last.currentFile.empty());
    }

private:
    ReadDocument reader()
    {
        return [this](const std::string& path, const std::string& password, std::stop_token) {
            ++m_nRead;
            if (!password.empty())
                m_lastPassword = password;
            const auto outcome = m_outcomes.find(fs::path(path).filename().string());
            if (outcome != m_outcomes.end()) {
                sy::documents::Document bad;
                bad.outcome = outcome->second;
                bad.message = "Something is wrong. Do something.";
                return bad;
            }
            return sy::documents::readDocument(path, password);
        };
    }

    Report run(const std::vector<fs::path>& paths, std::stop_token stop = {})
    {
        Report report;
        IngestEvents events = m_events;
        events.onDocument = [&](const DocumentRow& row) { report[fs::path(row.path).filename().string()] = row.status; };
        ingest(m_file, paths, m_settings, reader(), events, stop);
        return report;
    }

    std::string found(const std::string& query, SearchMode mode = SearchMode::hybrid)
    {
        const auto hits = Searcher(m_file).search(query, mode, 1, m_settings.embedder).hits;
        return hits.empty() ? std::string() : fs::path(hits[0].path).filename().string();
    }

    void checkConsistency()
    {
        auto db = openCollectionDatabase(m_file);
        db.execute("INSERT INTO chunk_terms(chunk_terms) VALUES('integrity-check')");
        sy::store::Statement counts(db, "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM embeddings), (SELECT sum(nChunks) FROM documents)");
        QVERIFY(counts.step());
        QCOMPARE(counts.integer(0), counts.integer(1));
        QCOMPARE(counts.integer(0), counts.integer(2));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_root, m_docs, m_file;
    sy::test::FakeEmbedder m_embedder;
    IngestSettings m_settings{.embedder = &m_embedder};
    IngestEvents m_events;
    std::map<std::string, sy::documents::Outcome> m_outcomes;
    std::atomic<int> m_nRead = 0;
    std::string m_lastPassword;

private slots:
    void cleanup()
    {
        m_settings = {.embedder = &m_embedder};
        m_events = {};
        m_outcomes.clear();
    }
};

QTEST_APPLESS_MAIN(TestIngest)
#include "tst_ingest.moc"
