// SPDX-License-Identifier: GPL-3.0-or-later
// Adapters at work in inference: PEFT's own logits, sequences with and without an adapter in one step, files.
#include "engine/formats/safetensors/safetensors_file.h"
#include "engine/formats/safetensors/safetensors_model.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/peft_adapter.h"
#include "model_test.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cstring>
#include <fstream>

using namespace sy;
using models::LogitsWanted;
using models::SequenceStep;

namespace {

std::unique_ptr<models::Model> loadFolder(const std::string& name)
{
    return models::loadModel(formats::SafetensorsModel::open(test::fixturePath("hf/" + name)));
}

std::vector<float> logits(models::Model& model, const ops::OpContext& context, const nn::AdapterUse& adapter,
                          const std::vector<size_t>& pieces = {40})
{
    const auto pool = test::poolFor(model, 200);
    nn::KvSequence cache(*pool);
    std::vector<int32_t> tokens = test::goldenTokens();
    for (int32_t& token : tokens)
        token %= int32_t(model.config().nVocabulary);
    return test::allLogits(model, context, cache, tokens, pieces, adapter);
}

struct PeftCase {
    const char* folder;
    const char* base;
};
constexpr PeftCase kPeft[] = {
    {"peft-llama", "llama"},
    {"peft-llama-rslora", "llama"},
    {"peft-qwen2-dora", "qwen2"},
    {"peft-qwen3-moe-fused", "qwen3-moe"},
    {"peft-qwen3-moe-per-expert", "qwen3-moe"},
    {"peft-deepseek-v2-lite", "deepseek-v2-lite"},
};

} // namespace

class TestAdapters : public QObject {
    Q_OBJECT

private:
    void addCases()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < int(std::size(kPeft)); ++i)
            QTest::newRow(kPeft[i].folder) << i;
    }

private slots:
    void peftAdaptersGivePeftsLogits_data() { addCases(); }

    void peftAdaptersGivePeftsLogits()
    {
        QFETCH(int, index);
        const PeftCase& c = kPeft[index];
        const auto folder = test::fixturePath(std::string("training/") + c.folder);
        if (!std::filesystem::exists(folder))
            QSKIP("the training goldens are not there");
        const auto expected = test::readFloats(folder.string() + ".expected.f32");
        const auto model = loadFolder(c.base);
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads, cpu::level(), ops::Activations::f32};
        nn::Adapter adapter = models::readPeftAdapter(folder, *model);
        models::bindAdapter(context, *model, adapter, folder.string());
        const auto adapted = logits(*model, context, {&adapter, 1});
        const double error = test::largestDifference(adapted, expected);
        qInfo("largest difference %.1e", error);
        QVERIFY(error < 1e-4);
        const auto piecewise = logits(*model, context, {&adapter, 1}, {3, 1, 17, 1});
        QVERIFY(std::memcmp(piecewise.data(), adapted.data(), adapted.size() * sizeof(float)) == 0);

        const auto plain = logits(*model, context, {});
        QVERIFY(test::largestDifference(plain, expected) > 0.01);
        const auto off = logits(*model, context, {&adapter, 0});
        QVERIFY(std::memcmp(off.data(), plain.data(), plain.size() * sizeof(float)) == 0);
        const auto half = logits(*model, context, {&adapter, 0.5f});
        QVERIFY(test::largestDifference(half, plain) > 1e-3 && test::largestDifference(half, adapted) > 1e-3);
    }

    void whatIsWrittenAsPeftIsReadBackBitForBit_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"llama", "llama-mixtral", "qwen2", "qwen2moe", "qwen3moe", "olmoe", "deepseek-v1", "deepseek2-v2-lite",
                                 "deepseek2-v3", "gemma3"})
            QTest::newRow(name) << QString("models/") + name;
        for (const char* name : {"qwen35", "qwen35moe", "deepseek32", "deepseek4"})
            QTest::newRow(name) << QString("models-next/") + name;
    }

    void whatIsWrittenAsPeftIsReadBackBitForBit()
    {
        QFETCH(QString, name);
        const auto file = test::fixturePath(name.toStdString() + ".gguf");
        if (!std::filesystem::exists(file))
            QSKIP("the golden model is not there");
        const auto model = test::loadFile(file);
        // An update of every matrix, the ranks and scales not all the same.
        nn::Adapter adapter;
        uint32_t x = 5;
        for (const auto& [matrix, m] : models::adaptableMatrices(*model)) {
            const int64_t rank = matrix.ends_with("attn_q") ? 3 : 2;
            nn::MatrixUpdate update;
            update.a = Tensor::empty(m.nExperts > 0 ? Shape{m.nExperts, rank, m.in} : Shape{rank, m.in});
            update.b = Tensor::empty(m.nExperts > 0 ? Shape{m.nExperts, m.out, rank} : Shape{m.out, rank});
            update.scale = matrix.starts_with("blk.1.") ? 2.0f / 3 : 16 / std::sqrt(float(rank));
            for (Tensor* t : {&update.a, &update.b})
                for (int64_t i = 0; i < t->count(); ++i) {
                    x = x * 1664525 + 1013904223;
                    t->f32()[i] = (float(x >> 8) / 8388608.0f - 1.0f) * 0.2f;
                }
            adapter.updates[matrix] = std::move(update);
        }
        QVERIFY(!adapter.updates.empty());
        QTemporaryDir dir;
        const std::filesystem::path folder = dir.filePath("peft").toStdString();
        models::writePeftAdapter(folder, *model, adapter, "somebody/base");
        nn::Adapter read = models::readPeftAdapter(folder, *model);
        QCOMPARE(read.updates.size(), adapter.updates.size());
        for (const auto& [matrix, update] : adapter.updates) {
            const auto found = read.updates.find(matrix);
            QVERIFY2(found != read.updates.end(), matrix.c_str());
            QCOMPARE(found->second.scale, update.scale);
            for (const auto& [ours, theirs] : {std::pair(update.a, found->second.a), std::pair(update.b, found->second.b)}) {
                QVERIFY(ours.shape() == theirs.shape());
                QVERIFY2(std::memcmp(ours.raw(), theirs.raw(), ours.bytes()) == 0, matrix.c_str());
            }
        }
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads};
        models::bindAdapter(context, *model, adapter, "ours");
        models::bindAdapter(context, *model, read, "theirs");
        const auto ours = logits(*model, context, {&adapter, 1}), theirs = logits(*model, context, {&read, 1});
        QVERIFY(std::memcmp(ours.data(), theirs.data(), ours.size() * sizeof(float)) == 0);
    }

    // Hugging Face's files of Qwen 3.5 have the values' heads by their key head: of two key heads with two each, 0 1 are the
    // first's. GGUF has them in turn: 0 and 2 are.
    void headsOfValuesStandInTheOrderOfTheirKeys()
    {
        const auto file = test::fixturePath("models-next/qwen35.gguf");
        if (!std::filesystem::exists(file))
            QSKIP("the golden model is not there");
        const auto source = std::make_shared<test::EditedSource>(file);
        source->edit().setInteger("qwen35.ssm.time_step_rank", 4);
        source->edit().setInteger("qwen35.ssm.group_count", 2);
        source->edit().setInteger("qwen35.ssm.state_size", 64);
        source->edit().setInteger("qwen35.ssm.inner_size", 256);
        const std::pair<const char*, Shape> changed[] = {
            {"attn_qkv.weight", {512, 256}}, {"ssm_conv1d.weight", {512, 4}}, {"ssm_beta.weight", {4, 256}},
            {"ssm_alpha.weight", {4, 256}},  {"ssm_dt.bias", {4}},            {"ssm_a", {4}},
            {"ssm_norm.weight", {64}}};
        for (const auto& [name, shape] : changed)
            source->replace(std::string("blk.0.") + name, Tensor::zeros(shape));
        const auto model = models::loadModel(source);
        const auto matrices = models::adaptableMatrices(*model);
        nn::Adapter adapter;
        for (const char* name : {"blk.0.attn_qkv", "blk.0.attn_gate", "blk.0.ssm_beta", "blk.0.ssm_alpha", "blk.0.ssm_out"}) {
            const models::AdaptableMatrix& m = matrices.at(name);
            nn::MatrixUpdate& update = adapter.updates[name];
            update.a = Tensor::empty({1, m.in});
            update.b = Tensor::empty({m.out, 1});
            for (int64_t i = 0; i < m.in; ++i)
                update.a.f32()[i] = float(i);
            for (int64_t i = 0; i < m.out; ++i)
                update.b.f32()[i] = float(i);
        }
        QTemporaryDir dir;
        const std::filesystem::path folder = dir.filePath("peft").toStdString();
        models::writePeftAdapter(folder, *model, adapter, "somebody/base");
        const auto stored = formats::SafetensorsFile::open(folder / "adapter_model.safetensors");
        const auto valuesOf = [&](const std::string& module, const char* factor) {
            const std::string key = "base_model.model.model.layers.0.linear_attn." + module + "." + factor + ".weight";
            for (const formats::StoredTensor& tensor : stored.tensors())
                if (tensor.name == key) {
                    std::vector<float> values(size_t(tensor.count()));
                    std::memcpy(values.data(), stored.bytesOf(tensor).data(), tensor.bytes);
                    return values;
                }
            return std::vector<float>();
        };
        const std::vector<float> scalars = {0, 2, 1, 3}; // heads in the file's order, by ours
        QCOMPARE(valuesOf("in_proj_b", "lora_B"), scalars);
        QCOMPARE(valuesOf("in_proj_a", "lora_B"), scalars);
        const auto gate = valuesOf("in_proj_z", "lora_B"), qkv = valuesOf("in_proj_qkv", "lora_B"),
                   out = valuesOf("out_proj", "lora_A"), outRows = valuesOf("out_proj", "lora_B");
        for (size_t i = 0; i < 256; ++i) {
            const float inOrder = scalars[i / 64] * 64 + float(i % 64);
            QCOMPARE(gate[i], inOrder);
            QCOMPARE(qkv[i], float(i)); // queries and keys
            QCOMPARE(qkv[256 + i], 256 + inOrder);
            QCOMPARE(out[i], inOrder);
            QCOMPARE(outRows[i], float(i));
        }
        const nn::Adapter read = models::readPeftAdapter(folder, *model);
        for (const auto& [name, update] : adapter.updates) {
            QVERIFY(test::largestDifference(read.updates.at(name).a.values(), update.a.values()) == 0);
            QVERIFY(test::largestDifference(read.updates.at(name).b.values(), update.b.values()) == 0);
        }
    }

    void peftsOwnFilesAreWrittenAsTheyWere_data() { addCases(); }

    // Every tensor of a file that PEFT wrote is in ours under its name, with its values; fused experts excepted, which we
    // write one by one.
    void peftsOwnFilesAreWrittenAsTheyWere()
    {
        QFETCH(int, index);
        const PeftCase& c = kPeft[index];
        const auto folder = test::fixturePath(std::string("training/") + c.folder);
        if (!std::filesystem::exists(folder) || std::string(c.folder).find("fused") != std::string::npos)
            QSKIP("the training goldens are not there, or fused");
        const auto model = loadFolder(c.base);
        QTemporaryDir dir;
        const std::filesystem::path copy = dir.filePath("copy").toStdString();
        models::writePeftAdapter(copy, *model, models::readPeftAdapter(folder, *model), "base");
        const auto theirs = formats::SafetensorsFile::open(folder / "adapter_model.safetensors"),
                   ours = formats::SafetensorsFile::open(copy / "adapter_model.safetensors");
        QCOMPARE(ours.tensors().size(), theirs.tensors().size());
        for (const formats::StoredTensor& tensor : theirs.tensors()) {
            const auto found = std::ranges::find(ours.tensors(), tensor.name, &formats::StoredTensor::name);
            QVERIFY2(found != ours.tensors().end(), tensor.name.c_str());
            QCOMPARE(found->count(), tensor.count());
            QCOMPARE(std::string(formats::storedTypeName(tensor.type)), std::string("F32"));
            QVERIFY2(std::ranges::equal(ours.bytesOf(*found), theirs.bytesOf(tensor)), tensor.name.c_str());
        }
    }

    void sequencesInOneStepKeepTheirOwnAdapters_data() { addCases(); }

    void sequencesInOneStepKeepTheirOwnAdapters()
    {
        QFETCH(int, index);
        const PeftCase& c = kPeft[index];
        const auto folder = test::fixturePath(std::string("training/") + c.folder);
        if (!std::filesystem::exists(folder))
            QSKIP("the training goldens are not there");
        for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
            const auto model = loadFolder(c.base);
            cpu::ThreadPool threads(2);
            const ops::OpContext context{threads, cpu::level(), activations};
            nn::Adapter adapter = models::readPeftAdapter(folder, *model);
            models::bindAdapter(context, *model, adapter, folder.string());
            const auto with = logits(*model, context, {&adapter, 1}), weak = logits(*model, context, {&adapter, 0.3f});
            const auto without = logits(*model, context, {});
            const auto pool = test::poolFor(*model, 400);
            const auto tokens = test::goldenTokens();
            nn::KvSequence a(*pool), b(*pool), d(*pool);
            const SequenceStep steps[] = {{&a, tokens, LogitsWanted::all},
                                          {&b, tokens, LogitsWanted::all, nullptr, 1, {&adapter, 1}},
                                          {&d, tokens, LogitsWanted::last, nullptr, 1, {&adapter, 0.3f}}};
            const Tensor rows = model->step(context, steps);
            const auto same = [&](int64_t first, int64_t n, std::span<const float> expected) {
                return std::memcmp(rows.rowRange(first, n).raw(), expected.data(), expected.size_bytes()) == 0;
            };
            QVERIFY(same(0, 40, without));
            QVERIFY(same(40, 40, with));
            QVERIFY(same(80, 1, std::span(weak).last(size_t(rows.cols()))));
        }
    }

    void ggufFilesKeepAnAdapter_data() { addCases(); }

    void ggufFilesKeepAnAdapter()
    {
        QFETCH(int, index);
        const PeftCase& c = kPeft[index];
        const auto folder = test::fixturePath(std::string("training/") + c.folder);
        if (!std::filesystem::exists(folder))
            QSKIP("the training goldens are not there");
        const auto model = loadFolder(c.base);
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads, cpu::level(), ops::Activations::f32};
        nn::Adapter adapter = models::readPeftAdapter(folder, *model);
        models::bindAdapter(context, *model, adapter, folder.string());
        QTemporaryDir dir;
        const std::filesystem::path path = dir.filePath("a.gguf").toStdString();
        if (std::string(c.folder).ends_with("dora")) {
            QVERIFY_THROWS_EXCEPTION(Unsupported, models::writeGgufAdapter(path, *model, adapter));
            return;
        }
        models::writeGgufAdapter(path, *model, adapter);
        nn::Adapter again = models::readGgufAdapter(path, *model);
        QCOMPARE(again.updates.size(), adapter.updates.size());
        models::bindAdapter(context, *model, again, path.string());
        QVERIFY(test::largestDifference(logits(*model, context, {&again, 1}), logits(*model, context, {&adapter, 1})) < 1e-5);
        const auto other = loadFolder(std::string(c.base) == "qwen2" ? "llama" : "qwen2");
        QVERIFY_THROWS_EXCEPTION(Unsupported, models::readGgufAdapter(path, *other));
    }

    void whatTheModelDoesNotUseIsRefused()
    {
        if (!std::filesystem::exists(test::fixturePath("hf/qwen2")))
            QSKIP("the golden models are not there");
        const auto model = loadFolder("qwen2");
        cpu::ThreadPool threads(1);
        const ops::OpContext context{threads};
        nn::Adapter adapter;
        adapter.updates["blk.0.attn_q"] = {Tensor::zeros({2, 64}), Tensor::zeros({64, 2}), 1, {}, {}};
        models::bindAdapter(context, *model, adapter, "test");
        nn::Adapter unknown = adapter;
        unknown.updates["blk.99.attn_q"] = adapter.updates["blk.0.attn_q"];
        try {
            models::bindAdapter(context, *model, unknown, "test");
            QFAIL("accepted");
        } catch (const Unsupported& error) {
            QVERIFY(error.thing.find("blk.99.attn_q") != std::string::npos);
        }
        nn::Adapter crooked = adapter;
        crooked.updates["blk.0.attn_q"].a = Tensor::zeros({2, 63});
        QVERIFY_THROWS_EXCEPTION(BadFile, models::bindAdapter(context, *model, crooked, "test"));
        crooked.updates["blk.0.attn_q"].a = Tensor::zeros({3, 64});
        QVERIFY_THROWS_EXCEPTION(BadFile, models::bindAdapter(context, *model, crooked, "test"));
    }

    void foldersThatContradictThemselvesAreRefused_data()
    {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<bool>("isUnsupported");
        QTest::newRow("another method") << "\"peft_type\": \"LORA\""
                                        << "\"peft_type\": \"IA3\"" << true;
        QTest::newRow("another rank") << "\"r\": 4"
                                      << "\"r\": 5" << false;
        QTest::newRow("no rank") << "\"r\": 4"
                                 << "\"s\": 4" << false;
        QTest::newRow("alpha as text") << "\"lora_alpha\": 8"
                                       << "\"lora_alpha\": \"8\"" << false;
        QTest::newRow("trained biases") << "\"bias\": \"none\""
                                        << "\"bias\": \"all\"" << true;
        QTest::newRow("an expression") << "\"o_proj\": 16"
                                       << "\".*o_proj\": 16" << true;
        QTest::newRow("saved modules") << "\"modules_to_save\": null"
                                       << "\"modules_to_save\": [\"lm_head\"]" << true;
        QTest::newRow("no JSON") << "{"
                                 << "" << false;
    }

    void foldersThatContradictThemselvesAreRefused()
    {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(bool, isUnsupported);
        const auto folder = test::fixturePath("training/peft-llama");
        if (!std::filesystem::exists(folder))
            QSKIP("the training goldens are not there");
        QTemporaryDir dir;
        const std::filesystem::path copy = dir.path().toStdString();
        QString config = QString::fromStdString(test::readFile(folder / "adapter_config.json"));
        QVERIFY(config.contains(from));
        config.replace(config.indexOf(from), from.size(), to);
        std::ofstream(copy / "adapter_config.json") << config.toStdString();
        std::ofstream(copy / "adapter_model.safetensors", std::ios::binary)
            << test::readFile(folder / "adapter_model.safetensors");
        const auto model = loadFolder("llama");
        if (isUnsupported)
            QVERIFY_THROWS_EXCEPTION(Unsupported, models::readPeftAdapter(copy, *model));
        else
            QVERIFY_THROWS_EXCEPTION(BadFile, models::readPeftAdapter(copy, *model));
    }

    void anotherModelsFolderIsRefused()
    {
        const auto folder = test::fixturePath("training/peft-qwen3-moe-per-expert");
        if (!std::filesystem::exists(folder))
            QSKIP("the training goldens are not there");
        const auto dense = loadFolder("qwen2");
        QVERIFY_THROWS_EXCEPTION(Error, models::readPeftAdapter(folder, *dense));
    }
};

QTEST_APPLESS_MAIN(TestAdapters)
#include "tst_adapters.moc"
