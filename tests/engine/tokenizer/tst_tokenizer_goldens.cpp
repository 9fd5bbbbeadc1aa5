// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ids of other implementations for real vocabularies, and the starter models' own.
#include "engine/formats/gguf.h"
#include "engine/tokenizer/chat_prompt.h"
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
    void starterModelEncodesItsChats();
    void starterEmbedderTokenizesItsCases_data();
    void starterEmbedderTokenizesItsCases();
    void miniLmTokenizesItsCases();
};

void TestTokenizerGoldens::idsEqualTheReference_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "llama-spm", "nomic-bert-moe",
                             "bert-bge"})
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

// The goldens tokenize the rendered text whole. Two of them spell control tokens in a message, where ours are plain text.
void TestTokenizerGoldens::starterModelEncodesItsChats()
{
    const auto path = test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
    const auto golden = test::fixturePath("starter-model/tokens.jsonl");
    if (path.empty() || !std::filesystem::exists(golden))
        QSKIP("the starter model (SWITCHYARD_TEST_MODELS) or starter-model/ of the fixtures is absent");
    const auto model = formats::GgufFile::open(path);
    const Tokenizer tokenizer(tokenizer::readVocabulary(model.metadata()));
    const auto chatTemplate = tokenizer::ChatTemplate::parse(model.metadata().requireString("tokenizer.chat_template"));
    QStringList differing;
    int nConversations = 0;
    for (const json& row : lines(golden)) {
        const std::vector<int32_t> expected = row["ids"];
        const nlohmann::ordered_json messages = row["messages"];
        tokenizer::ChatPromptOptions whole;
        whole.wholeText = true;
        const auto prompt = tokenizer::encodeChat(tokenizer, chatTemplate, messages);
        QCOMPARE(QByteArray::fromStdString(prompt.text), QByteArray::fromStdString(row["text"].get<std::string>()));
        QCOMPARE(shown(tokenizer::encodeChat(tokenizer, chatTemplate, messages, whole).ids), shown(expected));
        QCOMPARE(QByteArray::fromStdString(tokenizer.decode(prompt.ids, {true})), QByteArray::fromStdString(prompt.text));
        QVERIFY(prompt.isContentPlain);
        if (prompt.ids != expected)
            differing << QString::fromStdString(row["id"].get<std::string>());
        ++nConversations;
    }
    QCOMPARE(nConversations, 40);
    differing.sort();
    QCOMPARE(differing, QStringList({"code-fim-text", "en-special-text"}));
}

void TestTokenizerGoldens::starterEmbedderTokenizesItsCases_data()
{
    QTest::addColumn<QString>("file");
    QTest::newRow("the starter embedder") << QString::fromStdString(test::testModelPath("multilingual-e5-small-q4_0.gguf").string());
    QTest::newRow("another model of the same pieces") << QString::fromStdString(test::fixturePath("tokenizers/nomic-bert-moe.gguf").string());
}

void TestTokenizerGoldens::starterEmbedderTokenizesItsCases()
{
    QFETCH(QString, file);
    const auto golden = test::fixturePath("embedder/e5-cases.jsonl");
    if (!std::filesystem::exists(file.toStdString()) || !std::filesystem::exists(golden))
        QSKIP("the model (SWITCHYARD_TEST_MODELS) or embedder/ of the fixtures is absent");
    const Tokenizer tokenizer = load(file.toStdString());
    for (const json& row : lines(golden)) {
        const std::vector<int32_t> expected = row["ids"];
        QCOMPARE(shown(tokenizer.encode(row["text"].get<std::string>(), {false, true, 512})), shown(expected));
    }
}

// MiniLM has the vocabulary of bert-base-uncased, as bge does. Its ids come from the model's own tokenizer.
void TestTokenizerGoldens::miniLmTokenizesItsCases()
{
    const auto file = test::fixturePath("tokenizers/bert-bge.gguf"), golden = test::fixturePath("embedder/minilm-cases.jsonl");
    if (!std::filesystem::exists(file) || !std::filesystem::exists(golden))
        QSKIP("tokenizers/ or embedder/ of the fixtures is absent");
    const auto model = formats::GgufFile::open(file);
    tokenizer::Vocabulary vocabulary = tokenizer::readVocabulary(model.metadata());
    vocabulary.accentStripping = tokenizer::AccentStripping::asBert;
    const Tokenizer tokenizer(std::move(vocabulary));
    for (const json& row : lines(golden)) {
        const std::vector<int32_t> expected = row["ids"];
        const std::vector<int32_t> got = tokenizer.encode(row["text"].get<std::string>(), {false, true, 256});
        if (shown(got) != shown(expected))
            qWarning("%s", row["name"].dump().c_str());
        QCOMPARE(shown(got), shown(expected));
    }
}

QTEST_APPLESS_MAIN(TestTokenizerGoldens)
#include "tst_tokenizer_goldens.moc"
