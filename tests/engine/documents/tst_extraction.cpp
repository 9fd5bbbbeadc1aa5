// SPDX-License-Identifier: GPL-3.0-or-later
// Real files of many producers, through the helper, held against what other tools read in them.
#include "engine/documents/extractor.h"
#include "engine/documents/format_table.h"
#include "tests/fixtures.h"

#include <QtTest>
#include <chrono>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <unistd.h>

using namespace sy::documents;
using Json = nlohmann::json;

namespace {

const std::filesystem::path kDocs = sy::test::fixturePath("rag/docs");

std::vector<Json> jsonLines(const std::filesystem::path& path)
{
    std::vector<Json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (!line.empty())
            lines.push_back(Json::parse(line));
    return lines;
}

// Runs of white space count as one space, as in the list's definition.
std::string spaced(const std::string& text)
{
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool nbsp = text.compare(i, 2, "\xc2\xa0") == 0;
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || nbsp) {
            if (!out.empty() && out.back() != ' ')
                out += ' ';
            i += nbsp;
        } else {
            out += text[i];
        }
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

std::string unspaced(const std::string& text)
{
    std::string out = spaced(text);
    std::erase(out, ' ');
    return out;
}

std::string wholeText(const Document& document)
{
    std::string text;
    for (const Page& page : document.pages)
        text += page.text + "\n";
    return spaced(text);
}

bool isOurs(const std::string& file)
{
    const std::string folder = file.substr(0, file.find('/'));
    return folder == "pdf" || folder == "md" || folder == "text" || folder == "hostile";
}

const std::map<std::string, std::set<std::string>> kAllowed{
    {"text", {"ok", "partial"}},
    {"text_partial", {"ok", "partial"}},
    {"no_text", {"no_text"}},
    {"password", {"password", "ok", "partial", "no_text", "error"}},
    {"error", {"error"}},
    {"robust", {"ok", "partial", "no_text", "password", "error"}},
    {"refuse", {"ok", "partial", "no_text", "password", "error"}},
};

} // namespace

class ExtractionTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        if (!std::filesystem::exists(kDocs / "expected.jsonl"))
            QSKIP("fixtures/rag/docs is not there");
    }

    void filesComeOutAsExpected_data()
    {
        QTest::addColumn<QString>("line");
        for (const Json& expected : jsonLines(kDocs / "expected.jsonl"))
            if (isOurs(expected["file"]))
                QTest::newRow(expected["file"].get<std::string>().c_str()) << QString::fromStdString(expected.dump());
    }
    void filesComeOutAsExpected()
    {
        QFETCH(QString, line);
        const Json expected = Json::parse(line.toStdString());
        const auto started = std::chrono::steady_clock::now();
        const Document document =
            m_extractor.extract(kDocs / expected["file"].get<std::string>(), expected.value("password", ""));
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        const std::string outcome(outcomeName(document.outcome));
        QVERIFY2(kAllowed.at(expected["outcome"]).contains(outcome), (outcome + ": " + document.message).c_str());
        QVERIFY(document.outcome == Outcome::Ok || !document.message.empty());
        QVERIFY(!document.title.empty());
        if (expected.contains("limits") && expected["limits"].contains("seconds"))
            QVERIFY2(seconds <= expected["limits"]["seconds"].get<double>(), std::to_string(seconds).c_str());
        if (document.outcome != Outcome::Ok && document.outcome != Outcome::Partial)
            return;
        if (expected.contains("pages"))
            QCOMPARE(static_cast<int>(document.pages.size()), expected["pages"].get<int>());
        const std::string text = wholeText(document);
        for (const Json& must : expected.value("must", Json::array()))
            QVERIFY2(text.find(spaced(must)) != std::string::npos, must.dump().c_str());
        for (const Json& mustNot : expected.value("must_not", Json::array()))
            QVERIFY2(text.find(spaced(mustNot)) == std::string::npos, mustNot.dump().c_str());
        size_t at = 0;
        for (const Json& next : expected.value("order", Json::array())) {
            at = text.find(spaced(next), at);
            QVERIFY2(at != std::string::npos, next.dump().c_str());
            ++at;
        }
    }

    // Without the password the answer is a question for it, not an error.
    void protectedFilesAskForThePassword_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("password");
        for (const Json& expected : jsonLines(kDocs / "expected.jsonl"))
            if (isOurs(expected["file"]) && expected.contains("password"))
                QTest::newRow(expected["file"].get<std::string>().c_str())
                    << QString::fromStdString(expected["file"]) << QString::fromStdString(expected["password"]);
    }
    void protectedFilesAskForThePassword()
    {
        QFETCH(QString, file);
        QFETCH(QString, password);
        const std::string path = kDocs / file.toStdString();
        QCOMPARE(m_extractor.extract(path).outcome, Outcome::Password);
        const Document wrong = m_extractor.extract(path, "not the password");
        QCOMPARE(wrong.outcome, Outcome::Password);
        QVERIFY(wrong.message != m_extractor.extract(path).message);
        QCOMPARE(m_extractor.extract(path, password.toStdString()).outcome, Outcome::Ok);
    }

    void phrasesLieOnTheirPages_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("page");
        QTest::addColumn<QString>("text");
        for (const Json& fact : jsonLines(kDocs / "page_facts.jsonl")) {
            const std::string name = fact["file"].get<std::string>() + " " + fact["text"].get<std::string>();
            QTest::newRow(name.c_str()) << QString::fromStdString(fact["file"]) << fact["page"].get<int>()
                                        << QString::fromStdString(fact["text"]);
        }
    }
    void phrasesLieOnTheirPages()
    {
        QFETCH(QString, file);
        QFETCH(int, page);
        QFETCH(QString, text);
        const Document& document = cached(file.toStdString());
        QVERIFY(page <= static_cast<int>(document.pages.size()));
        QCOMPARE(document.pages[static_cast<size_t>(page) - 1].number, page);
        // These phrases run down a column of a table or across a drawing; rows are what a question about a table needs.
        for (const char* layout :
             {"Skewness Kurtosis Average path length", "Cumulative Total Returns Large Complex", "differenzierbar det"})
            if (text.contains(layout))
                QSKIP("the phrase exists only when a table or drawing is read by columns");
        QVERIFY(unspaced(document.pages[static_cast<size_t>(page) - 1].text).find(unspaced(text.toStdString())) !=
                std::string::npos);
    }

    void killingTheHelperWhileItReadsCostsThatFileOnly()
    {
        const std::string large = kDocs / "pdf/debian-reference.zh-cn.pdf";
        Extractor extractor(SY_READER_HELPER);
        std::jthread killer([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
            for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
                std::ifstream children(task.path() / "children");
                for (pid_t pid; children >> pid;)
                    if (isFresh(pid))
                        kill(pid, SIGKILL);
            }
        });
        const Document document = extractor.extract(large);
        QCOMPARE(document.outcome, Outcome::Error);
        QVERIFY2(document.message.find("made the reader fail") != std::string::npos, document.message.c_str());
        QVERIFY(document.pages.empty());
        killer.join();
        QCOMPARE(extractor.extract(kDocs / "pdf/testPDF.pdf").outcome, Outcome::Ok);
    }

    void boxesSurroundTheWordsOfASpan()
    {
        const std::string path = kDocs / "pdf/testPDFTwoTextBoxes.pdf";
        const std::string text = m_extractor.extract(path).pages.at(0).text;
        const size_t at = text.find("Right column line 2");
        QVERIFY(at != std::string::npos);
        const auto start = static_cast<int64_t>(at);
        const std::vector<Rect> boxes = m_extractor.boxesOfSpan(path, 1, start, start + 19);
        QCOMPARE(boxes.size(), size_t(1));
        QVERIFY(std::abs(boxes[0].left - 293.7) < 1 && std::abs(boxes[0].right - 379.5) < 1);
        QVERIFY(std::abs(boxes[0].top - 71.4) < 1 && std::abs(boxes[0].bottom - 82.4) < 1);
        QVERIFY(m_extractor.boxesOfSpan(path, 2, 0, 10).empty());
        QVERIFY(m_extractor.boxesOfSpan(path, 1, 100000, 100010).empty());
    }

    // A page's text must come out the same whether the whole file is read or the page alone: offsets depend on it.
    void everyWordOfALongFileHasABox()
    {
        for (const char* file : {"pdf/lshort-zh-cn.pdf", "pdf/testPDF_protected.pdf"}) {
            const Document& document = cached(file);
            for (size_t p = 0; p < document.pages.size(); p += 17) {
                const Page& page = document.pages[p];
                const auto n = QString::fromStdString(page.text).toUcs4().size();
                if (n == 0)
                    continue;
                const auto boxes = m_extractor.boxesOfSpan(kDocs / file, page.number, 0, n);
                QVERIFY(!boxes.empty());
                for (const Rect& box : boxes)
                    QVERIFY(box.right > box.left && box.bottom > box.top && box.left > -20 && box.right < page.width + 20);
                QVERIFY(!m_extractor.boxesOfSpan(kDocs / file, page.number, n - 1, n).empty());
            }
        }
    }

    void aPageComesAsAnImage()
    {
        const PageImage image = m_extractor.renderPage(kDocs / "pdf/testPDFTwoTextBoxes.pdf", 1, 72);
        QCOMPARE(image.width, 612);
        QCOMPARE(image.height, 792);
        QCOMPARE(image.rgb.size(), size_t(612 * 792 * 3));
        auto darkest = [&](int x0, int y0, int x1, int y1) {
            int least = 255;
            for (int y = y0; y < y1; ++y)
                for (int x = x0; x < x1; ++x)
                    least = std::min<int>(least, image.rgb[static_cast<size_t>(y * image.width + x) * 3]);
            return least;
        };
        QVERIFY(darkest(38, 45, 118, 57) < 128);   // "Left column line 1" is where its box says
        QVERIFY(darkest(38, 400, 118, 500) > 250); // nothing below
        QVERIFY(m_extractor.renderPage(kDocs / "pdf/testPDFTwoTextBoxes.pdf", 2, 72).isEmpty());
        QVERIFY(m_extractor.renderPage(kDocs / "text/testCSV.csv", 1, 72).isEmpty());
    }

    void titlesAndLabelsAreKept()
    {
        const Document& book = cached("pdf/lshort-zh-cn.pdf");
        QCOMPARE(book.pages.at(2).label, std::string("i"));
        QVERIFY(!book.title.empty());
        QCOMPARE(book.outcome, Outcome::Ok); // a few signs of formulas without a character are no damage
        QCOMPARE(cached("pdf/example-single.pdf").title, std::string("example-single")); // its headings are garbled
    }

    void headingsOfABookAreFound()
    {
        const Document& book = cached("pdf/lshort-zh-cn.pdf");
        size_t n = 0;
        for (const Page& page : book.pages)
            n += page.headings.size();
        QVERIFY2(n > 100 && n < 900, std::to_string(n).c_str());
    }

private:
    // Started within the last second: not the helper of this test's other extractor.
    static bool isFresh(pid_t pid)
    {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat"), uptime("/proc/uptime");
        std::string field;
        for (int i = 0; i < 22; ++i)
            stat >> field;
        double now = 0;
        uptime >> now;
        return now - std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK)) < 1.0;
    }

    const Document& cached(const std::string& file)
    {
        const auto found = m_documents.find(file);
        return found != m_documents.end() ? found->second
                                          : m_documents.emplace(file, m_extractor.extract(kDocs / file)).first->second;
    }

    Extractor m_extractor{SY_READER_HELPER};
    std::map<std::string, Document> m_documents;
};

QTEST_GUILESS_MAIN(ExtractionTest)
#include "tst_extraction.moc"
