// SPDX-License-Identifier: GPL-3.0-or-later
// Rows come from files of any size through a small buffer: the same rows wherever it ends, and what is broken is named.
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/train/dataset.h"
#include "engine/train/training_rows.h"
#include "tests/charset_bytes.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>
#include <fstream>
#include <malloc.h>

using namespace sy;
using nlohmann::json;
using sy::test::encoded;

namespace {

struct Rows {
    std::vector<std::pair<int64_t, json>> rows;
    QString problem; // that ended them

    bool operator==(const Rows&) const = default;
};

struct Folder {
    QTemporaryDir dir;

    std::string file(const QString& name, const std::string& content) const
    {
        const std::string path = dir.filePath(name).toStdString();
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    static Rows read(const std::string& path, size_t bufferBytes = size_t(256) << 10)
    {
        Rows result;
        try {
            train::readRows({path}, [&](json row, int64_t number) { result.rows.emplace_back(number, std::move(row)); },
                            {.bufferBytes = bufferBytes});
        } catch (const Error& error) {
            result.problem = QString::fromStdString(error.what());
        }
        return result;
    }
    Rows read(const QString& name, const std::string& content) const { return read(file(name, content)); }
};

// Everything that may not be cut: escapes, brackets and commas in strings, numbers, names, characters of several bytes.
const std::string kList = "\n [ {\"text\": \"a]}\\\"[,{\\\\\", \"n\": [1, [2, {\"x\": \"]\"}], -1.5e3]}, \"世界 \\u4e16\","
                          "12,true , null,[], {} ,[[\"\"]],\n{\"text\" :\"\\\\\\\"\"}]\r\n ";

// Each another one.
std::string tokenRow(int64_t i)
{
    const std::string a = std::to_string(i % 250), b = std::to_string(i / 250 % 250), c = std::to_string(i / 62500);
    return "{\"ids\": [" + a + ", " + b + ", " + c + ", 1, 2, 3, 4, 5, 6], \"mask\": [0, 0, 0, 0, 1, 1, 1, 1, 1]}";
}

std::string tokenRows(int64_t n)
{
    std::string rows;
    for (int64_t i = 0; i < n; ++i)
        rows += tokenRow(i) + "\n";
    return rows;
}

// The most that the process had in memory at once while something was done, beside what it had before, bytes.
template <typename F>
std::optional<int64_t> peakOf(F&& work)
{
    const auto peak = [] {
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with("VmHWM:"))
                return int64_t(std::stoll(line.substr(6))) * 1024;
        return int64_t(0);
    };
    ::malloc_trim(0);
    std::ofstream reset("/proc/self/clear_refs");
    if (!(reset << "5" << std::flush))
        return {};
    const int64_t before = peak();
    work();
    return peak() - before;
}

} // namespace

class TestTrainingRows : public QObject {
    Q_OBJECT

private slots:
    void readingTellsHowFarItIs()
    {
        const Folder folder;
        const std::string lines = tokenRows(60'000), table = encoded("text\n" + [] {
            std::string rows;
            for (int i = 0; i < 40'000; ++i)
                rows += "港口的渡轮" + std::to_string(i) + "\n";
            return rows;
        }(), "GB18030");
        const std::vector<train::DataFile> files = {{folder.file("a.jsonl", lines)}, {folder.file("b.jsonl", lines)}};
        train::DatasetOptions options;
        options.nVocabulary = 250;
        options.contextLength = 100;
        options.heldOutPath = folder.file("held.jsonl", tokenRows(9));
        const uint64_t bytes = lines.size() * 2 + std::filesystem::file_size(options.heldOutPath);
        std::vector<uint64_t> told;
        options.onRead = [&](uint64_t done, uint64_t total) {
            QCOMPARE(total, bytes);
            told.push_back(done);
        };
        train::readDataset(files, {}, options);
        QVERIFY2(told.size() > 10 && told.size() < bytes / 100'000, qPrintable(QString::number(told.size())));
        QVERIFY(std::ranges::is_sorted(told));
        QCOMPARE(told.back(), bytes);

        // In another character set the file's own bytes count, once.
        std::vector<uint64_t> read;
        const std::string path = folder.file("c.csv", table);
        train::readRows({path}, [](json, int64_t) {}, {.onRead = [&](uint64_t n) { read.push_back(n); }});
        QVERIFY(read.size() > 1 && std::ranges::is_sorted(read));
        QCOMPARE(read.back(), table.size());

        // And a request to stop ends it in the middle.
        std::stop_source stop;
        options.onRead = [&](uint64_t done, uint64_t) {
            QVERIFY(done < bytes / 2);
            stop.request_stop();
        };
        QVERIFY_THROWS_EXCEPTION(Cancelled, train::readDataset(files, {}, options, stop.get_token()));
    }

    void everyBufferGivesTheSameRows_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("nRows");
        const auto row = [](const char* title, const char* name, const std::string& content, int nRows) {
            QTest::newRow(title) << QString(name) << QByteArray::fromStdString(content) << nRows;
        };
        const std::string table = "prompt,completion\r\n\"say \"\"hi\"\",\nplease\",\"世界, 你好\"\r\n\r\n𠀀龘,b\n\"\",\r\n"
                                  "\"x\"y,\"the end\"\"\"";
        row("lines", "a.jsonl", "\xEF\xBB\xBF\r\n\n {\"text\": \"世界\"}\r\n\n{\"text\": \"b\"}  \n[1]\n{\"a\": {}}", 4);
        row("list", "a.json", kList, 9);
        row("list with a mark", "a.json", "\xEF\xBB\xBF" + kList, 9);
        row("object with a list", "a.json",
            "{ \"a\": \"]}\\\"\",\n\"b\" : {\"c\": [1, 2]}, \"rows\":" + kList + ", \"d\": null\n}", 9);
        row("empty list", "a.json", " [ ] ", 0);
        row("nothing", "a.jsonl", "", 0);
        row("blank lines", "a.jsonl", "\n \r\n", 0);
        row("table", "a.csv", table, 4);
        row("table with a mark", "a.csv", "\xEF\xBB\xBF" + table, 4);
        row("table in UTF-16", "a.csv", "\xFF\xFE" + encoded(table, "UTF-16LE"), 4);
        row("table in UTF-16, the other way", "a.csv", "\xFE\xFF" + encoded(table, "UTF-16BE"), 4);
        std::string chinese = "prompt,completion\n";
        for (int i = 0; i < 3; ++i)
            chinese += "值班人员应当每日检查水泵的压力与温度,\"并把读数\n写入记录簿；\"\"𠀀\"\"㐂\"\n";
        row("table in GB18030", "a.csv", encoded(chinese, "GB18030"), 3);
        row("table, damaged", "a.csv", chinese + "\xe4\xbd,\xe4\xbd", 4);
        row("text in GB18030", "a.txt", encoded(chinese, "GB18030"), 1);
        row("empty table", "a.csv", "", 0);
        row("header alone", "a.csv", "a;b", 0);
    }

    void everyBufferGivesTheSameRows()
    {
        QFETCH(QString, name);
        QFETCH(QByteArray, content);
        QFETCH(int, nRows);
        const Folder folder;
        const std::string path = folder.file(name, content.toStdString());
        const Rows whole = Folder::read(path);
        QCOMPARE(whole.problem, QString());
        QCOMPARE(int(whole.rows.size()), nRows);
        for (size_t bytes = 1; bytes <= size_t(content.size()); ++bytes)
            QVERIFY2(Folder::read(path, bytes) == whole, qPrintable(QString("a buffer of %1 bytes").arg(bytes)));
    }

    void listsHaveTheValuesThatAParserSees()
    {
        const Folder folder;
        const json whole = json::parse(kList);
        for (const std::string& content : {kList, "{\"name\": \"x\",\n\"rows\": " + kList + "}"}) {
            const Rows rows = folder.read("a.json", content);
            QCOMPARE(rows.rows.size(), whole.size());
            for (size_t i = 0; i < whole.size(); ++i)
                QVERIFY2(rows.rows[i] == std::pair(int64_t(i) + 1, whole[i]), rows.rows[i].second.dump().c_str());
        }
        // On one line an object is a row, with a list or without.
        QCOMPARE(folder.read("a.json", R"({"messages": [1, 2]})").rows.at(0).second, json::parse(R"({"messages": [1, 2]})"));
    }

    void tablesKnowTheirValuesInEveryCharset()
    {
        const Folder folder;
        const std::string table = "prompt;completion\n\"值班人员;\n应当\";\"每日检查\"\"水泵\"\"的压力与温度。\"\n";
        const json expected = {{"prompt", "值班人员;\n应当"}, {"completion", "每日检查\"水泵\"的压力与温度。"}};
        for (const char* charset : {"UTF-8", "GB18030", "UTF-16LE"}) {
            const std::string mark = charset == std::string("UTF-16LE") ? "\xFF\xFE" : "";
            QCOMPARE(folder.read("a.csv", mark + encoded(table, charset)).rows.at(0), std::pair(int64_t(2), expected));
        }
        // The first sign of the charset is behind every sample.
        const std::string late = "prompt,completion\n" + std::string(600'000, 'a') + ",b\n值班人员应当,每日检查水泵的压力与温度\n";
        const json last = {{"prompt", "值班人员应当"}, {"completion", "每日检查水泵的压力与温度"}};
        QCOMPARE(folder.read("a.csv", encoded(late, "GB18030")).rows.at(1).second, last);
    }

    void whatIsBrokenIsNamed_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("nRows"); // that were fine
        QTest::addColumn<QString>("problem");
        const auto row = [](const char* title, const char* name, const std::string& content, int nRows, const char* problem) {
            QTest::newRow(title) << QString(name) << QByteArray::fromStdString(content) << nRows << QString(problem);
        };
        row("cut in a row", "a.json", "[{\"a\": 1}, {\"a\": [", 1, "row 2: it is no valid JSON: parse error");
        row("cut behind a row", "a.json", "[{\"a\": 1}", 1, "behind row 1 it neither goes on nor ends (at byte 9)");
        row("cut behind a comma", "a.json", "[{\"a\": 1},", 1, "row 2: it is no valid JSON");
        row("no comma", "a.json", "[1 2]", 1, "behind row 1 it neither goes on nor ends");
        row("comma at the end", "a.json", "[1,]", 1, "row 2: it is no valid JSON");
        row("two lists", "a.json", "[1][2]", 1, "something follows its end");
        row("other bracket", "a.json", "[{\"a\": 1]]", 0, "row 1: it is no valid JSON");
        row("string over lines", "a.json", "[\"a\n\", 2]", 0, "missing closing quote"); // likewise
        row("invalid UTF-8", "a.json", "[1, \"\xff\"]", 1, "row 2: it is no valid JSON");
        row("a zero byte", "a.json", std::string("[1, 2\0, 3]", 10), 1, "row 2: it is no valid JSON: it holds a zero byte");
        row("a zero byte in a line", "a.jsonl", std::string("{}\n{}\0{", 7), 1, "row 2: it is no valid JSON: it holds a zero");
        row("a key twice", "a.json", "[1, {\"a\": 1, \"a\": 2}]", 1, "row 2: the JSON has the key \"a\" twice");
        row("a key of the whole twice", "a.json", "{\n\"r\": [1], \"a\": 1, \"a\": 2}", 1, "the JSON has the key \"a\" twice");
        row("several lists", "a.json", "{\n\"a\": [1], \"b\": [2]}", 0, "one object with several lists");
        row("no list", "a.json", "{\n\"a\": {\"b\": [1]}}", 0, "is no list of rows");
        row("object that is cut", "a.json", "{\n\"a\": [1, 2, 3]", 0, "row 1: it is no valid JSON");
        row("deep", "a.json", "[1, " + std::string(100'000, '['), 1, // seen before the rest is read
            "row 2: the JSON is nested more than 64 levels deep (at byte 69)");
        row("deep in an object", "a.json", "{\n\"a\": " + std::string(100'000, '['), 0, "nested more than 64 levels deep");
        row("deep in a line", "a.jsonl", "{}\n" + std::string(100, '[') + std::string(100, ']'), 1, "row 2: the JSON is nested");
        row("a line", "a.jsonl", "{}\n\n{\"a\": }\n{}", 1, "row 3: it is no valid JSON");
        row("the first line", "a.jsonl", "{\"a\": [1,\n{}\n", 0, "row 1: it is no valid JSON");
        row("columns", "a.csv", "a,b\n1,2\n\n\"x\ny\",2\n1\n", 2, "row 6 has 1 columns");
        row("quote", "a.csv", "a,b\n1,2\n\"3,4\n5,6\n", 1, "row 3 has a quote that does not end");
        row("binary", "a.csv", "a,b\n1," + std::string(3, '\1') + std::string(9, '\0'), 0, "is no text in a known encoding");
    }

    void whatIsBrokenIsNamed()
    {
        QFETCH(QString, name);
        QFETCH(QByteArray, content);
        QFETCH(int, nRows);
        QFETCH(QString, problem);
        const Folder folder;
        const std::string path = folder.file(name, content.toStdString());
        const Rows whole = Folder::read(path);
        QVERIFY2(whole.problem.contains(problem), qPrintable(whole.problem));
        QCOMPARE(int(whole.rows.size()), nRows);
        for (size_t bytes = 1; bytes <= std::min<size_t>(40, size_t(content.size())); ++bytes)
            QVERIFY(Folder::read(path, bytes) == whole);
    }

    void aListThatIsCutAnywhereIsRefused()
    {
        const Folder folder;
        const std::string object = "{ \"a\": \"]}\",\n\"rows\":" + kList + "}";
        for (const std::string& content : {kList.substr(0, kList.rfind(']') + 1), object})
            for (size_t n = content.find('[') + 1; n < content.size(); ++n)
                QVERIFY2(!folder.read("a.json", content.substr(0, n)).problem.isEmpty(), qPrintable(QString::number(n)));
    }

    void aBadRowBehindManyIsNamedByItsNumber()
    {
        const Folder folder;
        std::string lines, list = "[", table = "ids,mask\n";
        for (int i = 0; i < 30'000; ++i) {
            lines += "{\"ids\": [1, 2], \"mask\": [0, 1]}\n";
            list += "{\"ids\": [1, 2], \"mask\": [0, 1]},";
            table += "1,2\n";
        }
        QVERIFY(folder.read("a.jsonl", lines + "{\"ids\"").problem.contains("row 30001: it is no valid JSON"));
        QVERIFY(folder.read("a.json", list + "{\"ids\"}]").problem.contains("row 30001: it is no valid JSON"));
        QVERIFY(folder.read("a.csv", table + "1,2,3\n").problem.contains("row 30002 has 3 columns"));
    }

    void theFirstBadRowIsToldWhoeverSeesIt_data()
    {
        QTest::addColumn<int>("nThreads");
        QTest::newRow("one thread") << 1;
        QTest::newRow("four threads") << 4;
    }

    void theFirstBadRowIsToldWhoeverSeesIt()
    {
        QFETCH(int, nThreads);
        const Folder folder;
        const std::string good = "{\"ids\": [1, 2], \"mask\": [0, 1]}\n", wrong = "{\"ids\": [1, 2], \"mask\": [0]}\n";
        const auto problem = [&](const std::string& content) {
            try {
                train::DatasetOptions options{250, 100};
                options.nThreads = nThreads;
                train::readDataset({{folder.file("a.jsonl", content)}}, {}, options);
            } catch (const BadFile& error) {
                return QString::fromStdString(error.what());
            }
            return QString();
        };
        std::string rows;
        for (int i = 1; i <= 300; ++i)
            rows += i == 130 || i == 131 || i == 140 ? wrong : good;
        for (int i = 0; i < 5; ++i) {
            QVERIFY2(problem(rows).contains("row 130 has 2 ids"), qPrintable(problem(rows)));
            QVERIFY(problem(good + wrong + good + "no JSON").contains("row 2 has 2 ids"));
            QVERIFY(problem(good + good + "no JSON\n" + wrong).contains("row 3: it is no valid JSON"));
        }
    }

    void threadsAndFilesChangeNothing()
    {
        const Folder folder;
        const std::string path = folder.file("a.jsonl", tokenRows(700) + tokenRows(3));
        train::DatasetOptions options{250, 9, 0.1};
        const auto one = train::readDataset({{path}}, {}, options);
        options.nThreads = 3;
        options.spoolFolder = folder.dir.path().toStdString();
        const auto other = train::readDataset({{path}}, {}, options);
        QCOMPARE(other.sha256, one.sha256);
        QCOMPARE(other.report.nDuplicates, 3);
        QCOMPARE(one.report.nDuplicates, 3);
        QCOMPARE(other.texts.size(), one.texts.size());
        QVERIFY(!one.heldOut.empty());
        for (size_t i = 0; i < one.texts.size(); ++i)
            QCOMPARE(other.texts[i].tokens, one.texts[i].tokens);
        QCOMPARE(QDir(folder.dir.path()).entryList(QDir::NoDotAndDotDot | QDir::AllEntries | QDir::Hidden), QStringList("a.jsonl"));
    }

    // Checkpoints hold it: another one would make every run that was begun before impossible to go on with.
    void aSetIsKnownByTheHashOfItsTokensAndMasks()
    {
        const Folder folder;
        const std::string path = folder.file("a.jsonl", "{\"ids\": [7, 8, 9], \"mask\": [1, 0, 1]}\n{\"ids\": [1, 2], \"mask\": [0, 1]}"),
                          held = folder.file("b.jsonl", "{\"ids\": [5, 6], \"mask\": [0, 1]}");
        Sha256 hash;
        const auto add = [&](std::vector<int32_t> tokens, std::vector<uint8_t> mask) {
            const auto n = int64_t(tokens.size());
            hash.add(std::as_bytes(std::span(&n, 1)));
            hash.add(std::as_bytes(std::span(tokens)));
            hash.add(std::as_bytes(std::span(mask)));
        };
        add({7, 8, 9}, {1, 0, 1});
        add({1, 2}, {0, 1});
        add({5, 6}, {0, 1});
        QCOMPARE(train::readDataset({{path}}, {}, {250, 100, 0, held}).sha256, hash.hex());
    }

    void aMillionRowsWouldTakeTheMemoryOfAFew_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("lines") << "a.jsonl";
        QTest::newRow("list") << "a.json";
    }

    void aMillionRowsWouldTakeTheMemoryOfAFew()
    {
        QFETCH(QString, name);
        const Folder folder;
        const auto peakOfRows = [&](int64_t n) {
            const std::string path = folder.file(name, "");
            std::ofstream out(path);
            for (int64_t i = 0; i < n; ++i)
                out << (name == "a.jsonl" ? "" : i == 0 ? "[" : ",") << tokenRow(i) << "\n";
            out << (name == "a.jsonl" ? "" : "]");
            out.close();
            train::DatasetOptions options{250, 100, 0.1};
            options.spoolFolder = folder.dir.path().toStdString();
            int64_t nTexts = 0;
            const auto peak = peakOf([&] {
                const train::Dataset data = train::readDataset({{path}}, {}, options);
                nTexts = int64_t(data.texts.size() + data.heldOut.size());
            });
            return nTexts == n ? peak : INT64_MAX;
        };
        const auto few = peakOfRows(20'000), many = peakOfRows(200'000);
        if (!few)
            QSKIP("the system does not tell");
        qInfo("%.1f MB for 20,000 rows, %.1f for 200,000", double(*few) / 1e6, double(*many) / 1e6);
        QVERIFY(*many < *few + 6'000'000); // hashes that are sorted; texts and masks alone would have nine million more
    }

    void readingStopsWhenAsked()
    {
        const Folder folder;
        const std::string path = folder.file("a.jsonl", tokenRows(1000));
        std::stop_source stop;
        stop.request_stop();
        QVERIFY_THROWS_EXCEPTION(Cancelled, train::readDataset({{path}}, {}, {250, 100}, stop.get_token()));
        std::string list = "{\n\"rows\": [";
        for (int i = 0; i < 1000; ++i)
            list += "1,";
        QVERIFY_THROWS_EXCEPTION(Cancelled,
                                 train::readRows({folder.file("a.json", list + "1]}")}, [](const json&, int64_t) {},
                                                 {.stop = stop.get_token()}));
        std::stop_source later;
        int64_t nRows = 0;
        QVERIFY_THROWS_EXCEPTION(Cancelled, train::readRows({path},
                                                            [&](const json&, int64_t) {
                                                                ++nRows;
                                                                later.request_stop();
                                                            },
                                                            {.bufferBytes = 100, .stop = later.get_token()}));
        QVERIFY(nRows <= 2);
    }
};

QTEST_APPLESS_MAIN(TestTrainingRows)
#include "tst_training_rows.moc"
