// SPDX-License-Identifier: GPL-3.0-or-later
// The level is read once in a process, so each wish is tried in a child: this program again, with a word that makes it print.
#include "engine/cpu/level.h"

#include <QCoreApplication>
#include <QProcess>
#include <QTest>
#include <cstdio>
#include <cstring>
#include <sched.h>

using namespace sy::cpu;

class TestLevel : public QObject {
    Q_OBJECT

private slots:
    void aWishLowersTheLevelAndNeverRaisesIt_data();
    void aWishLowersTheLevelAndNeverRaisesIt();
    void theLevelStaysTheSame();
    void coresAreCountedInTheAffinityMask();
    void namesAreGiven();
};

namespace {

int levelOfChild(const QString& wish)
{
    QProcess child;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.remove("SWITCHYARD_CPU_ISA");
    if (!wish.isNull())
        environment.insert("SWITCHYARD_CPU_ISA", wish);
    child.setProcessEnvironment(environment);
    child.start(QCoreApplication::applicationFilePath(), {"--print-level"});
    child.waitForFinished();
    return child.readAllStandardOutput().trimmed().toInt();
}

} // namespace

void TestLevel::aWishLowersTheLevelAndNeverRaisesIt_data()
{
    QTest::addColumn<QString>("wish");
    QTest::addColumn<int>("most");
    QTest::newRow("none") << QString() << int(Level::avx512);
    QTest::newRow("scalar") << "scalar" << int(Level::scalar);
    QTest::newRow("avx2") << "avx2" << int(Level::avx2);
    QTest::newRow("avx512") << "avx512" << int(Level::avx512);
    QTest::newRow("empty") << "" << int(Level::avx512);
    QTest::newRow("a word that is none") << "fast" << int(Level::avx512);
}

void TestLevel::aWishLowersTheLevelAndNeverRaisesIt()
{
    QFETCH(QString, wish);
    QFETCH(int, most);
    const int best = levelOfChild(QString());
    QCOMPARE(levelOfChild(wish), std::min(best, most));
}

void TestLevel::theLevelStaysTheSame()
{
    const Level first = level();
    qputenv("SWITCHYARD_CPU_ISA", first == Level::scalar ? "avx2" : "scalar");
    QCOMPARE(int(level()), int(first));
    qunsetenv("SWITCHYARD_CPU_ISA");
}

void TestLevel::coresAreCountedInTheAffinityMask()
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    QCOMPARE(sched_getaffinity(0, sizeof mask, &mask), 0);
    QVERIFY(physicalCores() >= 1);
    QVERIFY(physicalCores() <= CPU_COUNT(&mask));
}

void TestLevel::namesAreGiven()
{
    QCOMPARE(levelName(Level::scalar), std::string_view("scalar"));
    QCOMPARE(levelName(Level::avx2), std::string_view("AVX2"));
    QCOMPARE(levelName(Level::avx512), std::string_view("AVX-512"));
    processorName(); // may be empty, must not throw
}

int main(int argc, char** argv)
{
    if (argc == 2 && std::strcmp(argv[1], "--print-level") == 0) {
        std::printf("%d\n", int(level()));
        return 0;
    }
    QCoreApplication app(argc, argv);
    TestLevel test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_level.moc"
