// SPDX-License-Identifier: GPL-3.0-or-later
// The helper may crash, hang, lie or be killed: each costs one status, and the next file works.
#include "engine/core/error.h"
#include "engine/documents/extractor.h"
#include "engine/documents/format_table.h"

#include <QTemporaryDir>
#include <QtTest>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <unistd.h>

using namespace sy::documents;
using namespace std::chrono_literals;

namespace {

std::vector<pid_t> helpers()
{
    std::vector<pid_t> pids;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "children");
        for (pid_t pid; file >> pid;)
            pids.push_back(pid);
    }
    return pids;
}

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

class ExtractorTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        write("note.txt", "The lighthouse was built in 1887.");
    }

    void cleanup() { QVERIFY2(helpers().empty(), "a helper outlived its extractor"); }

    void aFileIsReadInAnotherProcess()
    {
        Extractor extractor(SY_READER_HELPER);
        const Document document = extractor.extract(path("note.txt"));
        QCOMPARE(document.outcome, Outcome::Ok);
        QCOMPARE(document.title, std::string("note"));
        QCOMPARE(document.pages.at(0).text, std::string("The lighthouse was built in 1887."));
        QCOMPARE(helpers().size(), size_t(1));
        const pid_t helper = helpers().front();
        QCOMPARE(extractor.extract(path("note.txt")).outcome, Outcome::Ok);
        QCOMPARE(helpers().front(), helper); // one helper serves many files
    }

    void aMissingFileIsAnAnswer()
    {
        Extractor extractor(SY_READER_HELPER);
        const Document document = extractor.extract(path("absent.pdf"));
        QCOMPARE(document.outcome, Outcome::Error);
        QVERIFY(document.message.find("could not be opened") != std::string::npos);
        QCOMPARE(extractor.extract(m_folder.path().toStdString()).outcome, Outcome::Error);
    }

    void namesThatAreNotUtf8AreOpened()
    {
        const std::string name = "caf\xe9.txt";
        write(name, "Latin-1 in a file name");
        Extractor extractor(SY_READER_HELPER);
        QCOMPARE(extractor.extract(path(name)).outcome, Outcome::Ok);
        std::filesystem::remove(path(name)); // QTemporaryDir could not
    }

    void aMissingHelperIsAStorageFailure()
    {
        Extractor extractor("/no/such/program");
        QVERIFY_EXCEPTION_THROWN(extractor.extract(path("note.txt")), sy::StorageFailure);
    }

    void misbehaviourIsOneStatusAndTheNextFileWorks_data()
    {
        QTest::addColumn<QString>("how");
        for (const char* how : {"crash", "exit", "hang", "closeAndLive", "garbage", "hugeLength", "notJson", "wrongTypes",
                                "textWithoutPage", "endlessPages"})
            QTest::newRow(how) << how;
    }
    void misbehaviourIsOneStatusAndTheNextFileWorks()
    {
        QFETCH(QString, how);
        Extractor extractor(SY_EVIL_HELPER, {.wallTime = 1s});
        for (int i = 0; i < 2; ++i) {
            const auto started = std::chrono::steady_clock::now();
            const Document document = extractor.extract("/somewhere/" + how.toStdString());
            QCOMPARE(document.outcome, Outcome::Error);
            QVERIFY2(document.message.starts_with("The file made the reader fail ("), document.message.c_str());
            QVERIFY(secondsSince(started) < 15);
        }
        QCOMPARE(extractor.extract("/somewhere/badUtf8").outcome, Outcome::Ok);
    }

    void oddAnswersAreMadeHarmless()
    {
        Extractor extractor(SY_EVIL_HELPER, {.wallTime = 1s});
        QCOMPARE(extractor.extract("badUtf8").pages.at(0).text, std::string("a\xef\xbf\xbd\xef\xbf\xbd"));
        const Document odd = extractor.extract("oddEnums");
        QCOMPARE(odd.outcome, Outcome::Error);
        QCOMPARE(odd.markup, Markup::Plain);
        QVERIFY(extractor.renderPage("wrongImage", 1, 96).isEmpty());
    }

    void aKilledHelperIsReplaced()
    {
        Extractor extractor(SY_READER_HELPER);
        QCOMPARE(extractor.extract(path("note.txt")).outcome, Outcome::Ok);
        const pid_t helper = helpers().at(0);
        kill(helper, SIGKILL);
        QCOMPARE(extractor.extract(path("note.txt")).outcome, Outcome::Ok);
        QVERIFY(helpers().at(0) != helper);
    }

    void killingTheHelperInTheMiddleGivesAStatus()
    {
        Extractor extractor(SY_EVIL_HELPER, {.wallTime = 20s});
        std::jthread killer([] {
            while (helpers().empty())
                std::this_thread::sleep_for(5ms);
            std::this_thread::sleep_for(100ms);
            kill(helpers().at(0), SIGKILL);
        });
        const auto started = std::chrono::steady_clock::now();
        const Document document = extractor.extract("hang");
        QCOMPARE(document.outcome, Outcome::Error);
        QVERIFY2(document.message.find("killed") != std::string::npos, document.message.c_str());
        QVERIFY(secondsSince(started) < 15); // of 20
    }

    void stoppingReturnsAtOnceAndEndsTheHelper()
    {
        Extractor extractor(SY_EVIL_HELPER, {.wallTime = 30s});
        std::stop_source source;
        std::jthread stopper([&] {
            std::this_thread::sleep_for(150ms);
            source.request_stop();
        });
        const auto started = std::chrono::steady_clock::now();
        QVERIFY_EXCEPTION_THROWN(extractor.extract("hang", {}, source.get_token()), sy::Cancelled);
        QVERIFY(secondsSince(started) < 15); // of 30
        QVERIFY(helpers().empty());
        QVERIFY_EXCEPTION_THROWN(extractor.extract("hang", {}, source.get_token()), sy::Cancelled);
    }

    void aHelperIsReplacedAfterSomeFiles()
    {
        Extractor extractor(SY_READER_HELPER, {.filesPerHelper = 2});
        std::set<pid_t> seen;
        for (int i = 0; i < 6; ++i) {
            QCOMPARE(extractor.extract(path("note.txt")).outcome, Outcome::Ok);
            seen.insert(helpers().at(0));
        }
        QCOMPARE(seen.size(), size_t(3));
    }

    void tooLittleMemoryIsAStatus()
    {
#if defined(__SANITIZE_ADDRESS__)
        QSKIP("AddressSanitizer needs the address space that this test takes away");
#endif
        write("large.txt", std::string(40'000'000, 'a') + "\n");
        Extractor small(SY_READER_HELPER, {.memoryBytes = 30'000'000});
        const Document document = small.extract(path("large.txt"));
        QCOMPARE(document.outcome, Outcome::Error);
        QVERIFY2(document.message.find("memory") != std::string::npos, document.message.c_str());
        QCOMPARE(small.extract(path("note.txt")).outcome, Outcome::Ok);
        Extractor usual(SY_READER_HELPER);
        QCOMPARE(usual.extract(path("large.txt")).outcome, Outcome::Ok);
    }

    void longTextsAreCutAndSaySo()
    {
        write("long.txt", std::string(3'000'000, 'b'));
        HelperLimits limits;
        limits.read.maxTextBytes = 1'000'000;
        Extractor extractor(SY_READER_HELPER, limits);
        const Document document = extractor.extract(path("long.txt"));
        QCOMPARE(document.outcome, Outcome::Partial);
        QCOMPARE(document.pages.at(0).text.size(), size_t(1'000'000));
        QVERIFY(!document.message.empty());
    }

    void manyExtractorsWorkSideBySide()
    {
        std::vector<std::jthread> threads;
        std::atomic<int> nOk = 0;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                Extractor extractor(SY_READER_HELPER, {.filesPerHelper = 3});
                for (int i = 0; i < 10; ++i)
                    nOk += extractor.extract(path("note.txt")).outcome == Outcome::Ok;
            });
        threads.clear();
        QCOMPARE(nOk.load(), 40);
    }

private:
    std::string path(const std::string& name) const
    {
        return m_folder.path().toStdString() + "/" + name;
    }
    void write(const std::string& name, const std::string& bytes) const
    {
        std::ofstream(path(name), std::ios::binary) << bytes;
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(ExtractorTest)
#include "tst_extractor.moc"
