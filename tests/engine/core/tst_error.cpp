// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"

#include <QTest>

using namespace sy;

class TestError : public QObject {
    Q_OBJECT

private slots:
    void sentencesCarryTheFacts();
    void everyErrorIsAnError();
};

void TestError::sentencesCarryTheFacts()
{
    const BadFile bad("m.gguf", "tensor a ends past the end of the file", 48);
    QCOMPARE(bad.what(), "m.gguf: tensor a ends past the end of the file (at byte 48)");
    QCOMPARE(bad.offset, int64_t(48));
    QCOMPARE(bad.problem, std::string("tensor a ends past the end of the file"));
    QCOMPARE(BadFile("m.gguf", "is empty").what(), "m.gguf: is empty");
    QCOMPARE(BadFile("m.gguf", "is empty", 0).what(), "m.gguf: is empty (at byte 0)");

    const Unsupported unsupported("architecture foo", "this version knows no such model");
    QCOMPARE(unsupported.what(), "architecture foo is not supported: this version knows no such model");
    QCOMPARE(unsupported.thing, std::string("architecture foo"));

    const OutOfMemory memory("cuda:0", 2048, 1024);
    QCOMPARE(memory.what(), "not enough memory on cuda:0: 2048 bytes wanted, 1024 free");
    QCOMPARE(memory.wantedBytes, uint64_t(2048));

    QCOMPARE(DeviceFailure("cuda:0", "copying weights", "lost").what(), "cuda:0 failed while copying weights: lost");
    QCOMPARE(StorageFailure("a.db", "writing", "No space left on device").what(), "a.db: writing failed: No space left on device");
    QCOMPARE(Cancelled().what(), "cancelled");
}

void TestError::everyErrorIsAnError()
{
    QVERIFY_EXCEPTION_THROWN(throw BadFile("a", "b"), Error);
    QVERIFY_EXCEPTION_THROWN(throw Unsupported("a", "b"), Error);
    QVERIFY_EXCEPTION_THROWN(throw OutOfMemory("a", 1, 2), Error);
    QVERIFY_EXCEPTION_THROWN(throw DeviceFailure("a", "b", "c"), Error);
    QVERIFY_EXCEPTION_THROWN(throw StorageFailure("a", "b", "c"), Error);
    QVERIFY_EXCEPTION_THROWN(throw Cancelled(), std::exception);
}

QTEST_APPLESS_MAIN(TestError)
#include "tst_error.moc"
