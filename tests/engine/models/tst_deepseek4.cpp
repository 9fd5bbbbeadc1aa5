// SPDX-License-Identifier: GPL-3.0-or-later
// What the golden of DeepSeek V4 does not show: expert tables, cache types, cancelled steps, memory, files that lie.
#include "engine/models/weight_packing.h"
#include "engine/nn/layer_observer.h"
#include "engine/nn/router_observer.h"
#include "engine/quant/quant_table.h"
#include "model_test.h"

#include <QtTest>

#include <cstring>
#include <fstream>

using namespace sy;
using models::LogitsWanted;
using models::SequenceStep;

namespace {

std::filesystem::path path()
{
    return test::fixturePath("models-next/deepseek4.gguf");
}

std::shared_ptr<test::EditedSource> edited()
{
    return std::make_shared<test::EditedSource>(path());
}

std::vector<int32_t> tokensOfTheGolden()
{
    std::vector<int32_t> tokens;
    std::ifstream list(test::fixturePath("models-next/deepseek4.tokens.txt"));
    for (int32_t token; list >> token;)
        tokens.push_back(token);
    return tokens;
}

Tensor quantized(const Tensor& t, DType dtype)
{
    const quant::QuantType* type = quant::find(dtype);
    std::vector<float> values(static_cast<size_t>(t.count()));
    quant::unpackRow(t.dtype(), t.raw(), values.data(), t.count());
    const size_t bytes = size_t(t.count() / type->valuesPerBlock) * type->bytesPerBlock;
    const auto memory = std::make_shared<std::vector<std::byte>>(bytes);
    type->pack(values.data(), memory->data(), t.count());
    return Tensor::wrap(memory->data(), bytes, t.shape(), dtype, memory);
}

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

struct Choices final : nn::RouterObserver {
    std::map<int, std::vector<int32_t>> experts; // by layer, two for each token
    std::map<int, std::vector<float>> weights;
    void routed(const nn::RoutedTokens& t) override
    {
        experts[t.layer].insert(experts[t.layer].end(), t.experts.begin(), t.experts.end());
        weights[t.layer].insert(weights[t.layer].end(), t.weights.begin(), t.weights.end());
    }
};

} // namespace

class TestDeepSeek4 : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        if (!std::filesystem::exists(path()))
            QSKIP("the golden models are not there");
    }

    void everyCacheTypeGivesTheSameBitsHoweverTheTokensAreFed_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<double>("limit");
        // What is picked depends on what the type makes of the keys, so some rows may differ altogether.
        QTest::newRow("F16") << int(DType::F16) << 1e-6;
        QTest::newRow("Q8_0") << int(DType::Q8_0) << 1e-3;
    }

    void everyCacheTypeGivesTheSameBitsHoweverTheTokensAreFed()
    {
        QFETCH(int, dtype);
        QFETCH(double, limit);
        const auto model = test::loadFile(path());
        const auto tokens = tokensOfTheGolden();
        const auto expected = test::readFloats(test::fixturePath("models-next/deepseek4.expected.f32"));
        const auto pool = test::poolFor(*model, 1000, DType(dtype));
        std::vector<float> first;
        for (const int nThreads : {1, 2, 3, 7}) {
            cpu::ThreadPool threads(nThreads);
            const ops::OpContext context{threads};
            nn::KvSequence whole(*pool), uneven(*pool);
            const auto all = test::allLogits(*model, context, whole, tokens, {200});
            if (first.empty())
                first = all;
            QVERIFY(sameBits(all, first));
            QVERIFY(sameBits(test::allLogits(*model, context, uneven, tokens, {1, 2, 60, 1, 67, 9}), all));
        }
        const double error = test::normalizedError(first, expected);
        qInfo("%.2e", error);
        QVERIFY(error < limit);
    }

    void aLaterAnswerWantsItsLastRowAlone()
    {
        const auto model = test::loadFile(path());
        const auto tokens = tokensOfTheGolden();
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads};
        const auto pool = test::poolFor(*model, 1000);
        nn::KvSequence whole(*pool), prompt(*pool), other(*pool);
        const auto all = test::allLogits(*model, context, whole, tokens, {200});
        const SequenceStep silent{&prompt, std::span(tokens).first(150), LogitsWanted::none};
        QCOMPARE(model->step(context, {&silent, 1}).rows(), int64_t(0));
        const SequenceStep steps[] = {{&other, std::span(tokens).first(30), LogitsWanted::none},
                                      {&prompt, std::span(tokens).subspan(150), LogitsWanted::last}};
        const Tensor rows = model->step(context, steps);
        QVERIFY(sameBits(rows.values(), std::span(all).last(128)));
    }

    // An answer that is cancelled inside a step leaves compressed keys and half a next state behind.
    void aCancelledStepLeavesNoTrace()
    {
        struct Cancels final : nn::LayerObserver {
            void layerDone(int layer, const Tensor&) override
            {
                if (layer == 3)
                    throw Cancelled();
            }
        } cancels;
        const auto model = test::loadFile(path());
        const auto tokens = tokensOfTheGolden();
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads};
        const auto pool = test::poolFor(*model, 1000);
        nn::KvSequence whole(*pool), sequence(*pool);
        const auto all = test::allLogits(*model, context, whole, tokens, {200});
        const SequenceStep first{&sequence, std::span(tokens).first(126), LogitsWanted::none};
        model->step(context, {&first, 1});
        const std::vector<int32_t> wrong = {9, 8, 7, 6, 5, 4, 3, 2, 1}; // finishes blocks of both kinds
        const SequenceStep cancelled{&sequence, wrong, LogitsWanted::last};
        model->layerObserver = &cancels;
        QVERIFY_THROWS_EXCEPTION(Cancelled, model->step(context, {&cancelled, 1}));
        model->layerObserver = nullptr;
        QCOMPARE(sequence.length(), int64_t(126));

        nn::KvSequence fork = sequence.fork();
        const SequenceStep both[] = {{&sequence, std::span(tokens).subspan(126), LogitsWanted::last},
                                     {&fork, wrong, LogitsWanted::last}};
        const Tensor rows = model->step(context, both);
        QVERIFY(sameBits(rows.rowRange(0, 1).values(), std::span(all).last(128)));
        std::vector<int32_t> branch(tokens.begin(), tokens.begin() + 126);
        branch.insert(branch.end(), wrong.begin(), wrong.end());
        nn::KvSequence again(*pool);
        const SequenceStep alone{&again, branch, LogitsWanted::last};
        QVERIFY(sameBits(model->step(context, {&alone, 1}).values(), rows.rowRange(1, 1).values()));

        // Its end cannot be cut off, but it can begin anew.
        QCOMPARE(sequence.restorable(190), int64_t(0));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.truncate(190));
        sequence.truncate(0);
        QVERIFY(sameBits(test::allLogits(*model, context, sequence, tokens, {77}), all));
        nn::KvSequence adopting(*pool);
        sequence.publish();
        QCOMPARE(adopting.adoptPrefix(tokens), int64_t(0));
    }

    void quantizedWeightsGiveTheSameBitsPackedAndHoweverTheTokensAreFed_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<double>("limit");
        QTest::newRow("Q8_0") << int(DType::Q8_0) << 5e-3;
        QTest::newRow("Q4_0") << int(DType::Q4_0) << 0.1;
    }

    void quantizedWeightsGiveTheSameBitsPackedAndHoweverTheTokensAreFed()
    {
        QFETCH(int, dtype);
        QFETCH(double, limit);
        const auto source = edited();
        for (int layer = 0; layer < 4; ++layer) {
            for (const char* name :
                 {"attn_q_a", "attn_q_b", "attn_kv", "attn_output_a", "attn_output_b", "attn_compressor_kv",
                  "attn_compressor_gate", "indexer.attn_q_b", "indexer_compressor_kv", "indexer_compressor_gate",
                  "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"}) {
                const std::string tensor = "blk." + std::to_string(layer) + "." + name + ".weight";
                if (source->has(tensor))
                    source->replace(tensor, quantized(source->get(tensor), DType(dtype)));
            }
        }
        const auto tokens = tokensOfTheGolden();
        const auto expected = test::readFloats(test::fixturePath("models-next/deepseek4.expected.f32"));
        for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
            cpu::ThreadPool threads(3);
            const ops::OpContext context{threads, cpu::level(), activations};
            const auto model = models::loadModel(source);
            const auto pool = test::poolFor(*model, 1000);
            nn::KvSequence whole(*pool), uneven(*pool), packed(*pool);
            const auto all = test::allLogits(*model, context, whole, tokens, {200});
            QVERIFY(sameBits(test::allLogits(*model, context, uneven, tokens, {1, 2, 60, 1, 67, 9}), all));
            models::packWeights(context, *model);
            QVERIFY(sameBits(test::allLogits(*model, context, packed, tokens, {33}), all));
            const double error = test::normalizedError(all, expected);
            qInfo("%.2e", error);
            QVERIFY(error < limit);
        }
    }

    void theFirstLayersLookTheirExpertsUp()
    {
        // What the router of the first layer says of each token at the beginning of a text, as a table.
        const auto plain = test::loadFile(path());
        cpu::ThreadPool threads(2);
        const ops::OpContext context{threads, cpu::level(), ops::Activations::f32};
        const auto pool = test::poolFor(*plain, 200);
        Tensor table = Tensor::empty({128, 2}, DType::I32), turned = Tensor::empty({128, 2}, DType::I32);
        std::vector<std::vector<float>> logits;
        std::vector<Choices> choices(128);
        for (int32_t token = 0; token < 128; ++token) {
            nn::KvSequence cache(*pool);
            const SequenceStep step{&cache, {&token, 1}, LogitsWanted::last, &choices[size_t(token)]};
            const Tensor row = plain->step(context, {&step, 1});
            logits.emplace_back(row.values().begin(), row.values().end());
            for (int i = 0; i < 2; ++i) {
                table.data<int32_t>()[token * 2 + i] = choices[size_t(token)].experts[0][size_t(i)];
                turned.data<int32_t>()[token * 2 + i] = (choices[size_t(token)].experts[0][size_t(i)] + 3) % 8;
            }
        }
        const auto source = edited();
        source->edit().setInteger("deepseek4.hash_layer_count", 1);
        source->replace("blk.0.ffn_gate_tid2eid.weight", table);
        source->hide("blk.0.exp_probs_b.bias");
        const auto model = models::loadModel(source);
        source->replace("blk.0.ffn_gate_tid2eid.weight", turned);
        const auto other = models::loadModel(source);
        for (int32_t token = 0; token < 128; ++token) {
            nn::KvSequence cache(*pool), otherCache(*pool);
            const SequenceStep step{&cache, {&token, 1}};
            QVERIFY(sameBits(model->step(context, {&step, 1}).values(), logits[size_t(token)]));
            const SequenceStep otherStep{&otherCache, {&token, 1}};
            QVERIFY(!sameBits(other->step(context, {&otherStep, 1}).values(), logits[size_t(token)]));
        }

        // Rows of several sequences, of which one goes on; a layer behind it still chooses.
        const auto tokens = tokensOfTheGolden();
        nn::KvSequence a(*pool), b(*pool);
        Choices ofA, ofB;
        for (const auto& [from, n] : {std::pair<size_t, size_t>{0, 11}, {11, 5}}) {
            const SequenceStep steps[] = {{&b, std::span(tokens).subspan(50 + from, n), LogitsWanted::none, &ofB},
                                          {&a, std::span(tokens).subspan(from, n), LogitsWanted::last, &ofA}};
            other->step(context, steps);
        }
        for (const auto& [heard, first] : {std::pair<Choices*, size_t>{&ofA, 0}, {&ofB, 50}}) {
            QCOMPARE(heard->experts[1].size(), 32u);
            QCOMPARE(heard->experts[0].size(), 32u);
            for (size_t t = 0; t < 16; ++t) {
                std::vector<int32_t> experts(heard->experts[0].begin() + ptrdiff_t(2 * t),
                                             heard->experts[0].begin() + ptrdiff_t(2 * t + 2));
                const int32_t* wanted = turned.data<int32_t>() + tokens[first + t] * 2;
                QVERIFY(std::ranges::is_permutation(experts, std::span(wanted, 2)));
                QVERIFY(std::abs(heard->weights[0][2 * t] + heard->weights[0][2 * t + 1] - 1.0f) < 1e-6f);
            }
        }
    }

    void aTableOfExpertsThatAreNotThereIsRefused()
    {
        const auto source = edited();
        source->edit().setInteger("deepseek4.hash_layer_count", 2);
        QVERIFY(test::messageOf<BadFile>(source).contains("blk.0.ffn_gate_tid2eid.weight"));
        Tensor table = Tensor::zeros({128, 2}, DType::I32);
        source->replace("blk.0.ffn_gate_tid2eid.weight", table);
        table = Tensor::zeros({128, 2}, DType::I32);
        table.data<int32_t>()[255] = 8;
        source->replace("blk.1.ffn_gate_tid2eid.weight", table);
        QVERIFY(test::messageOf<BadFile>(source).contains("blk.1.ffn_gate_tid2eid.weight holds 8"));
        source->replace("blk.1.ffn_gate_tid2eid.weight", Tensor::zeros({127, 2}, DType::I32));
        QVERIFY(test::messageOf<BadFile>(source).contains("blk.1.ffn_gate_tid2eid.weight has shape"));
        source->replace("blk.1.ffn_gate_tid2eid.weight", Tensor::zeros({128, 2}));
        QVERIFY(test::messageOf<Unsupported>(source).contains("blk.1.ffn_gate_tid2eid.weight of type F32"));
    }

    void groupsOfHeadsMayLieInTwoDimensions()
    {
        const auto source = edited();
        for (int layer = 0; layer < 4; ++layer) {
            const std::string name = "blk." + std::to_string(layer) + ".attn_output_a.weight";
            source->replace(name, source->get(name).reshaped({256, 64}));
        }
        const auto flat = models::loadModel(source), model = test::loadFile(path());
        cpu::ThreadPool threads(2);
        const auto pool = test::poolFor(*model, 500);
        nn::KvSequence a(*pool), b(*pool);
        const auto tokens = tokensOfTheGolden();
        QVERIFY(sameBits(test::allLogits(*model, {threads}, a, tokens, {100}),
                         test::allLogits(*flat, {threads}, b, tokens, {100})));
    }

    void activationsStayInsideTheirLimits()
    {
        const auto tokens = tokensOfTheGolden();
        cpu::ThreadPool threads(2);
        std::vector<std::vector<float>> logits;
        for (const float limit : {10.0f, 0.0f, 1e-3f}) { // far above what the golden's experts reach; none; far below
            const auto source = edited();
            const std::vector<float> limits(4, limit);
            source->edit().setReals("deepseek4.swiglu_clamp_exp", limits);
            source->edit().remove("deepseek4.swiglu_clamp_shexp"); // the same then
            const auto model = models::loadModel(source);
            const auto pool = test::poolFor(*model, 100);
            nn::KvSequence cache(*pool);
            logits.push_back(test::allLogits(*model, {threads, cpu::level(), ops::Activations::f32}, cache,
                                             std::span(tokens).first(20), {20}));
        }
        QVERIFY(test::normalizedError(logits[1], logits[0]) < 1e-9);
        QVERIFY(test::normalizedError(logits[2], logits[0]) > 1e-3);
    }

    void theStateAndCompressedKeysAreCounted()
    {
        const auto model = test::loadFile(path());
        const nn::KvLayout layout = model->kvLayout();
        QCOMPARE(layout.stateFloats,
                 size_t(6 * (64 + 128) + 3 * 64)); // overlapping blocks of 4 and their index; blocks of 128
        QCOMPARE(layout.window, 32);
        const size_t raw = 4 * 32 * 64 * 2, blocks = (8 * (64 + 128) + 64) * 2; // of a page, F16
        QCOMPARE(layout.recentBytes(), raw);
        QCOMPARE(layout.pageBytes(), raw + blocks);
        QCOMPARE(layout.bytes(6400, 32) - layout.bytes(3200, 32), 100 * blocks);
        QVERIFY(layout.bytes(32, 32) >= layout.pageBytes() + 2 * 4 * layout.stateFloats);
        // The streams alone, twice, and the keys that are copied for their readers.
        QVERIFY(model->computeBytes(512) - model->computeBytes(256) > 256 * 2 * 4 * 512 * 4);
        QVERIFY(model->computeBytes(1) > 8 << 20);
    }

    void aMissingTensorIsNamed_data()
    {
        QTest::addColumn<QString>("tensor");
        for (const char* name :
             {"output.weight", "output_hc_fn.weight", "output_hc_scale.weight", "blk.0.hc_attn_fn.weight",
              "blk.3.hc_ffn_base.weight", "blk.1.attn_sinks.weight", "blk.0.attn_kv_a_norm.weight",
              "blk.2.attn_compressor_kv.weight", "blk.3.attn_compressor_ape.weight", "blk.2.indexer.proj.weight",
              "blk.2.indexer_compressor_norm.weight", "blk.2.attn_output_a.weight", "blk.1.exp_probs_b.bias"})
            QTest::newRow(name) << name;
    }

    void aMissingTensorIsNamed()
    {
        QFETCH(QString, tensor);
        const auto source = edited();
        source->hide(tensor.toStdString());
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(tensor), qPrintable(message));
    }

    void senselessKeysAreNamed_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<double>("value");
        QTest::newRow("several key heads") << "attention.head_count_kv" << 2.0;
        QTest::newRow("no window") << "attention.sliding_window" << 0.0;
        QTest::newRow("groups that do not divide") << "attention.output_group_count" << 3.0;
        QTest::newRow("no rank") << "attention.output_lora_rank" << 0.0;
        QTest::newRow("no queries") << "attention.q_lora_rank" << 0.0;
        QTest::newRow("too many streams") << "hyper_connection.count" << 9.0;
        QTest::newRow("no streams") << "hyper_connection.count" << 0.0;
        QTest::newRow("never balanced") << "hyper_connection.sinkhorn_iterations" << 0.0;
        QTest::newRow("balanced for ever") << "hyper_connection.sinkhorn_iterations" << 1e9;
        QTest::newRow("an index smaller than its rotation") << "attention.indexer.key_length" << 16.0;
        QTest::newRow("nothing picked") << "attention.indexer.top_k" << 0.0;
        QTest::newRow("more tables than layers") << "hash_layer_count" << 5.0;
        QTest::newRow("a ratio for too few layers") << "attention.compress_ratios" << 4.0;
    }

    void senselessKeysAreNamed()
    {
        QFETCH(QString, key);
        QFETCH(double, value);
        const auto source = edited();
        source->edit().setInteger("deepseek4." + key.toStdString(), int64_t(value), formats::ValueType::i64);
        const QString message = test::messageOf<BadFile>(source);
        QVERIFY2(message.contains(key), qPrintable(message));
    }

    void whatThisVersionCannotDoIsNamed()
    {
        const auto ratio = edited();
        const int32_t ratios[] = {0, 0, 8, 128};
        ratio->edit().setIntegers("deepseek4.attention.compress_ratios", ratios);
        QVERIFY(test::messageOf<Unsupported>(ratio).contains("attention.compress_ratios 8"));
        const auto dense = edited();
        dense->edit().setInteger("deepseek4.leading_dense_block_count", 1);
        QVERIFY(test::messageOf<Unsupported>(dense).contains("dense layers"));
        const auto limits = edited();
        const float few[] = {10, 10, -1, 10};
        limits->edit().setReals("deepseek4.swiglu_clamp_exp", few);
        QVERIFY(test::messageOf<BadFile>(limits).contains("swiglu_clamp_exp"));
    }
};

QTEST_APPLESS_MAIN(TestDeepSeek4)
#include "tst_deepseek4.moc"
