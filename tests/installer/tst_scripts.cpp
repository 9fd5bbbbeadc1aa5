// SPDX-License-Identifier: GPL-3.0-or-later
// The shell scripts: plain POSIX sh, usage, and what they say when something is missing. The set-up itself is tried on a bare machine.
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QTemporaryDir>
#include <QTest>

namespace {

struct Outcome {
    int status;
    QString out, err;
};

Outcome shell(const QStringList& arguments, const QString& path = {})
{
    QProcess process;
    if (!path.isEmpty()) {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("PATH", path);
        process.setProcessEnvironment(environment);
    }
    process.setWorkingDirectory("/");
    process.start("/bin/sh", arguments);
    process.waitForFinished();
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
}

QString source(const char* relative)
{
    return QStringLiteral(SY_SOURCE_DIR "/") + relative;
}

} // namespace

class TestScripts : public QObject {
    Q_OBJECT

private slots:
    void scriptsParse_data();
    void scriptsParse();
    void anUnknownOptionIsWrongUsage();
    void helpIsShown();
    void missingPackagesAreFound();
    void theModelsToFetchAreThoseOfTheCatalogue();
};

void TestScripts::scriptsParse_data()
{
    QTest::addColumn<QString>("script");
    for (const char* script : {"installer/run.sh", "installer/steps.sh", "installer/fetch_models.sh", "tests/run.sh", "tests/count.sh", ".ci/run"})
        QTest::newRow(script) << source(script);
}

void TestScripts::scriptsParse()
{
    QFETCH(QString, script);
    const Outcome outcome = shell({"-n", script});
    QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
    QFile file(script);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(file.readAll());
    for (const char* bashism : {"[[", "\nfunction ", "<<<", "&>", "$'", "local "})
        QVERIFY2(!text.contains(bashism), bashism);
}

void TestScripts::anUnknownOptionIsWrongUsage()
{
    for (const char* script : {"installer/run.sh", "tests/run.sh"}) {
        const Outcome outcome = shell({source(script), "--frobnicate"});
        QCOMPARE(outcome.status, 2);
        QVERIFY2(outcome.err.contains("usage: sh " + QString(script)), qPrintable(outcome.err));
    }
}

void TestScripts::helpIsShown()
{
    const Outcome outcome = shell({source("installer/run.sh"), "--help"});
    QCOMPARE(outcome.status, 0);
    QVERIFY(outcome.out.contains("--setup-only"));
    QCOMPARE(shell({source("installer/fetch_models.sh"), "--help"}).status, 0);
}

void TestScripts::missingPackagesAreFound()
{
    // dpkg-query of a machine that has everything but two packages.
    QTemporaryDir folder;
    QFile fake(folder.filePath("dpkg-query"));
    QVERIFY(fake.open(QIODevice::WriteOnly));
    fake.write("#!/bin/sh\nfor package; do :; done\ncase $package in\n"
               "libzip-dev) exit 1 ;;\n"                                    // never heard of
               "poppler-data) printf 'deinstall ok config-files' ;;\n"      // removed
               "*) printf 'install ok installed' ;;\nesac\n");
    fake.close();
    fake.setPermissions(QFile::ReadOwner | QFile::ExeOwner);
    const QString script = "root=$1; . \"$root/installer/steps.sh\"; missing_packages build run";
    const Outcome outcome = shell({"-c", script, "sh", QStringLiteral(SY_SOURCE_DIR)}, folder.path() + ":/usr/bin:/bin");
    QCOMPARE(outcome.out.split('\n', Qt::SkipEmptyParts), (QStringList{"libzip-dev", "poppler-data"}));
}

void TestScripts::theModelsToFetchAreThoseOfTheCatalogue()
{
    // A program that only says what it was asked for.
    QTemporaryDir folder;
    QVERIFY(QDir().mkpath(folder.filePath("installer")));
    QVERIFY(QDir().mkpath(folder.filePath("resources/models")));
    QVERIFY(QDir().mkpath(folder.filePath("build/release/app")));
    for (const char* file : {"installer/fetch_models.sh", "installer/steps.sh", "resources/models/catalogue.json"})
        QVERIFY(QFile::copy(source(file), folder.filePath(file)));
    QCOMPARE(shell({folder.filePath("installer/fetch_models.sh")}).status, 1); // not built
    QFile fake(folder.filePath("build/release/app/switchyard"));
    QVERIFY(fake.open(QIODevice::WriteOnly));
    fake.write("#!/bin/sh\necho \"$@\"\n");
    fake.close();
    fake.setPermissions(QFile::ReadOwner | QFile::ExeOwner);
    const Outcome all = shell({folder.filePath("installer/fetch_models.sh")});
    QCOMPARE(all.out, QString("models fetch qwen2.5-coder-1.5b-instruct\nmodels fetch multilingual-e5-small\n"));
    QCOMPARE(shell({folder.filePath("installer/fetch_models.sh"), "x"}).out, QString("models fetch x\n"));
}

QTEST_GUILESS_MAIN(TestScripts)
#include "tst_scripts.moc"
