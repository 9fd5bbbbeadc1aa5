// SPDX-License-Identifier: GPL-3.0-or-later
// What a model file may get wrong, and what this build cannot run: said by name, before memory is taken.
#include "model_test.h"

#include <QtTest>

#include <cstring>

using namespace sy;

namespace {

std::filesystem::path golden(const std::string& name)
{
    return test::fixturePath("models/" + name + ".gguf");
}

template <class E>
QString messageOf(const std::shared_ptr<const formats::TensorSource>& source)
{
    try {
        models::loadModel(source);
        return "loaded";
    } catch (const E& error) {
        return QString::fromUtf8(error.what());
    } catch (const std::exception& error) {
        return QString("another exception: ") + error.what();
    }
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

    void modelsOutsideTheTableAreRefusedByName_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("name");
        QTest::newRow("gemma3") << "gemma3" << "\"gemma3\"";
        QTest::newRow("deepseek2") << "deepseek2-v3" << "\"deepseek2\"";
        QTest::newRow("gpt-oss") << "gpt-oss" << "\"gpt-oss\"";
        QTest::newRow("mixture of experts") << "llama-mixtral" << "mixture-of-experts model of the architecture \"llama\"";
    }

    void modelsOutsideTheTableAreRefusedByName()
    {
        QFETCH(QString, file);
        QFETCH(QString, name);
        const QString message = messageOf<Unsupported>(std::make_shared<test::EditedSource>(golden(file.toStdString())));
        QVERIFY2(message.contains(name), qPrintable(message));
    }

    void theTableListsWhatItRuns()
    {
        QVERIFY(models::isSupported("qwen2"));
        QVERIFY(!models::isSupported("gemma3"));
        QCOMPARE(models::architectures().size(), 4u);
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
    }

    void aMissingTensorIsNamed()
    {
        QFETCH(QString, file);
        QFETCH(QString, tensor);
        const auto source = std::make_shared<test::EditedSource>(golden(file.toStdString()));
        source->hide(tensor.toStdString());
        const QString message = messageOf<BadFile>(source);
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
        const QString message = messageOf<BadFile>(source);
        QVERIFY2(message.contains(tensor), qPrintable(message));
    }

    void aTypeThatCannotStandThereIsNamed()
    {
        const auto source = std::make_shared<test::EditedSource>(golden("llama"));
        source->replace("blk.0.attn_q.weight", Tensor::zeros({64, 64}, DType::I32));
        const QString matrix = messageOf<Unsupported>(source);
        QVERIFY2(matrix.contains("blk.0.attn_q.weight") && matrix.contains("I32"), qPrintable(matrix));

        const auto other = std::make_shared<test::EditedSource>(golden("llama"));
        other->replace("output_norm.weight", Tensor::zeros({64}, DType::I8));
        const QString vector = messageOf<Unsupported>(other);
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
        const QString message = messageOf<BadFile>(source);
        QVERIFY2(message.contains(key), qPrintable(message));
    }

    void aMissingKeyIsNamed()
    {
        for (const char* key : {"general.architecture", "llama.block_count", "llama.attention.layer_norm_rms_epsilon"}) {
            const auto source = std::make_shared<test::EditedSource>(golden("llama"));
            source->edit().remove(key);
            const QString message = messageOf<BadFile>(source);
            QVERIFY2(message.contains(key), qPrintable(message));
        }
    }

    void whatTheFileAsksForAndWeCannotDoIsNamed()
    {
        const auto yarn = std::make_shared<test::EditedSource>(golden("qwen2"));
        yarn->edit().setString("qwen2.rope.scaling.type", "yarn");
        QVERIFY(messageOf<Unsupported>(yarn).contains("yarn"));

        const auto reranker = std::make_shared<test::EditedSource>(golden("qwen3"));
        reranker->edit().setInteger("qwen3.pooling_type", 4);
        QVERIFY(messageOf<Unsupported>(reranker).contains("pooling_type"));

        const auto uneven = std::make_shared<test::EditedSource>(golden("llama"));
        const int32_t heads[] = {4, 4, 2};
        uneven->edit().setIntegers("llama.attention.head_count_kv", heads);
        QVERIFY(messageOf<Unsupported>(uneven).contains("head_count_kv"));
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
