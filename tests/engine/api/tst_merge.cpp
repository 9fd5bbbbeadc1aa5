// SPDX-License-Identifier: GPL-3.0-or-later
// Adapters put into the weights of a tiny model.
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/merge.h"
#include "engine/api/model_writing.h"
#include "engine/api/models.h"
#include "engine/core/error.h"
#include "tests/engine/api/training_place.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;
using Place = test::TinyTrainingPlace;

class TestMerge : public QObject {
    Q_OBJECT

private slots:
    void aMergedModelAnswersAsWithTheAdapter_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<double>("strength");
        QTest::addRow("lora") << "lora" << 1.0;
        QTest::addRow("half") << "lora" << 0.5;
        QTest::addRow("dora") << "dora" << 1.0;
        QTest::addRow("half dora") << "dora" << 0.5;
    }
    void aMergedModelAnswersAsWithTheAdapter()
    {
        QFETCH(QString, method);
        QFETCH(double, strength);
        const Place place;
        auto config = place.config(20);
        config["adapter"]["method"] = method.toStdString();
        config["adapter"]["alphaPattern"] = {{"blk.0.*", 3}};
        const fs::path adapter = place.train(config).adapter, tiny = place.path("tiny.gguf");
        const auto logits = [&](const fs::path& model, const AdapterSetting& setting) {
            const auto loaded = place.engine->models().load(model, {.isExact = true});
            std::vector<float> values;
            const std::vector<int32_t> tokens = {1, 2, 3, 70, 71};
            loaded->logits(tokens, 0, [&](std::span<const float> rows, int64_t) { values.insert(values.end(), rows.begin(), rows.end()); }, {}, setting);
            return values;
        };
        const MergeResult result = mergeAdapter(*place.engine, adapter, tiny, place.path("merged.gguf"), {.strength = strength});
        QCOMPARE(result.nMatrices, 14); // seven in each of two layers
        const auto bare = logits(tiny, {}), adapted = logits(tiny, {adapter, strength}), merged = logits(place.path("merged.gguf"), {});
        double error = 0, change = 0;
        for (size_t i = 0; i < bare.size(); ++i) {
            error = std::max(error, std::abs(double(adapted[i]) - double(merged[i])));
            change = std::max(change, std::abs(double(adapted[i]) - double(bare[i])));
        }
        QVERIFY2(change > 0.1 && error < change * 1e-4, qPrintable(QStringLiteral("%1 of %2").arg(error).arg(change)));
        const auto small = mergeAdapter(*place.engine, adapter, tiny, place.path("small.gguf"), {.type = "Q8_0"});
        QVERIFY(small.outBytes < result.outBytes * 3 / 4);
    }

    void aMergeIsCountedBeforehand()
    {
        const Place place;
        const fs::path adapter = place.train(2).adapter, tiny = place.path("tiny.gguf"), out = place.path("out.gguf");
        Engine& engine = *place.engine;
        for (const char* type : {"", "F16", "Q8_0"}) {
            const MergePlan plan = planMerge(engine, adapter, tiny, out, {.type = type});
            QVERIFY(!fs::exists(out) && !plan.isThere);
            QCOMPARE(plan.inBytes, fs::file_size(tiny));
            QVERIFY(plan.availableBytes > plan.outBytes);
            const MergeResult result = mergeAdapter(engine, adapter, tiny, out, {.type = type});
            QCOMPARE(plan.nMatrices, result.nMatrices);
            QVERIFY2(std::abs(double(plan.outBytes) - double(result.outBytes)) < 2000, type);
            QVERIFY(planMerge(engine, adapter, tiny, out).isThere);
            fs::remove(out);
        }
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, planMerge(engine, adapter, tiny, tiny));
        QVERIFY_THROWS_EXCEPTION(StorageFailure, requireRoom(out, UINT64_MAX / 2));
    }

    void aMergedModelIsComparedWithTheAdapter()
    {
        const Place place;
        const auto made = place.train(20);
        const fs::path tiny = place.path("tiny.gguf"), out = place.path("out.gguf");
        Engine& engine = *place.engine;
        mergeAdapter(engine, made.adapter, tiny, out, {.name = "My Run"});
        QCOMPARE(engine.library().facts(out).name, std::string("Tiny Talker (My Run)"));
        const std::string text = examplesOf(engine, made.run);
        QVERIFY(text.find("say 3") != std::string::npos);
        QVERIFY(examplesOf(engine, "nobody").empty());
        std::vector<int64_t> seen;
        int64_t all = 0;
        const MergeQuality q = compareMerged(engine, made.adapter, tiny, out, text, {.contextLength = 1 << 20}, {}, [&](int64_t done, int64_t total) {
            seen.push_back(done);
            all = total;
        });
        QVERIFY(q.nTokens > 0 && q.adapter < q.model);
        QVERIFY(std::abs(q.merged / q.adapter - 1) < 0.01);
        QVERIFY(std::ranges::is_sorted(seen));
        QCOMPARE(seen.back(), all);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, compareMerged(engine, made.adapter, tiny, out, ""));
        std::stop_source stop;
        QVERIFY_THROWS_EXCEPTION(Cancelled, compareMerged(engine, made.adapter, tiny, out, text, {}, stop.get_token(), [&](int64_t, int64_t) { stop.request_stop(); }));
    }

    void aMergedModelInTheModelsFolderIsListedAndReplaced()
    {
        const Place place;
        const fs::path adapter = place.train(2).adapter, tiny = place.path("tiny.gguf");
        Engine& engine = *place.engine;
        const fs::path models = engine.dataDir() / "models";
        fs::create_directories(models);
        QVERIFY(engine.library().isInModelsFolder(models / "new.gguf") && !engine.library().isInModelsFolder(tiny));
        mergeAdapter(engine, adapter, tiny, models / "new.gguf", {.name = "one"});
        const ModelEntry first = engine.library().addWritten(models / "new.gguf");
        QCOMPARE(first.name, std::string("Tiny Talker (one)"));
        QVERIFY(!first.isReferenced);
        engine.library().verify(first.id);
        QVERIFY(!engine.library().find(first.id)->sha256.empty());
        mergeAdapter(engine, adapter, tiny, models / "new.gguf", {.type = "Q8_0", .name = "two"});
        const ModelEntry second = engine.library().addWritten(models / "new.gguf");
        QCOMPARE(second.id, first.id);
        QCOMPARE(second.name, std::string("Tiny Talker (two)"));
        QVERIFY(second.bytes < first.bytes && second.sha256.empty());
        QCOMPARE(engine.library().list().size(), 1u);
        engine.library().remove(second.id);
        QVERIFY(!fs::exists(models / "new.gguf"));
    }

    void whatCannotBeMergedIsRefusedAndLeavesNothing()
    {
        const Place place;
        const fs::path adapter = place.train(2).adapter, tiny = place.path("tiny.gguf"), out = place.path("out.gguf");
        Engine& engine = *place.engine;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mergeAdapter(engine, adapter, tiny, tiny));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mergeAdapter(engine, adapter, tiny, out, {.type = "Q9"}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mergeAdapter(engine, adapter, tiny, out, {.strength = 3}));
        test::writeTinyModel(place.path("other.gguf"), "Other", "llama", 1, {.dim = 64, .ffn = 64, .kvDim = 32});
        QVERIFY_THROWS_EXCEPTION(BadFile, mergeAdapter(engine, adapter, place.path("other.gguf"), out));
        QVERIFY_THROWS_EXCEPTION(BadFile, planMerge(engine, adapter, place.path("other.gguf"), out));
        test::writeTinyModel(place.path("short.gguf"), "Short", "llama", 1, {.layers = 1});
        QVERIFY_THROWS_EXCEPTION(Unsupported, planMerge(engine, adapter, place.path("short.gguf"), out));
        std::stop_source stop;
        QVERIFY_THROWS_EXCEPTION(Cancelled, mergeAdapter(engine, adapter, tiny, out, {}, stop.get_token(), [&](uint64_t, uint64_t) { stop.request_stop(); }));
        QVERIFY(!fs::exists(out));
        for (const auto& entry : fs::directory_iterator(out.parent_path())) // nor the half one beside it
            QVERIFY(entry.path().filename().string().find("out.gguf") == std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestMerge)
#include "tst_merge.moc"
