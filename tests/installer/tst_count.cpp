// SPDX-License-Identifier: GPL-3.0-or-later
// tests/count.sh must not let a failure pass: it is what CI believes.
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

namespace {

QString program(const QString& name, const QString& output, const QString& verdict)
{
    return QStringLiteral("1/9 Testing: %1\n1/9 Test: %1\nCommand: \"/x/%1\"\nDirectory: /x\n\"%1\" start time: Jan 01 10:00 UTC\nOutput:\n"
                          "----------------------------------------------------------\n%2<end of output>\nTest time =   0.05 sec\n"
                          "----------------------------------------------------------\n%3\n\"%1\" end time: Jan 01 10:00 UTC\n\n")
        .arg(name, output, verdict);
}

QString totals(int passed, int failed, int skipped)
{
    return QStringLiteral("PASS   : Test::x()\nTotals: %1 passed, %2 failed, %3 skipped, 0 blacklisted, 12ms\n").arg(passed).arg(failed).arg(skipped);
}

} // namespace

class TestCount : public QObject {
    Q_OBJECT

private slots:
    void totalsAreSummed_data();
    void totalsAreSummed();
    void anAbsentLogFails();
};

void TestCount::totalsAreSummed_data()
{
    QTest::addColumn<QString>("log");
    QTest::addColumn<QString>("lastLine");
    QTest::addColumn<int>("status");
    const QString good = program("tst_a", totals(5, 0, 1), "Test Passed.");
    QTest::newRow("one") << good << "5 passed, 0 failed, 1 skipped" << 0;
    QTest::newRow("two") << good + program("tst_b", totals(7, 0, 0), "Test Passed.") << "12 passed, 0 failed, 1 skipped" << 0;
    QTest::newRow("a failed function") << good + program("tst_b", totals(3, 2, 0), "Test Failed.") << "8 passed, 2 failed, 1 skipped" << 1;
    QTest::newRow("crashed before its totals") << good + program("tst_b", "PASS   : B::x()\n", "Test Failed.") << "5 passed, 1 failed, 1 skipped" << 1;
    QTest::newRow("crashed after its totals") << good + program("tst_b", totals(3, 0, 0), "Test Failed.") << "8 passed, 1 failed, 1 skipped" << 1;
    QTest::newRow("ran out of time") << program("tst_b", "", "Test timed out.") + good << "5 passed, 1 failed, 1 skipped" << 1;
    QTest::newRow("was not built") << program("tst_b", "Unable to find executable: /x/tst_b\n", "") + good << "5 passed, 1 failed, 1 skipped" << 1;
    QTest::newRow("said nothing") << program("tst_b", "hello\n", "Test Passed.") << "0 passed, 1 failed, 0 skipped" << 1;
    QTest::newRow("log cut") << good + "2/9 Testing: tst_b\n" + totals(3, 0, 0) << "8 passed, 1 failed, 1 skipped" << 1;
    QTest::newRow("nothing ran") << "Start testing: Jan 01\nEnd testing: Jan 01\n" << "0 passed, 1 failed, 0 skipped" << 1;
}

void TestCount::totalsAreSummed()
{
    QFETCH(QString, log);
    QFETCH(QString, lastLine);
    QFETCH(int, status);
    QTemporaryDir folder;
    QFile file(folder.filePath("LastTest.log"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(log.toUtf8());
    file.close();
    QProcess count;
    count.start("sh", {QStringLiteral(SY_SOURCE_DIR "/tests/count.sh"), file.fileName()});
    QVERIFY(count.waitForFinished());
    const QString output = QString::fromUtf8(count.readAllStandardOutput());
    QCOMPARE(output.trimmed().section('\n', -1), lastLine);
    QCOMPARE(count.exitCode(), status);
    if (log.contains("tst_b") && status == 1)
        QVERIFY2(output.contains("FAILED: tst_b"), qPrintable(output));
}

void TestCount::anAbsentLogFails()
{
    QProcess count;
    count.start("sh", {QStringLiteral(SY_SOURCE_DIR "/tests/count.sh"), "/nowhere/LastTest.log"});
    QVERIFY(count.waitForFinished());
    QCOMPARE(count.exitCode(), 1);
    QVERIFY(count.readAllStandardOutput().trimmed().endsWith("0 passed, 1 failed, 0 skipped"));
}

QTEST_GUILESS_MAIN(TestCount)
#include "tst_count.moc"
