// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/model_facts.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sy;
using namespace sy::formats;

namespace {

uint64_t bytesOf(const ModelFacts& facts, const std::string& type)
{
    for (const auto& [name, bytes] : facts.quantization)
        if (name == type)
            return bytes;
    return 0;
}

} // namespace

class TestModelFacts : public QObject {
    Q_OBJECT

private slots:
    void expertsCountAsActiveByTheirShare();
    void aFileWithoutArchitectureIsRefused();
    void goldenModelsAreDescribed();
    void theStarterModelIsDescribed();
};

void TestModelFacts::expertsCountAsActiveByTheirShare()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("tiny mixture.gguf").toStdString();
    GgufWriter out(path);
    Metadata& m = out.metadata();
    m.setString("general.architecture", "qwen3moe");
    m.setString("general.license", "apache-2.0");
    m.setInteger("qwen3moe.context_length", 4096);
    m.setInteger("qwen3moe.block_count", 3);
    m.setInteger("qwen3moe.expert_count", 8);
    m.setIntegers("qwen3moe.expert_used_count", std::vector<int32_t>{1, 2, 2});
    m.setStrings("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "c"});
    out.declare("token_embd.weight", {3, 32}, DType::Q8_0);
    out.declare("blk.0.ffn_up_exps.weight", {8, 4, 32}, DType::Q4_0);
    out.declare("blk.0.ffn_gate_inp.weight", {8, 32}, DType::F32);
    out.declare("blk.0.ffn_up_shexp.weight", {4, 32}, DType::F16);
    out.declare("blk.0.ffn_gate.3.weight", {4, 32}, DType::F16); // one of many, as very old files have them
    out.declare("blk.0.table", {16}, DType::I32);
    for (const uint64_t bytes : {3 * 34, 8 * 4 * 18, 8 * 32 * 4, 4 * 32 * 2, 4 * 32 * 2, 64})
        out.append(std::vector<std::byte>(bytes));
    out.finish();

    const ModelFacts facts = modelFacts(GgufFile::open(path));
    QCOMPARE(facts.architecture, std::string("qwen3moe"));
    QCOMPARE(facts.name, std::string("tiny mixture"));
    QCOMPARE(facts.license, std::string("apache-2.0"));
    QCOMPARE(facts.parameters, int64_t(96 + 1024 + 256 + 128 + 128));
    QCOMPARE(facts.activeParameters, int64_t(96 + 256 + 256 + 128 + 32));
    QCOMPARE(facts.nExperts, int64_t(8));
    QCOMPARE(facts.nExpertsUsed, int64_t(2));
    QCOMPARE(facts.nLayers, int64_t(3));
    QCOMPARE(facts.contextLength, int64_t(4096));
    QCOMPARE(facts.vocabulary, int64_t(3));
    QCOMPARE(facts.fileBytes, uint64_t(std::filesystem::file_size(path)));
    QCOMPARE(facts.quantization.front().first, std::string("F32")); // most bytes first
    QCOMPARE(bytesOf(facts, "Q4_0"), uint64_t(576));
    QCOMPARE(bytesOf(facts, "F16"), uint64_t(512));
    QVERIFY(!facts.isEmbeddingModel);
}

void TestModelFacts::aFileWithoutArchitectureIsRefused()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("a.gguf").toStdString();
    GgufWriter(path).finish();
    QVERIFY_EXCEPTION_THROWN(modelFacts(GgufFile::open(path)), BadFile);
}

void TestModelFacts::goldenModelsAreDescribed()
{
    const std::filesystem::path folder = test::fixturePath("models");
    if (!std::filesystem::exists(folder))
        QSKIP("fixtures/models is not there");
    const ModelFacts mixtral = modelFacts(GgufFile::open(folder / "llama-mixtral.gguf"));
    QCOMPARE(mixtral.architecture, std::string("llama"));
    QCOMPARE(mixtral.nExpertsUsed, int64_t(2));
    QCOMPARE(mixtral.vocabulary, int64_t(256));
    QVERIFY(mixtral.activeParameters < mixtral.parameters);
    const ModelFacts llama = modelFacts(GgufFile::open(folder / "llama.gguf"));
    QCOMPARE(llama.activeParameters, llama.parameters);
    QVERIFY(!llama.isEmbeddingModel);
    QVERIFY(modelFacts(GgufFile::open(folder / "bert-mean.gguf")).isEmbeddingModel);
    QVERIFY(modelFacts(GgufFile::open(folder / "qwen3-embedding.gguf")).isEmbeddingModel);
}

void TestModelFacts::theStarterModelIsDescribed()
{
    const std::filesystem::path path = test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
    if (path.empty())
        QSKIP("SWITCHYARD_TEST_MODELS does not hold the starter chat model");
    const ModelFacts facts = modelFacts(GgufFile::open(path));
    QCOMPARE(facts.architecture, std::string("qwen2"));
    QCOMPARE(facts.fileBytes, uint64_t(1117320768));
    QCOMPARE(facts.nLayers, int64_t(28));
    QCOMPARE(facts.vocabulary, int64_t(151936));
    QCOMPARE(facts.contextLength, int64_t(32768));
    QCOMPARE(facts.quantization.size(), size_t(3)); // Q4_K, Q6_K, F32
}

QTEST_APPLESS_MAIN(TestModelFacts)
#include "tst_model_facts.moc"
