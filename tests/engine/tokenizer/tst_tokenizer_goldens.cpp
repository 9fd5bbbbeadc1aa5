// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ids of other implementations for real vocabularies, and the starter models' own.
#include "engine/formats/gguf.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/fixtures.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <sstream>

using namespace sy;
using nlohmann::json;
using tokenizer::Tokenizer;

namespace {

std::vector<json> lines(const std::filesystem::path& path)
{
    std::vector<json> rows;
    std::istringstream in(test::readFile(path));
    for (std::string line; std::getline(in, line);)
        rows.push_back(json::parse(line));
    return rows;
}

Tokenizer load(const std::filesystem::path& path)
{
    return Tokenizer(tokenizer::readVocabulary(formats::GgufFile::open(path).metadata()));
}

QByteArray shown(const std::vector<int32_t>& ids)
{
    return QByteArray::fromStdString(json(ids).dump());
}

} // namespace

class TestTokenizerGoldens : public QObject {
    Q_OBJECT

private slots:
    void idsEqualTheReference_data();
    void idsEqualTheReference();
    void starterModelTokenizesItsConversations();
};

void TestTokenizerGoldens::idsEqualTheReference_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder"})
        QTest::newRow(name) << QString(name);
}

void TestTokenizerGoldens::idsEqualTheReference()
{
    QFETCH(QString, name);
    const auto file = test::fixturePath("tokenizers/" + name.toStdString() + ".gguf");
    if (!std::filesystem::exists(file))
        QSKIP("tokenizers/ of the fixtures is absent");
    const Tokenizer tokenizer = load(file);
    int nFailed = 0;
    for (const json& row : lines(test::fixturePath("tokenizers/" + name.toStdString() + ".jsonl"))) {
        const std::string text = row["text"];
        const auto ids = tokenizer.encode(text), special = tokenizer.encode(text, {true, true});
        for (const auto& [got, key] : {std::pair(ids, "ids"), std::pair(special, "ids_with_special")}) {
            const std::vector<int32_t> expected = row[key];
            if (got == expected)
                continue;
            if (++nFailed <= 5)
                qWarning("%s of %s\n  got      %s\n  expected %s", key, json(text).dump().c_str(), shown(got).data(),
                         shown(expected).data());
        }
    }
    QCOMPARE(nFailed, 0);
}

void TestTokenizerGoldens::starterModelTokenizesItsConversations()
{
    const auto model = test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
    const auto golden = test::fixturePath("starter-model/tokens.jsonl");
    if (model.empty() || !std::filesystem::exists(golden))
        QSKIP("the starter model (SWITCHYARD_TEST_MODELS) or starter-model/ of the fixtures is absent");
    const Tokenizer tokenizer = load(model);
    for (const json& row : lines(golden)) {
        const std::string text = row["text"];
        const std::vector<int32_t> expected = row["ids"];
        QCOMPARE(shown(tokenizer.encode(text, {true, true})), shown(expected));
        QCOMPARE(QByteArray::fromStdString(tokenizer.decode(expected, {true})), QByteArray::fromStdString(text));
    }
    QCOMPARE(tokenizer.eos(), 151645);
    QCOMPARE(tokenizer.eot(), 151645);
    QVERIFY(tokenizer.isEndOfGeneration(151645) && tokenizer.isEndOfGeneration(151643));
    QCOMPARE(tokenizer.tokenBytes(128247), std::string_view("</s>"));
    QVERIFY(!tokenizer.isEndOfGeneration(128247));
    QVERIFY(!tokenizer.isControl(128247));
    QVERIFY(tokenizer.fillInTheMiddle().isComplete());
    QVERIFY(tokenizer.warnings().empty());
}

QTEST_APPLESS_MAIN(TestTokenizerGoldens)
#include "tst_tokenizer_goldens.moc"
