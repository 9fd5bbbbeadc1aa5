// SPDX-License-Identifier: GPL-3.0-or-later
// Texts in files without names: what was put in comes out, and nothing stays behind, whatever happens.
#include "engine/core/error.h"
#include "engine/train/hash_list.h"
#include "engine/train/text_store.h"

#include <QTemporaryDir>
#include <QtTest>

#include <csignal>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sy;

namespace {

std::vector<train::TrainingText> someTexts(size_t n)
{
    std::vector<train::TrainingText> texts;
    uint32_t x = 5;
    for (size_t i = 0; i < n; ++i) {
        train::TrainingText& text = texts.emplace_back();
        const size_t length = i == 7 ? 100'000 : i * i % 97; // one that is larger than every buffer, some without a token
        for (size_t t = 0; t < length; ++t) {
            x = x * 1664525 + 1013904223;
            text.tokens.push_back(int32_t(x >> 1)); // up to 2^31 - 1
            text.isTrained.push_back(uint8_t(x & 1));
        }
    }
    return texts;
}

bool isSame(const train::TrainingText& a, const train::TrainingText& b)
{
    return a.tokens == b.tokens && a.isTrained == b.isTrained;
}

QStringList filesIn(const QTemporaryDir& dir)
{
    return QDir(dir.path()).entryList(QDir::NoDotAndDotDot | QDir::AllEntries | QDir::Hidden | QDir::System);
}

std::string problemOfFilling(const std::filesystem::path& folder)
{
    const std::vector<std::byte> megabyte(1'000'000);
    try {
        train::SpoolFile file(folder);
        for (int i = 0; i < 100; ++i)
            file.add(megabyte);
    } catch (const StorageFailure& error) {
        return error.what();
    }
    return "100 MB";
}

} // namespace

class TestTextStore : public QObject {
    Q_OBJECT

private slots:
    void textsComeBackAsTheyWere_data()
    {
        QTest::addColumn<bool>("isFile");
        QTest::newRow("file") << true;
        QTest::newRow("memory") << false;
    }

    void textsComeBackAsTheyWere()
    {
        QFETCH(bool, isFile);
        const QTemporaryDir dir;
        train::TextStore store(isFile ? dir.path().toStdString() : std::string());
        const auto texts = someTexts(300);
        int64_t nTokens = 0;
        for (size_t i = 0; i < texts.size(); ++i) {
            store.add(texts[i]);
            nTokens += int64_t(texts[i].tokens.size());
            QVERIFY(isSame(store[i], texts[i])); // also before anything is written
            QVERIFY(isSame(store[i / 2], texts[i / 2]));
        }
        QCOMPARE(store.size(), texts.size());
        QCOMPARE(store.nTokens(), nTokens);
        QVERIFY(filesIn(dir).isEmpty());
        train::TextStore moved = std::move(store), odd(isFile ? dir.path().toStdString() : std::string());
        size_t i = 0;
        for (const train::TrainingText& text : moved) {
            QCOMPARE(moved.length(i).nTokens, int64_t(text.tokens.size()));
            QCOMPARE(moved.length(i).nLabels, text.nLabels());
            QVERIFY(isSame(text, texts[i]));
            if (i % 2 == 1)
                odd.addFrom(moved, i);
            ++i;
        }
        QCOMPARE(i, texts.size());
        moved = train::TextStore();
        QVERIFY(moved.empty());
        QCOMPARE(odd.size(), 150u);
        for (size_t j = 0; j < odd.size(); ++j)
            QVERIFY(isSame(odd[j], texts[2 * j + 1]));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, odd[150]);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, odd.add({{1, 2}, {1}}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, odd.add({{-1}, {1}}));
    }

    void repeatedHashesAreCountedInParts_data()
    {
        QTest::addColumn<int>("part");
        for (const int part : {1, 7, 100, 5000, 1'000'000})
            QTest::addRow("%d", part) << part;
    }

    void repeatedHashesAreCountedInParts()
    {
        QFETCH(int, part);
        train::HashList hashes({}, size_t(part));
        std::set<uint64_t> distinct;
        uint64_t x = 1;
        for (int i = 0; i < 9000; ++i) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            const uint64_t hash = i % 3 == 0 ? 42 : i % 3 == 1 ? x : x % 500;
            hashes.add(hash);
            distinct.insert(hash);
        }
        QCOMPARE(hashes.size(), 9000u);
        QCOMPARE(hashes.countRepeated(), 9000 - int64_t(distinct.size()));
        QCOMPARE(train::HashList({}).countRepeated(), 0);
    }

    void aProcessThatIsKilledLeavesNothing()
    {
        const QTemporaryDir dir;
        int ready[2];
        QCOMPARE(::pipe(ready), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            train::TextStore store(dir.path().toStdString());
            for (const train::TrainingText& text : someTexts(100))
                store.add(text);
            const char done = 1;
            (void)!::write(ready[1], &done, 1);
            ::pause();
            ::_exit(0);
        }
        char done = 0;
        QCOMPARE(::read(ready[0], &done, 1), 1);
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        QVERIFY(WIFSIGNALED(status));
        QVERIFY(filesIn(dir).isEmpty());
    }

    void aFullDiskIsToldWithSizesAndLeavesNothing()
    {
        const QTemporaryDir dir;
        if (::mount("tmpfs", qPrintable(dir.path()), "tmpfs", 0, "size=3m") != 0)
            QSKIP("this user may make no small disk");
        const std::string problem = problemOfFilling(dir.path().toStdString());
        const bool isEmpty = filesIn(dir).isEmpty();
        ::umount(qPrintable(dir.path()));
        QVERIFY2(QString::fromStdString(problem).contains("MB needed, 0 MB free; make room, or choose a data folder on another disk"),
                 problem.c_str());
        QVERIFY(isEmpty);
    }

    void aWriteThatFailsIsTold()
    {
        const QTemporaryDir dir;
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit small{2'000'000, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        const std::string problem = problemOfFilling(dir.path().toStdString());
        ::setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY2(QString::fromStdString(problem).contains("writing the file failed: File too large"), problem.c_str());
        QVERIFY(filesIn(dir).isEmpty());
        QVERIFY(QString::fromStdString(problemOfFilling("/no/such/folder")).contains("No such file or directory"));
    }
};

QTEST_APPLESS_MAIN(TestTextStore)
#include "tst_text_store.moc"
