// SPDX-License-Identifier: GPL-3.0-or-later
// What a load can choose: the type of the KV cache, and how many experts a token gets.
#include "engine/api/loaded_model.h"
#include "engine/api/trace.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace sy;
using namespace sy::api;

namespace {

constexpr int64_t kTokens = 200;

std::vector<int32_t> someTokens()
{
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < kTokens; ++i)
        ids.push_back((7 + i * i * 3 + i) % 90);
    return ids;
}

std::vector<float> logits(LoadedModel& model)
{
    std::vector<float> all;
    model.logits(someTokens(), 64, [&](std::span<const float> rows, int64_t) { all.insert(all.end(), rows.begin(), rows.end()); });
    return all;
}

double normalizedError(const std::vector<float>& values, const std::vector<float>& expected)
{
    double difference = 0, total = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(double(values[i]) - expected[i], 2);
        total += std::pow(double(expected[i]), 2);
    }
    return difference / total;
}

} // namespace

class TestLoadOptions : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(2);

    std::shared_ptr<LoadedModel> open(const std::filesystem::path& path, const LoadOptions& options)
    {
        return openModel(m_processor, path, options, {});
    }

private slots:
    void shorterKeysAndValuesStayNearTheExactOnes_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("halfLimit"); // of the normalized squared error against float32
        QTest::addColumn<double>("codeLimit");
        QTest::newRow("llama") << "llama" << 1e-6 << 1e-4;
        QTest::newRow("gemma3") << "gemma3" << 1e-6 << 5e-4;
        // Random routers have near ties: where one falls the other way, a token gets other experts.
        QTest::newRow("qwen3moe") << "qwen3moe" << 1e-6 << 5e-3;
        QTest::newRow("gpt-oss") << "gpt-oss" << 1e-6 << 5e-3;
        QTest::newRow("deepseek2-v3") << "deepseek2-v3" << 5e-4 << 5e-2;
        QTest::newRow("deepseek2-v2-lite") << "deepseek2-v2-lite" << 5e-4 << 5e-2;
    }

    void shorterKeysAndValuesStayNearTheExactOnes()
    {
        QFETCH(QString, name);
        QFETCH(double, halfLimit);
        QFETCH(double, codeLimit);
        const auto path = sy::test::fixturePath("models/" + name.toStdString() + ".gguf");
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        LoadOptions options;
        options.isExact = true; // float32 activations: what differs is the cache
        const std::vector<float> exact = logits(*open(path, options));
        options.kvType = KvType::f32;
        QVERIFY(logits(*open(path, options)) == exact);
        options.kvType = KvType::f16;
        const double half = normalizedError(logits(*open(path, options)), exact);
        options.kvType = KvType::q8_0;
        const double codes = normalizedError(logits(*open(path, options)), exact);
        qInfo("f16 %.2e, q8_0 %.2e", half, codes);
        QVERIFY(half > 0 && half < halfLimit);
        QVERIFY(codes > half && codes < codeLimit);
    }

    void theMemoryPlanFollowsTheType()
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / "tiny.gguf"; // heads of 8
        sy::test::writeTinyModel(path);
        LoadOptions options;
        options.contextLength = 1024;
        const auto model = open(path, options);
        const auto kv = [&](KvType type) {
            options.kvType = type;
            return estimateMemory(*model->state().model, options).kvBytes;
        };
        QCOMPARE(kv(KvType::f32), 2 * kv(KvType::f16));
        QCOMPARE(kv(KvType::automatic), kv(KvType::f16));
        QCOMPARE(kv(KvType::q8_0) * 16, kv(KvType::f16) * 34); // one block of 34 bytes for a head of 8
        options.isExact = true;
        QCOMPARE(kv(KvType::automatic), kv(KvType::f32));
        const auto& of = model->facts().memory.kvBytesPerTokenOf;
        QCOMPARE(of.at("f16"), model->facts().memory.kvBytesPerToken);
        QCOMPARE(of.at("f32") * 1024, kv(KvType::f32));
        for (const KvType type : {KvType::automatic, KvType::f32, KvType::f16, KvType::q8_0})
            QCOMPARE(kvTypeOf(toString(type)), std::optional(type));
        QVERIFY(!kvTypeOf("q4_0"));
    }

    void aContextComesBackInItsOwnTypeAlone()
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / "tiny.gguf";
        const auto file = std::filesystem::path(m_folder.path().toStdString()) / "chat.kv";
        sy::test::writeTinyModel(path);
        const std::vector<ChatMessage> chat{{"user", std::string(200, 'a')}, {"assistant", "b"}};
        LoadOptions codes;
        codes.kvType = KvType::q8_0;
        {
            const auto model = open(path, codes);
            GenerationRequest r;
            r.messages = {chat[0]};
            r.maxTokens = 1;
            model->generate(r, {});
            QVERIFY(model->saveContext(chat, file) >= 192);
        }
        QVERIFY(open(path, codes)->restoreContext(file) >= 192);
        QCOMPARE(open(path, {})->restoreContext(file), int64_t(0));
        LoadOptions fewer = codes; // other experts, other keys
        fewer.expertMass = 0.5;
        QCOMPARE(open(path, fewer)->restoreContext(file), int64_t(0));
    }

    void lessMassIsWorseAndUsesFewerExperts()
    {
        const auto path = sy::test::fixturePath("models/olmoe.gguf");
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        LoadOptions options;
        options.isExact = true;
        const std::vector<float> all = logits(*open(path, options));
        double before = 0;
        size_t nBefore = SIZE_MAX;
        for (const double mass : {0.9, 0.6, 0.3}) {
            options.expertMass = mass;
            const auto model = open(path, options);
            const double error = normalizedError(logits(*model), all);
            Trace trace;
            GenerationRequest r;
            r.promptIds = someTokens();
            r.maxTokens = 3;
            r.trace = &trace;
            model->generate(r, {});
            size_t nExperts = 0;
            for (const TraceRouting& routing : trace.routing) {
                QVERIFY(!routing.experts.empty());
                nExperts += routing.experts.size();
            }
            qInfo("%.1f: error %.2e, %.2f of %d experts", mass, error, double(nExperts) / double(trace.routing.size()),
                  model->facts().nExpertsUsed);
            QVERIFY(error > before && error < 0.5);
            QVERIFY(nExperts < nBefore);
            before = error;
            nBefore = nExperts;
        }
        options.expertMass = 0;
        QVERIFY_EXCEPTION_THROWN(open(path, options), std::invalid_argument);
    }
};

QTEST_GUILESS_MAIN(TestLoadOptions)
#include "tst_load_options.moc"
