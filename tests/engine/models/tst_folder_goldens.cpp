// SPDX-License-Identifier: GPL-3.0-or-later
// Hugging Face folders with random weights against the outputs of an independent implementation: shared/fixtures/hf/MANIFEST.md.
#include "model_test.h"

#include "engine/formats/safetensors/safetensors_model.h"

#include <QtTest>

using namespace sy;

namespace {

constexpr const char* kGenerative[] = {"llama",         "llama3-rope",    "mixtral",      "qwen2",       "qwen3",          "qwen3-fp8",
                                       "qwen3-moe",     "qwen3-moe-fused", "olmoe",       "gemma3-text", "deepseek-v2-lite", "deepseek-v2",
                                       "deepseek-v3",   "deepseek-v3-fp8", "moonlight",   "gpt-oss-bf16", "gpt-oss-mxfp4"};

std::filesystem::path folder(const QString& name)
{
    return test::fixturePath("hf/" + name.toStdString());
}

std::shared_ptr<const formats::SafetensorsModel> openExactly(const QString& name)
{
    formats::OpenOptions options;
    options.isExact = true;
    options.nThreads = 2;
    return formats::SafetensorsModel::open(folder(name), options);
}

/// Null when this build does not run the architecture.
std::unique_ptr<models::Model> loadIfSupported(const std::shared_ptr<const formats::TensorSource>& source)
{
    try {
        return models::loadModel(source);
    } catch (const Unsupported& error) {
        qInfo("%s", error.what());
        return nullptr;
    }
}

} // namespace

class TestFolderGoldens : public QObject {
    Q_OBJECT

private slots:
    void logitsAgreeHoweverTheTokensAreFed_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : kGenerative)
            QTest::newRow(name) << name;
    }

    void logitsAgreeHoweverTheTokensAreFed()
    {
        QFETCH(QString, name);
        if (!std::filesystem::exists(folder(name)))
            QSKIP("the golden folders are not there");
        const auto source = openExactly(name);
        const auto model = loadIfSupported(source);
        if (!model)
            QSKIP("this build does not run the architecture");
        const auto expected = test::readFloats(test::fixturePath("hf/" + name.toStdString() + ".expected.f32"));
        const auto tokens = test::goldenTokens();
        const auto pool = test::poolFor(*model, 2000);
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads, cpu::level(), ops::Activations::f32};
        for (const std::vector<size_t>& pieces : {std::vector<size_t>{40}, {1}, {3, 1, 17, 2, 9, 100}}) {
            nn::KvSequence cache(*pool);
            const auto logits = test::allLogits(*model, context, cache, tokens, pieces);
            const double error = test::normalizedError(logits, expected), difference = test::largestDifference(logits, expected);
            qInfo("pieces of %zu…: NMSE %.2e, max abs %.2e", pieces.front(), error, difference);
            QVERIFY(error <= 1e-9);
            QVERIFY(difference <= 1e-4);
        }
    }

    void theEncoderPoolsAsTheFolderSays()
    {
        if (!std::filesystem::exists(folder("bert")))
            QSKIP("the golden folders are not there");
        const auto source = openExactly("bert");
        QCOMPARE(source->metadata().requireInteger("bert.pooling_type"), 1);
        const auto model = models::loadModel(source);
        QVERIFY(model->config().isEmbedding);
        const auto expected = test::readFloats(test::fixturePath("hf/bert.expected-embedding.f32"));
        cpu::ThreadPool threads(2);
        const std::vector<int32_t> tokens = test::goldenTokens();
        const Tensor pooled = model->embed({threads, cpu::level(), ops::Activations::f32}, {&tokens, 1});
        double square = 0;
        for (const float value : pooled.values())
            square += double(value) * value;
        std::vector<float> normalized;
        for (const float value : pooled.values())
            normalized.push_back(float(value / std::sqrt(square)));
        const double error = test::normalizedError(normalized, expected), difference = test::largestDifference(normalized, expected);
        qInfo("NMSE %.2e, max abs %.2e", error, difference);
        QVERIFY(error <= 1e-9);
        QVERIFY(difference <= 1e-4);
    }

    // One row for all kinds: with the errors that a mistake makes (0.5 to 11) this tells whether the weights are the right ones.
    void quantizedLoadingStaysClose_data()
    {
        QTest::addColumn<QString>("recipe");
        QTest::addColumn<double>("limit");
        QTest::newRow("Q8_0") << "Q8_0" << 1e-3;
        QTest::newRow("Q4_K") << "Q4_K" << 4e-2;
    }

    void quantizedLoadingStaysClose()
    {
        QFETCH(QString, recipe);
        QFETCH(double, limit);
        if (!std::filesystem::exists(folder("qwen3-fp8")))
            QSKIP("the golden folders are not there");
        formats::OpenOptions options;
        options.quantization = recipe.toStdString();
        const auto source = formats::SafetensorsModel::open(folder("qwen3-fp8"), options);
        const auto model = models::loadModel(source);
        const auto expected = test::readFloats(test::fixturePath("hf/qwen3-fp8.expected.f32"));
        const auto pool = test::poolFor(*model, 100);
        cpu::ThreadPool threads(2);
        nn::KvSequence cache(*pool);
        const auto logits = test::allLogits(*model, {threads, cpu::level(), ops::Activations::f32}, cache, test::goldenTokens(), {40});
        const double error = test::normalizedError(logits, expected);
        qInfo("NMSE %.2e", error);
        QVERIFY(error <= limit);
        QVERIFY(error > 1e-8); // it is quantized
    }

    void anOutlineHasEveryShapeAndCostsNothing_data() { logitsAgreeHoweverTheTokensAreFed_data(); }

    void anOutlineHasEveryShapeAndCostsNothing()
    {
        QFETCH(QString, name);
        if (!std::filesystem::exists(folder(name)))
            QSKIP("the golden folders are not there");
        const auto source = openExactly(name);
        for (const formats::TensorInfo& info : source->tensors()) {
            const Tensor outline = source->outline().get(info.name), real = source->get(info.name);
            QCOMPARE(outline.bytes(), real.bytes());
            QCOMPARE(outline.bytes(), size_t(info.bytes));
            QVERIFY(outline.shape() == real.shape() && outline.shape() == info.shape);
            QVERIFY(outline.dtype() == real.dtype());
        }
        const auto outline = loadIfSupported({source, &source->outline()});
        if (!outline)
            QSKIP("this build does not run the architecture");
        QCOMPARE(outline->weightBytes, models::loadModel(source)->weightBytes);
    }
};

QTEST_APPLESS_MAIN(TestFolderGoldens)
#include "tst_folder_goldens.moc"
