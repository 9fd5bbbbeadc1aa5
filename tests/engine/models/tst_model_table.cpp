// SPDX-License-Identifier: GPL-3.0-or-later
// What a model file may get wrong, and what this build cannot run: said by name, before memory is taken.
#include "model_test.h"

#include <QtTest>

#include <algorithm>
#include <cstring>

using namespace sy;

namespace {

std::filesystem::path golden(const std::string& name)
{
    return test::fixturePath("models/" + name + ".gguf");
}

} // namespace

class TestModelTable : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        if (!std::filesystem::exists(golden("llama")))
            QSKIP("the golden models are not there");
    }

    void modelsOutsideTheTableAreRefusedByName()
    {
        for (const char* name : {"deepseek41", "gemma2", "mamba"}) {
            const auto source = std::make_shared<test::EditedSource>(golden("llama"));
            source->edit().setString("general.architecture", name);
            const QString message = test::messageOf<Unsupported>(source);
            QVERIFY2(message.contains(QString("\"%1\"").arg(name)) && message.contains("qwen3moe"), qPrintable(message));
        }
    }

    void expertsInADenseArchitectureAreRefused()
    {
        const auto source = std::make_shared<test::EditedSource>(golden("qwen3"));
        source->edit().setInteger("qwen3.expert_count", 8);
        const QString message = test::messageOf<Unsupported>(source);
        QVERIFY2(message.contains("mixture-of-experts model of the architecture \"qwen3\""), qPrintable(message));
    }

    void theTableListsWhatItRuns()
    {
        for (const char* name : {"bert", "deepseek", "deepseek2", "deepseek32", "deepseek4", "gemma-embedding", "gemma3", "gpt-oss", "llama", "nomic-bert", "olmoe",
                                 "qwen2", "qwen2moe", "qwen3", "qwen35", "qwen35moe", "qwen3moe"})
            QVERIFY2(models::isSupported(name), name);
        QVERIFY(!models::isSupported("gemma2"));
        QVERIFY(std::ranges::is_sorted(models::architectures()));
    }

    void factsAreThoseOfTheFile()
    {
        const auto model = test::loadFile(golden("qwen3"));
        const models::ModelConfig& c = model->config();
        QCOMPARE(c.architecture, std::string("qwen3"));
        QCOMPARE(c.contextLength, 512);
        QCOMPARE(c.dim, 64);
        QCOMPARE(c.nLayers, 3);
        QCOMPARE(c.nHeads, 4);
        QCOMPARE(c.nKvHeads, 2);
        QCOMPARE(c.headDim, 32);
        QCOMPARE(c.nVocabulary, 256);
        QVERIFY(!c.isEmbedding);
        QVERIFY(model->weightBytes > 200000 && model->weightBytes < 300000);
        QVERIFY(model->computeBytes(512, 1) > 512 * 64 * 4);
        QVERIFY(test::loadFile(golden("qwen3-embedding"))->config().isEmbedding);
        QVERIFY(test::loadFile(golden("bert-cls"))->config().isEmbedding);
    }

    void aMissingTensorIsNamed_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("tensor");
        QTest::newRow("norm") << "llama" << "blk.1.attn_norm.weight";
        QTest::newRow("matrix") << "llama" << "blk.2.ffn_down.weight";
        QTest::newRow("table") << "llama" << "token_embd.weight";
        QTest::newRow("bias that Qwen2 has") << "qwen2" << "blk.0.attn_k.bias";
        QTest::newRow("head norm that Qwen3 has") << "qwen3" << "blk.0.attn_q_norm.weight";
        QTest::newRow("positions") << "bert-mean" << "position_embd.weight";
        QTest::newRow("encoder's bias") << "bert-mean" << "blk.0.ffn_up.bias";
        QTest::newRow("router") << "qwen3moe" << "blk.1.ffn_gate_inp.weight";
        QTest::newRow("experts") << "olmoe" << "blk.0.ffn_up_exps.weight";
        QTest::newRow("shared expert") << "deepseek-v1" << "blk.2.ffn_down_shexp.weight";
        QTest::newRow("shared expert's gate") << "qwen2moe" << "blk.0.ffn_gate_inp_shexp.weight";
        QTest::newRow("bias of experts") << "gpt-oss" << "blk.3.ffn_down_exps.bias";
        QTest::newRow("sinks") << "gpt-oss" << "blk.0.attn_sinks.weight";
        QTest::newRow("latent") << "deepseek2-v2" << "blk.0.attn_kv_a_mqa.weight";
        QTest::newRow("a head's keys") << "deepseek2-v3" << "blk.1.attn_k_b.weight";
        QTest::newRow("norm behind a sublayer") << "gemma3" << "blk.6.post_ffw_norm.weight";
    }

    void aMissingTensorIsNamed()
    {
        QFETCH(QString, file);
        QFETCH(QString, tensor);
        const auto source = std::make_shared<test::EditedSource>(golden(file.toStdString()));
        source->hide(tensor.toStdString());
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(tensor), qPrintable(message));
    }

    void aTensorThatDoesNotFitIsNamed_data()
    {
        QTest::addColumn<QString>("tensor");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::newRow("too few rows") << "blk.0.attn_q.weight" << 32 << 64;
        QTest::newRow("turned round") << "blk.0.ffn_up.weight" << 64 << 96;
        QTest::newRow("long norm") << "blk.1.ffn_norm.weight" << 1 << 65;
        QTest::newRow("narrow table") << "token_embd.weight" << 256 << 32;
        QTest::newRow("small head") << "output.weight" << 255 << 64;
    }

    void aTensorThatDoesNotFitIsNamed()
    {
        QFETCH(QString, tensor);
        QFETCH(int, rows);
        QFETCH(int, cols);
        const auto source = std::make_shared<test::EditedSource>(golden("llama"));
        source->replace(tensor.toStdString(), Tensor::zeros({rows, cols}));
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(tensor), qPrintable(message));
    }

    void aTypeThatCannotStandThereIsNamed()
    {
        const auto source = std::make_shared<test::EditedSource>(golden("llama"));
        source->replace("blk.0.attn_q.weight", Tensor::zeros({64, 64}, DType::I32));
        const QString matrix = test::messageOf<Unsupported>(source);
        QVERIFY2(matrix.contains("blk.0.attn_q.weight") && matrix.contains("I32"), qPrintable(matrix));

        const auto other = std::make_shared<test::EditedSource>(golden("llama"));
        other->replace("output_norm.weight", Tensor::zeros({64}, DType::I8));
        const QString vector = test::messageOf<Unsupported>(other);
        QVERIFY2(vector.contains("output_norm.weight"), qPrintable(vector));
    }

    void senselessKeysAreNamed_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<double>("value");
        QTest::newRow("no layers") << "llama.block_count" << 0.0;
        QTest::newRow("too many layers") << "llama.block_count" << 1e9;
        QTest::newRow("no heads") << "llama.attention.head_count" << 0.0;
        QTest::newRow("heads that do not divide") << "llama.attention.head_count" << 5.0;
        QTest::newRow("key heads that do not divide") << "llama.attention.head_count_kv" << 3.0;
        QTest::newRow("wide") << "llama.embedding_length" << 4e9;
        QTest::newRow("odd rotation") << "llama.rope.dimension_count" << 15.0;
        QTest::newRow("wide rotation") << "llama.rope.dimension_count" << 18.0;
        QTest::newRow("no context") << "llama.context_length" << 0.0;
        QTest::newRow("huge feed-forward") << "llama.feed_forward_length" << 4e9;
    }

    void senselessKeysAreNamed()
    {
        QFETCH(QString, key);
        QFETCH(double, value);
        const auto source = std::make_shared<test::EditedSource>(golden("llama"));
        source->edit().setInteger(key.toStdString(), int64_t(value));
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(key), qPrintable(message));
    }

    void aMissingKeyIsNamed()
    {
        for (const char* key : {"general.architecture", "llama.block_count", "llama.attention.layer_norm_rms_epsilon"}) {
            const auto source = std::make_shared<test::EditedSource>(golden("llama"));
            source->edit().remove(key);
            const QString message = test::messageOf<BadFile>(source);
            QVERIFY2(message.contains(key), qPrintable(message));
        }
    }

    void whatTheFileAsksForAndWeCannotDoIsNamed()
    {
        const auto scaled = std::make_shared<test::EditedSource>(golden("qwen2"));
        scaled->edit().setString("qwen2.rope.scaling.type", "ntk");
        QVERIFY(test::messageOf<Unsupported>(scaled).contains("ntk"));

        const auto reranker = std::make_shared<test::EditedSource>(golden("qwen3"));
        reranker->edit().setInteger("qwen3.pooling_type", 4);
        QVERIFY(test::messageOf<Unsupported>(reranker).contains("pooling_type"));

        const auto uneven = std::make_shared<test::EditedSource>(golden("llama"));
        const int32_t heads[] = {4, 4, 2};
        uneven->edit().setIntegers("llama.attention.head_count_kv", heads);
        QVERIFY(test::messageOf<Unsupported>(uneven).contains("head_count_kv"));
    }

    void fusedProjectionsGiveTheSameLogits()
    {
        // q, k and v (and their biases) of every layer in one tensor, as some converters write them.
        const auto separate = std::make_shared<test::EditedSource>(golden("qwen2"));
        const auto fused = std::make_shared<test::EditedSource>(golden("qwen2"));
        for (int layer = 0; layer < 3; ++layer) {
            const std::string prefix = "blk." + std::to_string(layer) + ".attn_";
            for (const std::string kind : {".weight", ".bias"}) {
                Tensor all = kind == ".weight" ? Tensor::empty({128, 64}, DType::F16) : Tensor::empty({128});
                std::byte* to = all.raw();
                for (const char part : {'q', 'k', 'v'}) {
                    const std::string name = prefix + part + kind;
                    const Tensor t = separate->get(name);
                    std::memcpy(to, t.raw(), t.bytes());
                    to += t.bytes();
                    fused->hide(name);
                }
                fused->replace(prefix + "qkv" + kind, all);
            }
        }
        cpu::ThreadPool threads(2);
        const std::vector<int32_t> tokens = {3, 1, 4, 1, 5, 9, 2, 6};
        std::vector<std::vector<float>> logits;
        for (const auto& source : {separate, fused}) {
            const auto model = models::loadModel(source);
            const auto pool = test::poolFor(*model, 100);
            nn::KvSequence cache(*pool);
            logits.push_back(test::allLogits(*model, {threads}, cache, tokens, {8}));
        }
        QVERIFY(logits[0] == logits[1]);
    }

    void expertsMayLieInOtherTensors()
    {
        const auto separate = std::make_shared<test::EditedSource>(golden("llama-mixtral"));
        // Gate and up in one tensor, gate rows first; and the oldest form, a tensor for each expert.
        const auto fused = std::make_shared<test::EditedSource>(golden("llama-mixtral"));
        const auto single = std::make_shared<test::EditedSource>(golden("llama-mixtral"));
        for (int layer = 0; layer < 3; ++layer) {
            const std::string prefix = "blk." + std::to_string(layer) + ".ffn_";
            Tensor both = Tensor::empty({4, 192, 64}, DType::F16);
            for (int e = 0; e < 4; ++e) {
                for (const std::string part : {"gate", "up", "down"}) {
                    const Tensor all = separate->get(prefix + part + "_exps.weight");
                    const Tensor expert = all.rowRange(e * all.rows() / 4, all.rows() / 4);
                    single->replace(prefix + part + "." + std::to_string(e) + ".weight", expert);
                    if (part != "down")
                        std::memcpy(both.raw() + size_t(2 * e + (part == "up")) * expert.bytes(), expert.raw(), expert.bytes());
                }
            }
            fused->replace(prefix + "gate_up_exps.weight", both);
            for (const std::string part : {"gate", "up", "down"}) {
                single->hide(prefix + part + "_exps.weight");
                if (part != "down")
                    fused->hide(prefix + part + "_exps.weight");
            }
        }
        cpu::ThreadPool threads(2);
        const std::vector<int32_t> tokens = {3, 1, 4, 1, 5, 9, 2, 6};
        std::vector<std::vector<float>> logits;
        for (const auto& source : {separate, fused, single}) {
            const auto model = models::loadModel(source);
            const auto pool = test::poolFor(*model, 100);
            nn::KvSequence cache(*pool);
            logits.push_back(test::allLogits(*model, {threads}, cache, tokens, {8}));
        }
        QVERIFY(logits[0] == logits[1]);
        QVERIFY(logits[0] == logits[2]);
    }

    void senselessKeysOfExpertsAndLatentsAreNamed_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("key");
        QTest::addColumn<double>("value");
        QTest::newRow("more used than there are") << "llama-mixtral" << "llama.expert_used_count" << 5.0;
        QTest::newRow("none used") << "llama-mixtral" << "llama.expert_used_count" << 0.0;
        QTest::newRow("too many experts") << "llama-mixtral" << "llama.expert_count" << 1e6;
        QTest::newRow("unknown gating") << "deepseek2-v3" << "deepseek2.expert_gating_func" << 9.0;
        QTest::newRow("groups that do not divide") << "deepseek2-v3" << "deepseek2.expert_group_count" << 3.0;
        QTest::newRow("too few in the groups used") << "deepseek2-v3" << "deepseek2.expert_group_count" << 16.0;
        QTest::newRow("more groups used than there are") << "deepseek2-v3" << "deepseek2.expert_group_used_count" << 5.0;
        QTest::newRow("huge experts") << "deepseek2-v3" << "deepseek2.expert_feed_forward_length" << 4e9;
        QTest::newRow("more dense layers than layers") << "deepseek2-v3" << "deepseek2.leading_dense_block_count" << 4.0;
        QTest::newRow("no latent") << "deepseek2-v3" << "deepseek2.attention.kv_lora_rank" << 0.0;
        QTest::newRow("huge latent") << "deepseek2-v3" << "deepseek2.attention.kv_lora_rank" << 640.0;
        QTest::newRow("all of a key turns") << "deepseek2-v3" << "deepseek2.rope.dimension_count" << 24.0;
        QTest::newRow("negative window") << "gpt-oss" << "gpt-oss.attention.sliding_window" << -1.0;
    }

    void senselessKeysOfExpertsAndLatentsAreNamed()
    {
        QFETCH(QString, file);
        QFETCH(QString, key);
        QFETCH(double, value);
        const auto source = std::make_shared<test::EditedSource>(golden(file.toStdString()));
        source->edit().setInteger(key.toStdString(), int64_t(value), formats::ValueType::i64);
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(key), qPrintable(message));
    }

    void aStepRefusesWhatItCannotComputeAndLeavesCachesAlone()
    {
        cpu::ThreadPool threads(1);
        const ops::OpContext context{threads};
        const auto model = test::loadFile(golden("llama"));
        const auto pool = test::poolFor(*model, 32); // three pages
        nn::KvSequence a(*pool), b(*pool);
        const std::vector<int32_t> good(40, 1), bad = {1, 256}, negative = {-1}, none;
        const auto step = [&](std::vector<models::SequenceStep> steps) { return model->step(context, steps); };
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, step({{&a, good}, {&b, bad}}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, step({{&a, negative}}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, step({{&a, none}}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, step({{&a, good}, {&a, good}}));
        QVERIFY_THROWS_EXCEPTION(OutOfMemory, step({{&a, good}, {&b, good}})); // each would fit alone
        QCOMPARE(a.length(), 0);
        QCOMPARE(b.length(), 0);
        QCOMPARE(pool->usedBytes(), 0);
        QCOMPARE(step({{&a, good}}).rows(), 1);
        QCOMPARE(step({}).rows(), 0);

        const std::vector<std::vector<int32_t>> texts = {{1, 2}};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, model->embed(context, texts));
        const auto encoder = test::loadFile(golden("bert-mean"));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, encoder->step(context, {}));
        const std::vector<std::vector<int32_t>> tooLong = {std::vector<int32_t>(129, 1)}, empty = {{}}, unknown = {{300}};
        for (const auto& refused : {tooLong, empty, unknown})
            QVERIFY_THROWS_EXCEPTION(std::invalid_argument, encoder->embed(context, refused));
    }
};

QTEST_APPLESS_MAIN(TestModelTable)
#include "tst_model_table.moc"
