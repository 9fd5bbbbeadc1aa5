// SPDX-License-Identifier: GPL-3.0-or-later
// A child process (this program with other arguments) indexes a folder over and over while the parent kills it at random moments.
#include "engine/documents/format_table.h"
#include "engine/retrieval/collection_schema.h"
#include "engine/retrieval/ingest.h"
#include "engine/retrieval/searcher.h"
#include "fake_embedder.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

using namespace sy::retrieval;
namespace fs = std::filesystem;

namespace {

constexpr int kRounds = 50;
constexpr int kFiles = 120;

sy::documents::Document readPlain(const std::string& path, const std::string& password, std::stop_token)
{
    return sy::documents::readDocument(path, password);
}

void ingestOnce(const fs::path& file, const fs::path& folder, bool isSlow)
{
    sy::test::FakeEmbedder embedder;
    if (isSlow)
        embedder.onPassages = [] { std::this_thread::sleep_for(std::chrono::milliseconds(3)); };
    const fs::path paths[] = {folder};
    ingest(file, paths, {.embedder = &embedder}, readPlain);
}

} // namespace

class TestIngestCrash : public QObject {
    Q_OBJECT

private slots:
    void aKilledIngestionLeavesAConsistentIndexThatContinues()
    {
        QTemporaryDir folder;
        const fs::path root(folder.path().toStdString());
        const fs::path docs = root / "docs", file = root / "c.db";
        fs::create_directories(docs);
        std::mt19937 random(7);
        const auto touch = [&](int i, int round) {
            std::string text = "# Title " + std::to_string(i) + "\n\n";
            for (int p = 0; p < 6; ++p)
                text += "## Part " + std::to_string(p) + "\n\nRound " + std::to_string(round) + " 第" + std::to_string(i) + "号文件 file" + std::to_string(i) + ".\n\n";
            std::ofstream(docs / ("f" + std::to_string(i) + ".md")) << text;
        };
        for (int i = 0; i < kFiles; ++i)
            touch(i, 0);
        int nInterrupted = 0;
        for (int round = 1; round <= kRounds; ++round) {
            for (int n = 0; n < 40; ++n)
                touch(int(random() % kFiles), round); // something new to do in every round
            QProcess child;
            child.start(QCoreApplication::applicationFilePath(), {"--ingest", QString::fromStdString(file.string()), QString::fromStdString(docs.string())});
            QVERIFY(child.waitForStarted());
            QTest::qSleep(5 + int(random() % 60));
            child.kill(); // SIGKILL
            QVERIFY(child.waitForFinished());

            auto db = openCollectionDatabase(file);
            sy::store::Statement integrity(db, "PRAGMA integrity_check");
            QVERIFY(integrity.step());
            QCOMPARE(integrity.text(0), std::string("ok"));
            db.execute("INSERT INTO chunk_terms(chunk_terms) VALUES('integrity-check')");
            sy::store::Statement counts(db, "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM embeddings), "
                                            "(SELECT coalesce(sum(nChunks), 0) FROM documents)");
            QVERIFY(counts.step());
            QCOMPARE(counts.integer(0), counts.integer(1));
            QCOMPARE(counts.integer(0), counts.integer(2));
            nInterrupted += !Collection(file).facts().sources.empty() && Collection(file).facts().sources[0].isUnfinished;
        }
        QVERIFY2(nInterrupted > 5, qPrintable(QString("only %1 of the kills hit an ingestion").arg(nInterrupted)));

        sy::test::FakeEmbedder embedder;
        resumeIngest(file, {.embedder = &embedder}, readPlain);
        ingestOnce(file, docs, false);
        const auto facts = Collection(file).facts();
        QCOMPARE(facts.nDocuments, int64_t(kFiles));
        QCOMPARE(facts.nPending, int64_t(0));
        QCOMPARE(facts.nFailed, int64_t(0));
        const auto hits = Searcher(file).search("file77", SearchMode::hybrid, 1, &embedder).hits;
        QCOMPARE(hits.size(), size_t(1));
        QCOMPARE(fs::path(hits[0].path).filename().string(), std::string("f77.md"));
    }
};

int main(int argc, char** argv)
{
    if (argc == 4 && QByteArray(argv[1]) == "--ingest") {
        ingestOnce(argv[2], argv[3], true);
        return 0;
    }
    QCoreApplication app(argc, argv);
    TestIngestCrash test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_ingest_crash.moc"
