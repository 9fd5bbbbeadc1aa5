// SPDX-License-Identifier: GPL-3.0-or-later
// The commands that work with documents, words only (no embedding model), held against the JSON keys of the contract.
#include "tests/app/cli/program.h"
#include "tests/tiny_model.h"

using sy::test::hasKeys;
using sy::test::Outcome;
using sy::test::Program;
using nlohmann::ordered_json;

class TestCliDocuments : public QObject {
    Q_OBJECT

private slots:
    void init();
    void ingestReportsEachFileAndASum();
    void anUnchangedFileIsSaidToBe();
    void aBadFileDoesNotStopTheRest();
    void documentsAreListedAndRemoved();
    void searchFindsWords();
    void queriesAreReadFromAFile();
    void trecLinesHaveSixColumns();
    void recordsAreDocumentsOfTheirOwn();
    void extractShowsPages();
    void askAnswersWithTheKeysOfTheContract();
    void watchingIndexesWhatChanges();

private:
    Outcome run(const QStringList& arguments, const QByteArray& input = {}) const { return m_program->run(arguments + QStringList{"--json"}, input); }
    Outcome ingest(const QStringList& more = {}) const
    {
        return run(QStringList{"ingest", "--collection", "Papers", "--embedder", "none", m_program->path("docs")} + more);
    }

    std::unique_ptr<Program> m_program;
};

void TestCliDocuments::init()
{
    m_program = std::make_unique<Program>();
    m_program->write("docs/warranty.md", "# Warranty\n\nThe pump is guaranteed for thirty months after delivery.\n");
    m_program->write("docs/deep/ferry.txt", "The ferry to the island leaves at seven in the morning.\n");
}

void TestCliDocuments::ingestReportsEachFileAndASum()
{
    const Outcome outcome = ingest();
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto lines = outcome.lines();
    QCOMPARE(lines.size(), size_t(3));
    for (size_t i = 0; i < 2; ++i) {
        QVERIFY2(hasKeys(lines[i], {"path", "status", "message", "pages", "chunks"}), lines[i].dump().c_str());
        QCOMPARE(lines[i]["status"].get<std::string>(), std::string("indexed"));
        QVERIFY(lines[i]["chunks"].get<int>() >= 1);
    }
    QVERIFY(hasKeys(lines[2], {"documents", "chunks", "seconds"}));
    QCOMPARE(lines[2]["documents"].get<int>(), 2);
    QVERIFY2(!outcome.err.contains('\r'), "a progress bar without a terminal");
}

void TestCliDocuments::anUnchangedFileIsSaidToBe()
{
    ingest();
    for (const auto& line : ingest().lines()) {
        if (line.contains("status"))
            QCOMPARE(line["status"].get<std::string>(), std::string("unchanged"));
    }
    QCOMPARE(ingest({"--force"}).lines()[0]["status"].get<std::string>(), std::string("indexed"));
    m_program->write("docs/warranty.md", "# Warranty\n\nNone at all.\n");
    int nIndexed = 0;
    for (const auto& line : ingest().lines())
        nIndexed += line.value("status", "") == "indexed";
    QCOMPARE(nIndexed, 1);
}

void TestCliDocuments::aBadFileDoesNotStopTheRest()
{
    m_program->write("docs/broken.pdf", "%PDF-1.7\nthis is no PDF file at all");
    const Outcome outcome = ingest();
    QCOMPARE(outcome.status, 0);
    QStringList statuses;
    for (const auto& line : outcome.lines()) {
        if (!line.contains("status"))
            continue;
        const QString status = QString::fromStdString(line["status"]);
        statuses << status;
        QVERIFY2(status == "indexed" || !line["message"].get<std::string>().empty(), line.dump().c_str());
    }
    QCOMPARE(statuses.count("indexed"), 2);
    QCOMPARE(statuses.count("failed"), 1);
}

void TestCliDocuments::documentsAreListedAndRemoved()
{
    ingest();
    const auto list = run({"documents", "--collection", "Papers"}).json();
    QCOMPARE(list.size(), size_t(2));
    for (const auto& row : list) {
        QVERIFY2(hasKeys(row, {"path", "bytes", "sha256", "pages", "chunks", "status"}), row.dump().c_str());
        QCOMPARE(row["sha256"].get<std::string>().size(), size_t(64));
    }
    const auto removed = run({"documents", "--collection", "Papers", "remove", "docs/warranty.md"}); // relative paths too
    QVERIFY2(removed.status == 0, removed.err);
    const auto left = run({"documents", "--collection", "Papers"}).json();
    QCOMPARE(left.size(), size_t(1));
    QVERIFY(QString::fromStdString(left[0]["path"]).endsWith("ferry.txt"));
    QVERIFY(QFile::exists(m_program->path("docs/warranty.md")));
    QCOMPARE(run({"search", "--collection", "Papers", "warranty"}).json()["results"].size(), size_t(0));
    QCOMPARE(run({"documents", "--collection", "Papers", "remove", "docs/warranty.md"}).status, 1);
}

void TestCliDocuments::searchFindsWords()
{
    ingest();
    const Outcome outcome = run({"search", "--collection", "Papers", "when does the ferry leave", "--mode", "lexical"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY(hasKeys(json, {"query", "results"}));
    QVERIFY(!json["results"].empty());
    const auto& first = json["results"][0];
    QVERIFY2(hasKeys(first, {"document", "page", "start", "end", "score", "lexicalRank", "denseRank", "text"}), first.dump().c_str());
    QVERIFY(QString::fromStdString(first["document"]).endsWith("ferry.txt"));
    QCOMPARE(first["lexicalRank"].get<int>(), 1);
    QCOMPARE(first["denseRank"].get<int>(), 0);
}

void TestCliDocuments::queriesAreReadFromAFile()
{
    ingest();
    m_program->write("queries.jsonl", "{\"id\": \"q1\", \"text\": \"ferry\"}\n{\"id\": 2, \"text\": \"warranty\"}\n");
    const auto lines = run({"search", "--collection", "Papers", "--queries", m_program->path("queries.jsonl")}).lines();
    QCOMPARE(lines.size(), size_t(2));
    QCOMPARE(lines[0]["id"].get<std::string>(), std::string("q1"));
    QCOMPARE(lines[1]["id"].get<std::string>(), std::string("2"));
    QCOMPARE(lines[1]["query"].get<std::string>(), std::string("warranty"));
}

void TestCliDocuments::trecLinesHaveSixColumns()
{
    m_program->write("records.jsonl", "{\"id\": \"d1\", \"title\": \"Ferry\", \"text\": \"The ferry leaves at seven.\"}\n"
                                      "{\"id\": \"d2\", \"title\": \"Bus\", \"text\": \"The bus leaves at nine, not the ferry.\"}\n");
    QCOMPARE(run({"ingest", "--collection", "R", "--records", "--embedder", "none", m_program->path("records.jsonl")}).status, 0);
    const Outcome outcome = m_program->run({"search", "--collection", "R", "--queries", "-", "--trec", "tag"}, "{\"id\": \"q7\", \"text\": \"ferry\"}\n");
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto rows = outcome.out.trimmed().split('\n');
    QCOMPARE(rows.size(), 2);
    double before = 1e300;
    for (qsizetype i = 0; i < rows.size(); ++i) {
        const auto columns = rows[i].split(' ');
        QCOMPARE(columns.size(), 6);
        QCOMPARE(columns[0], QByteArray("q7"));
        QCOMPARE(columns[1], QByteArray("Q0"));
        QVERIFY(columns[2] == "d1" || columns[2] == "d2");
        QCOMPARE(columns[3].toInt(), int(i + 1));
        QVERIFY(columns[4].toDouble() <= before);
        before = columns[4].toDouble();
        QCOMPARE(columns[5], QByteArray("tag"));
    }
}

void TestCliDocuments::recordsAreDocumentsOfTheirOwn()
{
    m_program->write("records.jsonl", "{\"id\": \"d1\", \"title\": \"Ferry\", \"text\": \"It leaves at seven.\"}\n"
                                      "{\"id\": \"d2\", \"title\": \"\", \"text\": \"渡轮早上七点出发。\"}\n");
    const auto lines = run({"ingest", "--collection", "R", "--records", "--embedder", "none", m_program->path("records.jsonl")}).lines();
    QCOMPARE(lines.back()["documents"].get<int>(), 2);
    QCOMPARE(run({"search", "--collection", "R", QString::fromUtf8("七点")}).json()["results"][0]["document"].get<std::string>(), std::string("d2"));
}

void TestCliDocuments::extractShowsPages()
{
    const Outcome outcome = run({"extract", m_program->path("docs/warranty.md")});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY2(hasKeys(json, {"outcome", "pages", "message", "seconds"}), outcome.out);
    QCOMPARE(json["outcome"].get<std::string>(), std::string("ok"));
    QVERIFY(hasKeys(json["pages"][0], {"number", "text"}));
    QVERIFY(QString::fromStdString(json["pages"][0]["text"]).contains("thirty months"));

    m_program->write("broken.pdf", "%PDF-1.7\nnothing");
    const Outcome broken = run({"extract", m_program->path("broken.pdf")});
    QCOMPARE(broken.status, 0);
    QCOMPARE(broken.json()["outcome"].get<std::string>(), std::string("error"));
    QVERIFY(!broken.json()["message"].get<std::string>().empty());
}

void TestCliDocuments::askAnswersWithTheKeysOfTheContract()
{
    ingest();
    sy::test::writeTinyModel(m_program->path("tiny.gguf").toStdString());
    const Outcome outcome = run({"ask", "--collection", "Papers", "How long is the pump guaranteed?", "--model", m_program->path("tiny.gguf"),
                                 "--max-tokens", "8", "--temperature", "0", "--threads", "1"});
    QVERIFY2(outcome.status == 0, outcome.err);
    QVERIFY2(hasKeys(outcome.json(), {"answer", "citations", "retrieved", "timings"}), outcome.out);
    QVERIFY(!outcome.json()["retrieved"].empty());
}

void TestCliDocuments::watchingIndexesWhatChanges()
{
    const auto process = m_program->start({"ingest", "--collection", "W", "--embedder", "none", "--watch", "--json", m_program->path("docs")});
    QByteArray seen;
    const auto sees = [&](const char* text) {
        process->waitForReadyRead(100);
        seen += process->readAllStandardOutput();
        return seen.contains(text);
    };
    QTRY_VERIFY_WITH_TIMEOUT(sees("\"documents\":2"), Program::kPatienceMs);
    m_program->write("docs/new.txt", "A new paragraph about lighthouses.\n");
    QTRY_VERIFY_WITH_TIMEOUT(sees("new.txt"), Program::kPatienceMs);
    QFile::remove(m_program->path("docs/deep/ferry.txt"));
    QTRY_COMPARE_WITH_TIMEOUT(run({"documents", "--collection", "W"}).json().size(), size_t(2), Program::kPatienceMs);
    const Outcome outcome = Program::interrupt(*process);
    QVERIFY2(outcome.status == 130, QByteArray::number(outcome.status) + outcome.err);
    QCOMPARE(run({"search", "--collection", "W", "lighthouses"}).json()["results"].size(), size_t(1));
}

QTEST_GUILESS_MAIN(TestCliDocuments)
#include "tst_cli_documents.moc"
