// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/core/sha256.h"

#include <QTemporaryDir>
#include <QTest>
#include <fstream>

using namespace sy;

class TestSha256 : public QObject {
    Q_OBJECT

private slots:
    void knownDigests_data();
    void knownDigests();
    void piecesGiveTheSameDigest();
    void aFileIsHashedWithProgress();
    void anUnreadableFileIsAStorageFailure();
    void stoppingIsCancelled();
};

void TestSha256::knownDigests_data() // FIPS 180-4 examples
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("digest");
    QTest::newRow("empty") << QByteArray("") << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    QTest::newRow("abc") << QByteArray("abc") << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QTest::newRow("two blocks") << QByteArray("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                                << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    QTest::newRow("a million a") << QByteArray(1000000, 'a') << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
}

void TestSha256::knownDigests()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, digest);
    QCOMPARE(QString::fromStdString(sha256Hex(text.toStdString())), digest);
}

void TestSha256::piecesGiveTheSameDigest()
{
    const std::string text = "The quick brown fox jumps over the lazy dog, again and again and again and again.";
    for (size_t cut = 0; cut <= text.size(); ++cut) {
        Sha256 hash;
        const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
        hash.add(bytes.first(cut));
        Sha256 moved = std::move(hash);
        moved.add(bytes.subspan(cut));
        QCOMPARE(moved.hex(), sha256Hex(text));
    }
}

void TestSha256::aFileIsHashedWithProgress()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("f").toStdString();
    const std::string text(3'000'001, 'x');
    std::ofstream(path, std::ios::binary) << text;
    uint64_t last = 0;
    int nCalls = 0;
    const std::string digest = sha256HexOfFile(path, {}, [&](uint64_t done) {
        QVERIFY(done > last);
        last = done;
        ++nCalls;
    });
    QCOMPARE(digest, sha256Hex(text));
    QCOMPARE(last, uint64_t(text.size()));
    QVERIFY(nCalls >= 3);
}

void TestSha256::anUnreadableFileIsAStorageFailure()
{
    QTemporaryDir folder;
    QVERIFY_EXCEPTION_THROWN(sha256HexOfFile(folder.filePath("absent").toStdString()), StorageFailure);
    QVERIFY_EXCEPTION_THROWN(sha256HexOfFile(folder.path().toStdString()), StorageFailure); // a folder opens but cannot be read
}

void TestSha256::stoppingIsCancelled()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("f").toStdString();
    std::ofstream(path) << "text";
    std::stop_source source;
    source.request_stop();
    QVERIFY_EXCEPTION_THROWN(sha256HexOfFile(path, source.get_token()), Cancelled);
}

QTEST_APPLESS_MAIN(TestSha256)
#include "tst_sha256.moc"
