// SPDX-License-Identifier: GPL-3.0-or-later
// Every decoder family: the training forward pass is the model that inference runs, and its gradient is that function's.
#include "../models/model_test.h"
#include "engine/models/adapter_binding.h"
#include "engine/train/decoder_pass.h"
#include "engine/train/new_adapter.h"
#include "engine/train/trainer.h"

#include <QtTest>

#include <fstream>
#include <numeric>
#include <random>

using namespace sy;

namespace {

Tensor normal(Shape shape, std::mt19937& random, float spread)
{
    std::normal_distribution<float> values(0, spread);
    Tensor t = Tensor::empty(shape);
    for (int64_t i = 0; i < t.count(); ++i)
        t.f32()[i] = values(random);
    return t;
}

// What a model's expected logits belong to.
std::vector<int32_t> tokensOf(const std::string& name)
{
    std::ifstream list(test::fixturePath(name + ".tokens.txt"));
    std::vector<int32_t> tokens;
    for (int32_t token; list >> token;)
        tokens.push_back(token);
    return tokens.empty() ? test::goldenTokens() : tokens;
}

// An update of every linear, experts included.
train::TrainedSet everywhere(const models::Model& model)
{
    train::TrainedSet set;
    std::mt19937 random(5);
    const auto add = [&](const nn::Linear& l) {
        if (l.weight)
            train::addUpdate(set, l.name, normal({3, l.weight.cols()}, random, 0.2f),
                             normal({l.weight.rows(), 3}, random, 0.1f), 1.5f);
    };
    const auto addDense = [&](const nn::GatedFeedForward& f) {
        for (const nn::Linear* l : {&f.gate, &f.up, &f.down})
            add(*l);
    };
    const auto addExperts = [&](const nn::MoeFeedForward& moe) {
        for (const ops::ExpertMatrices* m : {&moe.experts.gate, &moe.experts.up, &moe.experts.down}) {
            const int64_t n = moe.experts.nExperts(), out = m->weights[0].rows(), in = m->weights[0].cols();
            train::addUpdate(set, m->name, normal({n, 3, in}, random, 0.2f), normal({n, out, 3}, random, 0.1f), 1.5f);
        }
        if (moe.shared)
            addDense(*moe.shared);
    };
    const models::DecoderView decoder = model.decoder().value();
    for (const nn::StreamBlock& block : decoder.streamBlocks) {
        const nn::CompressedAttention& a = block.attention;
        for (const nn::Linear* l : {&a.qDown, &a.q, &a.kv, &a.output})
            add(*l);
        if (a.compressor) {
            add(a.compressor->values);
            add(a.compressor->scores);
        }
        addExperts(block.feedForward);
    }
    for (const nn::DecoderBlock& block : decoder.blocks) {
        if (const auto* gqa = std::get_if<nn::GqaAttention>(&block.attention)) {
            for (const nn::Linear* l : {&gqa->q, &gqa->k, &gqa->v, &gqa->output})
                add(*l);
        } else if (const auto* delta = std::get_if<nn::DeltaNet>(&block.attention)) {
            for (const nn::Linear* l : {&delta->qkv, &delta->gate, &delta->beta, &delta->alpha, &delta->output})
                add(*l);
        } else {
            const auto& mla = std::get<nn::MlaAttention>(block.attention);
            for (const nn::Linear* l : {&mla.q, &mla.qDown, &mla.output})
                add(*l);
            const int64_t dim = mla.latent.weight.cols(), latent = mla.config.latentDim;
            train::addUpdate(set, mla.latent.name, normal({3, dim}, random, 0.2f),
                             normal({latent + mla.config.ropeDim, 3}, random, 0.1f), 1.5f);
            train::addUpdate(
                set, mla.upName, normal({3, latent}, random, 0.2f),
                normal({int64_t(mla.config.nHeads) * (mla.config.nopeDim + mla.config.valueDim), 3}, random, 0.1f), 1.5f);
        }
        if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward))
            addDense(*dense);
        else
            addExperts(std::get<nn::MoeFeedForward>(block.feedForward));
    }
    return set;
}

} // namespace

class TestTrainingArchitectures : public QObject {
    Q_OBJECT

private slots:
    void forwardAndSlopesAgreeWithInference_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("limit");
        for (const char* name : {"models-next/qwen35", "models-next/qwen35moe", "models-next/deepseek32", "models-next/deepseek4"})
            QTest::newRow(name) << name << 1e-9;
        for (const char* name : {"deepseek-v1", "deepseek2-v2", "deepseek2-v2-lite-legacy", "deepseek2-v3", "gpt-oss",
                                 "llama", "llama-mixtral", "llama-rope-factors", "llama-rope-linear", "olmoe", "qwen2",
                                 "qwen2moe", "qwen3", "qwen3moe", "quant-llama-Q4_K_M", "quant-deepseek2-v3-Q4_K_M"})
            QTest::newRow(name) << QString("models/") + name << 1e-9;
        QTest::newRow("gemma3") << "models/gemma3" << 1e-7; // see tst_model_goldens
    }

    void forwardAndSlopesAgreeWithInference()
    {
        QFETCH(QString, name);
        QFETCH(double, limit);
        const auto path = test::fixturePath(name.toStdString() + ".gguf");
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        const auto expected = test::readFloats(test::fixturePath(name.toStdString() + ".expected.f32"));
        const std::vector<int32_t> tokens = tokensOf(name.toStdString());
        const auto nTokens = int64_t(tokens.size());
        const auto model = test::loadFile(path);
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::PackedBatch batch;
        batch.add({{9, 8, 7}, {0, 0, 0}}); // somebody else in front
        batch.add({tokens, std::vector<uint8_t>(tokens.size(), 1)});

        train::TrainedSet none;
        const Tensor logits = train::DecoderPass(context, *model, none).logits(batch);
        const double error = test::normalizedError(logits.rowRange(3, nTokens).values(), expected);
        QVERIFY2(error < limit, qPrintable(QString::number(error)));

        // With an update of every matrix: inference absorbs and fuses, training decompresses and keeps apart.
        {
            train::TrainedSet updates = everywhere(*model);
            const Tensor trained = train::DecoderPass(context, *model, updates).logits(batch).rowRange(3, nTokens);
            nn::Adapter adapter = train::snapshot(updates);
            models::bindAdapter(context, *model, adapter, "test");
            const auto cache = test::poolFor(*model, nTokens + 60);
            nn::KvSequence sequence(*cache);
            const models::SequenceStep step{&sequence, tokens, models::LogitsWanted::all, nullptr, 1, {&adapter, 1}};
            const double difference = test::normalizedError(model->step(context, {&step, 1}).values(), trained.values());
            qInfo("with an adapter %.1e", difference);
            QVERIFY(difference < 1e-9 && test::normalizedError(trained.values(), expected) > 1e-3);
        }

        // Along a random direction the loss rises as the gradient says. Of keys that an indexer likes alike, the least step
        // changes the choice, and the loss leaps: a text as long as the choice is wide has none (tst_newer_architectures has
        // longer ones).
        if (name.endsWith("deepseek32")) {
            batch = {};
            batch.add({{tokens.begin(), tokens.begin() + 8}, std::vector<uint8_t>(8, 1)});
        }
        train::TrainedSet set = everywhere(*model);
        train::DecoderPass pass(context, *model, set);
        const std::vector<float> factors(size_t(batch.nLabels()), 1.0f);
        pass.step(batch, factors, {.hasCheckpoints = true});
        std::mt19937 random(11);
        double slope = 0;
        std::vector<Tensor> middle, direction;
        for (autograd::Parameter* p : set.parameters()) {
            middle.push_back(Tensor::of(p->value.values(), p->value.shape()));
            direction.push_back(normal(p->value.shape(), random, 1));
            // Towards the gradient, so that the slope is not lost in rounding.
            double square = 1e-30;
            for (const float g : p->gradient.values())
                square += double(g) * double(g);
            for (int64_t i = 0; i < p->value.count(); ++i) {
                float& d = direction.back().f32()[i];
                d = 0.1f * d + float(double(p->gradient.f32()[i]) / std::sqrt(square / double(p->value.count())));
                slope += double(p->gradient.f32()[i]) * double(d);
            }
        }
        const auto lossAt = [&](double t) {
            size_t j = 0;
            for (autograd::Parameter* p : set.parameters()) {
                for (int64_t i = 0; i < p->value.count(); ++i)
                    p->value.f32()[i] = float(double(middle[j].f32()[i]) + t * double(direction[j].f32()[i]));
                ++j;
            }
            const auto losses = pass.losses(batch);
            return std::accumulate(losses.begin(), losses.end(), 0.0);
        };
        // A short way: on a longer one a token changes its experts.
        const double t = 2e-6, measured = (lossAt(t) - lossAt(-t)) / (2 * t);
        qInfo("logits %.1e, slope %g, measured %g", error, slope, measured);
        QVERIFY(slope > 0 && std::abs(measured / slope - 1) < 1e-2);
    }

    void otherModelsAreRefused_data()
    {
        QTest::addColumn<QString>("file");
        for (const char* file : {"models/qwen3-embedding.gguf", "models/bert-cls.gguf"})
            QTest::newRow(file) << file;
    }

    void otherModelsAreRefused()
    {
        QFETCH(QString, file);
        const auto path = test::fixturePath(file.toStdString());
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        const auto model = test::loadFile(path);
        cpu::ThreadPool pool(1);
        const ops::OpContext context{pool};
        train::TrainedSet none;
        QVERIFY_THROWS_EXCEPTION(Unsupported, train::DecoderPass(context, *model, none));
        QVERIFY_THROWS_EXCEPTION(Unsupported, train::requireTrainable(*model));
        train::RunConfig config;
        config.adapter.targets = {"all-linear"};
        try {
            train::firstUpdates(context, *model, config);
            QFAIL("trained");
        } catch (const Unsupported& error) {
            QVERIFY2(QString::fromUtf8(error.what()).contains("training"), error.what());
        }
    }
};

QTEST_APPLESS_MAIN(TestTrainingArchitectures)
#include "tst_training_architectures.moc"
