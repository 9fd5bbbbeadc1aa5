// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/formats/new_file.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>
#include <memory>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sy;
using namespace sy::formats;

namespace {

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

} // namespace

class TestNewFile : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void theFileAppearsWithCommitOnly();
    void withoutCommitTheOldFileStays();
    void piecesOfAnySizeArriveInOrder();
    void twoWritersDoNotMeet();
    void whatAKilledProgramLeftIsRemoved();
    void aFolderThatIsNotThereIsAStorageFailure();
    void permissionsAreThoseOfAnyNewFile();

private:
    std::filesystem::path target() const { return m_folder->filePath("out.bin").toStdString(); }
    QStringList files() const { return QDir(m_folder->path()).entryList(QDir::Files | QDir::Hidden, QDir::Name); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestNewFile::theFileAppearsWithCommitOnly()
{
    NewFile out(target());
    out.write(bytesOf("hello"));
    QVERIFY(!std::filesystem::exists(target()));
    out.commit();
    QCOMPARE(test::readFile(target()), std::string("hello"));
    QCOMPARE(files(), QStringList{"out.bin"});
}

void TestNewFile::withoutCommitTheOldFileStays()
{
    {
        NewFile out(target());
        out.write(bytesOf("old"));
        out.commit();
    }
    {
        NewFile out(target());
        out.write(bytesOf("new"));
    }
    QCOMPARE(test::readFile(target()), std::string("old"));
    QCOMPARE(files(), QStringList{"out.bin"});
}

void TestNewFile::piecesOfAnySizeArriveInOrder()
{
    std::string expected;
    NewFile out(target());
    size_t seed = 1;
    for (const size_t n : {size_t(0), size_t(1), size_t(1 << 20), size_t(3), size_t((1 << 20) - 1), size_t(2), size_t(5 << 20), size_t(7)}) {
        std::string piece(n, ' ');
        for (char& c : piece)
            c = char(seed = seed * 1103515245 + 12345);
        out.write(bytesOf(piece));
        expected += piece;
    }
    QCOMPARE(out.written(), uint64_t(expected.size()));
    out.commit();
    QVERIFY(test::readFile(target()) == expected);
}

void TestNewFile::twoWritersDoNotMeet()
{
    NewFile first(target());
    NewFile second(target());
    first.write(bytesOf("first"));
    second.write(bytesOf("second"));
    second.commit();
    first.commit(); // the later commit wins, whole
    QCOMPARE(test::readFile(target()), std::string("first"));
    QCOMPARE(files(), QStringList{"out.bin"});
}

void TestNewFile::whatAKilledProgramLeftIsRemoved()
{
    const pid_t child = ::fork();
    if (child == 0) {
        NewFile out(target());
        out.write(bytesOf(std::string(3 << 20, 'x')));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QCOMPARE(files().size(), 1); // the sibling
    NewFile out(target());
    QCOMPARE(files().size(), 1); // the new one's own
    out.write(bytesOf("done"));
    out.commit();
    QCOMPARE(files(), QStringList{"out.bin"});
}

void TestNewFile::aFolderThatIsNotThereIsAStorageFailure()
{
    QVERIFY_EXCEPTION_THROWN(NewFile(m_folder->filePath("no/such/out.bin").toStdString()), StorageFailure);
    NewFile out(m_folder->filePath("out.bin").toStdString());
    QVERIFY(QDir().mkdir(m_folder->filePath("out.bin")));
    QVERIFY_EXCEPTION_THROWN(out.commit(), StorageFailure); // a folder is in the way
}

void TestNewFile::permissionsAreThoseOfAnyNewFile()
{
    const mode_t before = ::umask(027);
    NewFile out(target());
    out.commit();
    ::umask(before);
    struct stat info {};
    QCOMPARE(::stat(target().c_str(), &info), 0);
    QCOMPARE(int(info.st_mode & 0777), 0640);
}

QTEST_APPLESS_MAIN(TestNewFile)
#include "tst_new_file.moc"
