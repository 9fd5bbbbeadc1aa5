// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/documents/chunker.h"
#include "engine/documents/extractor.h"
#include "tests/engine/documents/chunk_properties.h"
#include "tests/fixtures.h"

#include <QtTest>
#include <random>

using namespace sy::documents;

namespace {

ChunkOptions options(int target = 300, int limit = 512)
{
    ChunkOptions result;
    result.targetTokens = target;
    result.limitTokens = limit;
    result.prefix = "passage: ";
    result.countTokens = sy::test::countPieces;
    return result;
}

Document document(const std::string& text, Markup markup = Markup::Markdown)
{
    Document result;
    result.title = "Handbook";
    result.markup = markup;
    result.outcome = Outcome::Ok;
    Page page;
    page.text = text;
    result.pages.push_back(page);
    return result;
}

std::string sentences(int n, const std::string& word = "water")
{
    std::string text;
    for (int i = 0; i < n; ++i)
        text += "Sentence " + std::to_string(i) + " tells something about " + word + " and its use. ";
    text.pop_back();
    return text;
}

const Chunk* find(const std::vector<Chunk>& chunks, const std::string& text)
{
    for (const Chunk& chunk : chunks)
        if (chunk.text.find(text) != std::string::npos)
            return &chunk;
    return nullptr;
}

// Text of every kind of structure and script, and nonsense.
std::string randomText(std::mt19937& random, int nParts)
{
    static const char* kParts[] = {"# Title\n",
                                   "## Part 2\n",
                                   "### Deep\n",
                                   "\n\n",
                                   "\n",
                                   " ",
                                   "word ",
                                   "A sentence ends here. ",
                                   "水泵停机。",
                                   "请检查阀门，并报告站长；",
                                   "- item one\n",
                                   "1. first\n",
                                   "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
                                   "```\ncode(x);\n```\n",
                                   "    indented code\n",
                                   "第三条 读者应当\n",
                                   "Title\n=====\n",
                                   "\t",
                                   "1.2.3 Heading\n",
                                   "é",
                                   "𠜎",
                                   "…",
                                   "\"quoted\"",
                                   "verylongwordwithoutanyspaceinside",
                                   "a\tb\tc\n",
                                   "　",
                                   "> quote\n",
                                   "***\n",
                                   "---\n",
                                   "e.g. Dr. X. "};
    std::string text;
    for (int i = 0; i < nParts; ++i) {
        const std::string part = kParts[random() % std::size(kParts)];
        const unsigned repeats = random() % 20 == 0 ? 1 + random() % 200 : 1;
        for (unsigned k = 0; k < repeats; ++k)
            text += part;
    }
    return text;
}

} // namespace

class ChunkerTest : public QObject {
    Q_OBJECT
private slots:
    void propertiesHoldForRandomDocuments()
    {
        std::mt19937 random(20261124);
        for (int round = 0; round < 120; ++round) {
            Document d =
                document(randomText(random, 1 + static_cast<int>(random() % 200)), static_cast<Markup>(random() % 4));
            while (random() % 3 == 0) {
                Page page;
                page.number = static_cast<int>(d.pages.size()) + 1;
                page.text = randomText(random, static_cast<int>(random() % 80));
                d.pages.push_back(page);
            }
            const ChunkOptions o = options(20 + static_cast<int>(random() % 300), 200 + static_cast<int>(random() % 400));
            const std::string broken = sy::test::brokenProperty(d, o, chunkDocument(d, o));
            QVERIFY2(broken.empty(), (broken + "\n" + d.pages[0].text.substr(0, 300)).c_str());
        }
    }

    // A tokenizer for which the whole has far more tokens than its parts: the limit holds all the same.
    void theLimitHoldsWhenTokensDoNotAddUp()
    {
        ChunkOptions o = options(300, 400);
        o.countTokens = [](std::string_view text) {
            return static_cast<int>(text.size() / 4 + text.size() * text.size() / 40'000);
        };
        const Document d = document(sentences(200), Markup::Plain);
        const auto chunks = chunkDocument(d, o);
        QVERIFY(chunks.size() >= 6);
        QCOMPARE(sy::test::brokenProperty(d, o, chunks), std::string());
    }

    void realDocumentsAreCutCleanly_data()
    {
        QTest::addColumn<QString>("file");
        for (const char* file : {"md/pandoc-MANUAL.md", "md/filters.md", "text/programming.rst", "text/test-columnar.csv",
                                 "text/ja_utf-16le.txt", "pdf/testJournalParser.pdf", "pdf/lshort-zh-cn.pdf",
                                 "pdf/testPDF_protected.pdf", "pdf/zhlineskip.pdf"})
            QTest::newRow(file) << file;
    }
    void realDocumentsAreCutCleanly()
    {
        QFETCH(QString, file);
        const auto path = sy::test::fixturePath("rag/docs") / file.toStdString();
        if (!std::filesystem::exists(path))
            QSKIP("fixtures/rag/docs is not there");
        const Document d = Extractor(SY_READER_HELPER).extract(path);
        const ChunkOptions o = options();
        const auto chunks = chunkDocument(d, o);
        QCOMPARE(sy::test::brokenProperty(d, o, chunks), std::string());
        int64_t nTokens = 0, nSmall = 0;
        for (const Chunk& chunk : chunks) {
            nTokens += sy::test::countPieces(chunk.text);
            nSmall += sy::test::countPieces(chunk.text) < 30;
        }
        if (chunks.size() > 20) {
            QVERIFY2(nTokens / static_cast<int64_t>(chunks.size()) > 150,
                     std::to_string(nTokens / static_cast<int64_t>(chunks.size())).c_str());
            QVERIFY2(nSmall * 10 < static_cast<int64_t>(chunks.size()), std::to_string(nSmall).c_str());
        }
    }

    void sectionsAreNotMixed()
    {
        const Document d = document("# Ferry\n\nIntro text.\n\n## Winter\n\n" + sentences(3, "ice") + "\n\n## Summer\n\n" +
                                    sentences(3, "sun") + "\n\n### Tickets\n\nTwo crowns.\n");
        const auto chunks = chunkDocument(d, options());
        QCOMPARE(chunks.size(), size_t(3));
        QVERIFY(find(chunks, "ice")->text.find("sun") == std::string::npos);
        QCOMPARE(find(chunks, "ice")->headingPath, std::vector<std::string>({"Ferry", "Winter"}));
        QCOMPARE(find(chunks, "ice")->header, std::string("Handbook › Ferry › Winter"));
        QVERIFY(find(chunks, "Two crowns")->text.find("sun") != std::string::npos); // small subsections stay together
    }

    void aHeadingStaysWithItsText()
    {
        const Document d = document("# A\n\n## B\n\nText of B.\n\n## C\n\n" + sentences(60));
        const auto chunks = chunkDocument(d, options());
        QVERIFY(find(chunks, "Text of B.")->text.starts_with("# A\n\n## B"));
        QVERIFY(find(chunks, "Sentence 0 ")->text.starts_with("## C"));
    }

    void theTitleIsNotSaidTwice()
    {
        QCOMPARE(contextHeader("Handbook", {"Handbook", "Pumps"}), std::string("Handbook › Pumps"));
    }

    void deepPathsAndLongTitlesAreShortened()
    {
        const std::string header = contextHeader(std::string(500, 'x'), {"a", "b", "c", "d", "e", "f"});
        QCOMPARE(header, std::string(80, 'x') + "… › a › d › e › f");
    }

    void theLastSentenceIsRepeatedInsideASection()
    {
        const Document d = document("# A\n\n" + sentences(80));
        const auto chunks = chunkDocument(d, options());
        QVERIFY(chunks.size() > 2);
        for (size_t i = 1; i < chunks.size(); ++i) {
            QVERIFY(chunks[i].nOverlap > 0);
            QVERIFY(chunks[i - 1].text.ends_with(chunks[i].text.substr(0, static_cast<size_t>(chunks[i].nOverlap))));
        }
        ChunkOptions without = options();
        without.hasOverlap = false;
        for (const Chunk& chunk : chunkDocument(d, without))
            QCOMPARE(chunk.nOverlap, int64_t(0));
    }

    void nothingIsRepeatedAcrossSections()
    {
        const Document d = document("# A\n\n" + sentences(20, "ice") + "\n\n# B\n\n" + sentences(20, "sun"));
        for (const Chunk& chunk : chunkDocument(d, options()))
            QVERIFY(chunk.text.find("ice") == std::string::npos || chunk.text.find("sun") == std::string::npos);
    }

    void codeTablesAndItemsStayWhole()
    {
        std::string code = "```cpp\n", table = "| Part | Count |\n| --- | --- |\n", items;
        for (int i = 0; i < 12; ++i) {
            code += "int value" + std::to_string(i) + " = compute(" + std::to_string(i) + ");\n\n";
            table += "| seal number " + std::to_string(i) + " | " + std::to_string(i * 3) + " |\n";
            items += "- The item number " + std::to_string(i) + " is explained. It goes on\n  in a second line here.\n";
        }
        code += "```\n";
        const Document d = document("# A\n\n" + sentences(25) + "\n\n" + code + "\n" + sentences(20) + "\n\n" + table +
                                    "\n" + sentences(12) + "\n\n" + items);
        const auto chunks = chunkDocument(d, options(200));
        QVERIFY(find(chunks, code.substr(0, code.size() - 1)) != nullptr);
        for (int i = 0; i < 12; ++i) {
            QVERIFY(find(chunks, "| seal number " + std::to_string(i) + " | " + std::to_string(i * 3) + " |") != nullptr);
            QVERIFY(find(chunks, "- The item number " + std::to_string(i) +
                                     " is explained. It goes on\n  in a second line here.") != nullptr);
        }
    }

    void csvRowsCarryTheirColumnNames()
    {
        std::string csv = "station,depth,temperature\n";
        for (int i = 0; i < 900; ++i)
            csv += "S" + std::to_string(i) + "," + std::to_string(i * 2) + ",\"4,5\"\n";
        const auto chunks = chunkDocument(document(csv, Markup::Table), options());
        QVERIFY(chunks.size() > 3);
        for (const Chunk& chunk : chunks)
            QCOMPARE(chunk.header, std::string("Handbook › station,depth,temperature"));
    }

    void chineseTextIsCutAtItsSentences()
    {
        std::string text;
        for (int i = 0; i < 60; ++i)
            text += "第" + std::to_string(i) + "号水泵在夜间停机，值班人员应当立即报告站长。";
        const auto chunks = chunkDocument(document(text, Markup::Plain), options());
        QVERIFY(chunks.size() > 3);
        for (const Chunk& chunk : chunks)
            QVERIFY2(chunk.text.ends_with("。"), chunk.text.c_str());
    }

    void aSentenceOverThePageBreakIsKeptWhole()
    {
        Document d = document("The harbour master opens the gate at", Markup::Pages);
        Page second;
        second.number = 2;
        second.text = "six in the morning. Then the boats leave.";
        d.pages.push_back(second);
        const auto chunks = chunkDocument(d, options());
        QCOMPARE(chunks.size(), size_t(2));
        QCOMPARE(chunks[0].text, std::string("The harbour master opens the gate at\nsix in the morning."));
        QCOMPARE(chunks[0].endPage, 2);
        QCOMPARE(chunks[0].pageBreak, int64_t(37));
        QCOMPARE(chunks[0].end, int64_t(19));
        QCOMPARE(chunks[1].page, 2);
        QCOMPARE(chunks[1].start, int64_t(0));
    }

    void pagesThatEndTheirSentenceAreNotJoined()
    {
        Document d = document("The gate opens at six.", Markup::Pages);
        Page second;
        second.number = 2;
        second.text = "then boats leave.";
        d.pages.push_back(second);
        for (const Chunk& chunk : chunkDocument(d, options()))
            QCOMPARE(chunk.page, chunk.endPage);
    }

    void headingsOfPagesGivePaths()
    {
        Document d = document("Chapter one\n\nText under it.\n\nPart A\n\nMore text.", Markup::Pages);
        d.pages[0].headings = {{0, 11, 1}, {29, 35, 2}};
        Page second;
        second.number = 2;
        second.text = "Goes on here.";
        d.pages.push_back(second);
        const auto chunks = chunkDocument(d, options());
        QCOMPARE(chunks.size(), size_t(3));
        QCOMPARE(chunks[0].headingPath, std::vector<std::string>({"Chapter one"}));
        QCOMPARE(chunks[1].headingPath, std::vector<std::string>({"Chapter one", "Part A"}));
        QCOMPARE(chunks[2].headingPath, std::vector<std::string>({"Chapter one", "Part A"}));
    }

    void underlinedAndNumberedTitlesOfPlainTextAreHeadings()
    {
        const Document d = document("========\nManual\n========\n\nFirst\n=====\n\nText one.\n\nSecond\n------\n\nText "
                                    "two.\n\n3.1 Third\n\nText three.\n",
                                    Markup::Plain);
        const auto chunks = chunkDocument(d, options());
        QCOMPARE(find(chunks, "Text one.")->headingPath, std::vector<std::string>({"Manual", "First"}));
    }

    void anEmptyDocumentHasNoChunks()
    {
        QVERIFY(chunkDocument(document(" \n\n\t"), options()).empty());
        QVERIFY(chunkDocument(Document{}, options()).empty());
    }

    void hugeTitlesLeaveRoomForText()
    {
        Document d = document("# " + std::string(3000, 'a') + " 标题标题标题\n\n" + sentences(50));
        std::string title;
        for (int i = 0; i < 200; ++i)
            title += "标题";
        d.title = title;
        const ChunkOptions o = options(300, 128);
        QCOMPARE(sy::test::brokenProperty(d, o, chunkDocument(d, o)), std::string());
    }

    void wrongOptionsAreRefused()
    {
        ChunkOptions none = options();
        none.countTokens = {};
        QVERIFY_EXCEPTION_THROWN(chunkDocument(document("x"), none), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(chunkDocument(document("x"), options(300, 8)), std::invalid_argument);
    }

    void stoppingThrowsCancelled()
    {
        std::stop_source source;
        source.request_stop();
        QVERIFY_EXCEPTION_THROWN(chunkDocument(document(sentences(100)), options(), source.get_token()), sy::Cancelled);
    }

    void aLongDocumentIsCutAndTheRateReported()
    {
        std::string text;
        for (int i = 0; i < 400; ++i)
            text +=
                "## Section " + std::to_string(i) + "\n\n" + sentences(100) + "\n\n水泵停机。请检查阀门，并报告站长。\n\n";
        ChunkOptions o = options();
        o.countTokens = [](std::string_view s) { return static_cast<int>(s.size() / 4) + 2; };
        const Document d = document(text);
        const auto started = std::chrono::steady_clock::now();
        const auto chunks = chunkDocument(d, o);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        QVERIFY(!chunks.empty());
        const double rate = static_cast<double>(text.size()) / 1e6 / seconds;
        qInfo("%.1f MB/s", rate);
    }
};

QTEST_GUILESS_MAIN(ChunkerTest)
#include "tst_chunker.moc"
