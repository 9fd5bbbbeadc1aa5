// SPDX-License-Identifier: GPL-3.0-or-later
// Adapters on the experts that the data uses most (ESFT), on a tiny mixture whose router has favourites.
#include "engine/api/run_folder.h"
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/train/expert_choice.h"
#include "tests/engine/api/training_place.h"
#include "tests/tiny_model.h"

#include <QtTest>

#include <algorithm>
#include <fstream>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

struct Place : test::TrainingPlace {
    Place() : TrainingPlace(2)
    {
        test::writeTinyModel(path("mixture.gguf"), "Mixture", "llama", 1, {.experts = 8, .favourites = {2, 5}});
        test::writeTinyModel(path("dense.gguf"), "Dense");
    }

    nlohmann::json config(const char* experts, double share, int maxSteps = 6) const
    {
        return {{"name", "esft"},
                {"model", path("mixture.gguf").string()},
                {"data", {{{"path", path("rows.jsonl").string()}}}},
                {"evaluation", {{"fraction", 0}}},
                {"adapter", {{"targets", "experts"}, {"rank", 4}, {"experts", experts}, {"expertShare", share}}},
                {"optimizer", {{"learningRate", 0.01}, {"warmupSteps", 1}}},
                {"batch", {{"contextLength", 64}, {"sequences", 4}}},
                {"epochs", 1000},
                {"checkpoint", {{"everySteps", 2}}},
                {"maxSteps", maxSteps}};
    }
    FineTunePlan plan(const nlohmann::json& c) const { return planFineTune(*engine, c.dump(), "test"); }
};

// Every token has one of the two first, with nearly all of the weight; its second choice may be any.
bool areFavourites(const std::map<int, std::vector<int>>& experts)
{
    return experts.size() == 2 && std::ranges::all_of(experts, [](const auto& layer) {
        return !layer.second.empty() &&
               std::ranges::all_of(layer.second, [](int expert) { return expert == 2 || expert == 5; });
    });
}

int64_t countOf(const std::map<int, std::vector<int>>& experts)
{
    int64_t n = 0;
    for (const auto& [layer, some] : experts)
        n += int64_t(some.size());
    return n;
}

} // namespace

class TestChosenExperts : public QObject {
    Q_OBJECT

private slots:
    void theFewestThatComeToTheShare_data()
    {
        QTest::addColumn<double>("share");
        QTest::addColumn<std::vector<int32_t>>("chosen");
        QTest::newRow(".2") << .2 << std::vector<int32_t>{0};
        QTest::newRow(".5") << .5 << std::vector<int32_t>{0, 1};
        QTest::newRow(".6") << .6 << std::vector<int32_t>{0, 1, 2};
        QTest::newRow("exactly three") << .67 << std::vector<int32_t>{0, 1, 2};
        QTest::newRow("all") << 1.0 << std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7};
    }
    void theFewestThatComeToTheShare()
    {
        QFETCH(double, share);
        QFETCH(std::vector<int32_t>, chosen);
        QCOMPARE(train::fewestExperts({{3, {.30, .22, .15, .12, .08, .06, .04, .03}}}, share).at(3), chosen);
        std::vector<double> turned{.03, .04, .06, .08, .12, .15, .22, .30};
        std::vector<int32_t> mirrored;
        for (const int32_t e : chosen)
            mirrored.insert(mirrored.begin(), 7 - e);
        QCOMPARE(train::fewestExperts({{0, turned}}, share).at(0), mirrored);
    }

    void thePlanTellsWhichExpertsTheDataUses()
    {
        const Place place;
        const FineTunePlan some = place.plan(place.config("gate", .9));
        QVERIFY(areFavourites(some.experts));
        QCOMPARE(some.expertsPerLayer, 8);
        const FineTunePlan most = place.plan(place.config("token", .9)); // second choices count as much
        QVERIFY(countOf(most.experts) > countOf(some.experts));
        auto config = place.config("gate", .9);
        config["adapter"]["experts"] = "all";
        const FineTunePlan all = place.plan(config);
        QVERIFY(all.experts.empty());
        QCOMPARE(16 * some.trainedParameters, countOf(some.experts) * all.trainedParameters);
        QCOMPARE(16 * some.trainedBytes, uint64_t(countOf(some.experts)) * all.trainedBytes);
        config["adapter"]["experts"] = "gate";
        config["adapter"]["targets"] = "all-linear"; // the rest of the model is trained as ever
        QCOMPARE(place.plan(config).experts, some.experts);
        QVERIFY(place.plan(config).trainedParameters > some.trainedParameters);
    }

    void onlyTheChosenAreTrainedAndTheFileHasAllOfThem()
    {
        const Place place;
        auto config = place.config("gate", .9, 60);
        config["optimizer"]["learningRate"] = 0.03;
        const auto experts = place.plan(config).experts;
        const auto result = place.train(config);
        QCOMPARE(result.end, FineTuneResult::End::done);
        const auto fallOf = [&](const FineTuneResult& run) {
            const auto steps = runSteps(*place.engine, run.run);
            double fall = 0;
            for (size_t i = 0; i < 5; ++i)
                fall += (steps[i].loss - steps[steps.size() - 1 - i].loss) / 5;
            return fall;
        };
        config["adapter"]["experts"] = "all";
        const double all = fallOf(place.train(config)), chosen = fallOf(result);
        QVERIFY2(all > 0.02 && chosen > 0.8 * all, qPrintable(QString("%1 %2").arg(all).arg(chosen)));
        const formats::GgufFile file = formats::GgufFile::open(result.adapter);
        int nSeen = 0;
        for (const formats::TensorInfo& info : file.tensors()) {
            const Tensor t = file.get(info.name);
            QCOMPARE(t.shape()[0], 8);
            const int64_t n = t.count() / 8;
            for (int64_t e = 0; e < 8; ++e) {
                const float* values = t.f32() + e * n;
                const bool isZero = std::all_of(values, values + n, [](float value) { return value == 0; });
                const std::vector<int>& trained = experts.at(info.name.starts_with("blk.0.") ? 0 : 1);
                QVERIFY2(isZero == (std::ranges::find(trained, int(e)) == trained.end()), info.name.c_str());
            }
            ++nSeen;
        }
        QCOMPARE(nSeen, 12); // two factors of three matrices in two layers
    }

    void stoppedAndResumedItHasTheSameBytes()
    {
        const Place place;
        const auto config = place.config("gate", .5, 7);
        const auto whole = place.train(config);
        const auto half = place.train(config, 3);
        QCOMPARE(half.end, FineTuneResult::End::stopped);
        const auto rest = resumeFineTune(*place.engine, half.run, {}, {});
        QCOMPARE(rest.end, FineTuneResult::End::done);
        QVERIFY(test::bytesOf(rest.adapter) == test::bytesOf(whole.adapter));
        // An earlier checkpoint is made as the run made it.
        useCheckpoint(*place.engine, whole.run, 4);
        const auto used = findRun(*place.engine, whole.run)->adapter;
        QVERIFY(used != whole.adapter && test::bytesOf(used).size() == test::bytesOf(whole.adapter).size());
        std::ofstream(folderOf(place.engine->dataDir(), half.run) / "experts.json") << "{\"layers\": 3}";
        QVERIFY_THROWS_EXCEPTION(BadFile, resumeFineTune(*place.engine, half.run, {}, {}));
        std::ofstream(folderOf(place.engine->dataDir(), half.run) / "experts.json") << "{\"layers\": {\"0\": [9], \"1\": [1]}}";
        QVERIFY_THROWS_EXCEPTION(Unsupported, resumeFineTune(*place.engine, half.run, {}, {}));
        std::filesystem::remove(folderOf(place.engine->dataDir(), half.run) / "experts.json"); // not all of them instead
        QVERIFY_THROWS_EXCEPTION(Error, resumeFineTune(*place.engine, half.run, {}, {}));
    }

    void whereThereIsNothingToChooseIsSaid()
    {
        const Place place;
        auto config = place.config("token", .5);
        config["adapter"]["targets"] = "attention";
        QVERIFY_THROWS_EXCEPTION(Unsupported, place.plan(config));
        config = place.config("token", .5);
        config["model"] = place.path("dense.gguf").string();
        QVERIFY_THROWS_EXCEPTION(Unsupported, place.plan(config));
        config = place.config("token", .5);
        config["adapter"]["initial"] = "esft-1";
        QVERIFY_THROWS_EXCEPTION(BadFile, place.plan(config));
        config = place.config("router", .5);
        QVERIFY_THROWS_EXCEPTION(BadFile, place.plan(config));
        config = place.config("token", 1.5);
        QVERIFY_THROWS_EXCEPTION(BadFile, place.plan(config));
    }
};

QTEST_APPLESS_MAIN(TestChosenExperts)
#include "tst_chosen_experts.moc"
