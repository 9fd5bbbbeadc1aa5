// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cuda/module.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace sy::cuda;
using State = Availability::State;
namespace fs = std::filesystem;

Q_DECLARE_METATYPE(State)

class TestCudaModule : public QObject {
    Q_OBJECT

private slots:
    void aModuleReportsWhatThereIs_data();
    void aModuleReportsWhatThereIs();
    void withoutAModuleTheBuildIsCpuOnly();
    void aFileThatIsNoLibraryIsRefused();
    void theModuleIsFoundBesideTheProgramOrInstalled();
    void devicesAreDescribed();

private:
    static fs::path fake(const QString& kind) { return fs::path(FAKE_MODULES) / ("libfake_cuda_" + kind.toStdString() + ".so"); }
};

void TestCudaModule::aModuleReportsWhatThereIs_data()
{
    QTest::addColumn<State>("state");
    QTest::addColumn<QString>("said");
    QTest::newRow("good") << State::ready << "Card 0";
    QTest::newRow("other_version") << State::badModule << "version 2";
    QTest::newRow("no_driver") << State::noDriver << "CUDA driver version is insufficient";
    QTest::newRow("no_device") << State::noDevice << "no device";
    QTest::newRow("no_symbols") << State::badModule << "switchyardCudaAbi";
}

void TestCudaModule::aModuleReportsWhatThereIs()
{
    QFETCH(State, state);
    QFETCH(QString, said);
    const Availability found = probe(fake(QTest::currentDataTag()));
    QVERIFY2(found.state == state, describe(found).c_str());
    QVERIFY2(QString::fromStdString(describe(found)).contains(said), describe(found).c_str());
    QCOMPARE(found.devices.empty(), state != State::ready);
}

void TestCudaModule::withoutAModuleTheBuildIsCpuOnly()
{
    const Availability found = probe("/nowhere/libswitchyard_cuda.so");
    QVERIFY(found.state == State::noModule);
    QCOMPARE(describe(found), std::string("no CUDA module in this build"));
}

void TestCudaModule::aFileThatIsNoLibraryIsRefused()
{
    QTemporaryDir folder;
    const fs::path file = folder.filePath("libswitchyard_cuda.so").toStdString();
    std::ofstream(file) << "text";
    const Availability found = probe(file);
    QVERIFY(found.state == State::badModule);
    QVERIFY(!found.detail.empty());
}

void TestCudaModule::theModuleIsFoundBesideTheProgramOrInstalled()
{
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    const fs::path program = root / "bin/switchyard";
    QCOMPARE(moduleOf(program), root / "bin/libswitchyard_cuda.so");
    fs::create_directories(root / "lib/switchyard");
    std::ofstream(root / "lib/switchyard/libswitchyard_cuda.so") << "x";
    QCOMPARE(moduleOf(program), root / "lib/switchyard/libswitchyard_cuda.so");
    fs::create_directories(root / "bin");
    std::ofstream(root / "bin/libswitchyard_cuda.so") << "x";
    QCOMPARE(moduleOf(program), root / "bin/libswitchyard_cuda.so");
}

void TestCudaModule::devicesAreDescribed()
{
    const Availability found = probe(fake("good"));
    QCOMPARE(found.devices.size(), size_t(2));
    QCOMPARE(found.devices[1].name, std::string("Card 1"));
    QCOMPARE(found.devices[1].freeBytes, uint64_t(20'000'000'000));
    QCOMPARE(describe(found), std::string("Card 0, 24 GB, compute capability 9.0; Card 1, 24 GB, compute capability 9.0"));
}

QTEST_GUILESS_MAIN(TestCudaModule)
#include "tst_cuda_module.moc"
