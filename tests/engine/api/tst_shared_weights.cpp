// SPDX-License-Identifier: GPL-3.0-or-later
// A model's weights are in memory once, whoever computes with them.
#include "engine/api/loaded_model.h"
#include "engine/api/memory_plan.h"
#include "engine/api/training_material.h"
#include "tests/engine/api/training_place.h"
#include "tests/tiny_model.h"

#include <QtTest>

#include <optional>
#include <thread>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

struct Place : test::TrainingPlace {
    explicit Place(DType matrices = DType::Q8_0) : TrainingPlace(2)
    {
        test::TinyShape shape;
        shape.matrices = matrices;
        test::writeTinyModel(path("tiny.gguf"), "Tiny Talker", "llama", 1, shape);
    }

    nlohmann::json config() const
    {
        return {{"name", "shared"},
                {"model", path("tiny.gguf").string()},
                {"data", {{{"path", path("rows.jsonl").string()}}}},
                {"adapter", {{"rank", 4}}},
                {"optimizer", {{"learningRate", 0.01}}},
                {"batch", {{"contextLength", 64}, {"sequences", 4}}},
                {"epochs", 1000},
                {"maxSteps", 6}};
    }
    std::shared_ptr<LoadedModel> load(const LoadOptions& options = {}) const
    {
        return engine->models().load(path("tiny.gguf"), options);
    }
};

std::string answerOf(LoadedModel& model)
{
    GenerationRequest request;
    request.rawPrompt = "A long time ago";
    request.sampling.temperature = 0;
    request.maxTokens = 24;
    return model.generate(request, {}).text;
}

const models::Model* modelOf(const std::shared_ptr<LoadedModel>& loaded)
{
    return loaded->state().model;
}

} // namespace

class TestSharedWeights : public QObject {
    Q_OBJECT

private slots:
    void settingsOfAChatDoNotTakeTheWeightsAgain()
    {
        const Place place;
        const auto first = place.load(), shorter = place.load({.contextLength = 128}), exact = place.load({.isExact = true});
        QVERIFY(first != shorter);
        QCOMPARE(modelOf(first), modelOf(shorter));
        QVERIFY(modelOf(first) != modelOf(exact)); // computes with the weights as they are stored
        QCOMPARE(answerOf(*first), answerOf(*shorter));

        fs::last_write_time(place.path("tiny.gguf"), fs::last_write_time(place.path("tiny.gguf")) + std::chrono::seconds(1));
        QVERIFY(modelOf(place.load({.contextLength = 256})) != modelOf(first)); // another file by now
    }

    void whoLoadsAtTheSameTimeShares()
    {
        const Place place;
        std::shared_ptr<LoadedModel> loaded[4];
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 4; ++i)
                threads.emplace_back([&, i] {
                    loaded[i] = openModel(place.engine->state().processor, place.path("tiny.gguf"), {.contextLength = 64 * (i + 1)}, {});
                });
        }
        for (const auto& each : loaded)
            QCOMPARE(modelOf(each), modelOf(loaded[0]));
    }

    void trainingTakesTheWeightsOfAChat()
    {
        const Place place;
        const std::string alone = test::bytesOf(place.train(place.config()).adapter);
        auto chat = place.load();
        const std::string text = answerOf(*chat);
        const train::RunConfig config = train::parseRunConfig(place.config().dump(), "test");
        {
            TrainingMaterial material(*place.engine, config, "test", {});
            QVERIFY(material.hasWeights());
            QCOMPARE(&material.model(), modelOf(chat));
            material.pack({});
            QCOMPARE(&material.model(), modelOf(chat));
        }
        QVERIFY(test::bytesOf(place.train(place.config()).adapter) == alone);
        QCOMPARE(answerOf(*chat), text);

        FineTuneEvents events; // the chat is closed in the middle of a run, and another one opened
        std::optional<std::string> later;
        const models::Model* const before = modelOf(chat);
        bool isTheSame = false;
        events.onStep = [&](const FineTuneStep& step) {
            if (step.step == 2)
                chat.reset();
            if (step.step == 4) {
                const auto again = place.load();
                isTheSame = modelOf(again) == before;
                later = answerOf(*again);
            }
        };
        const auto result = fineTune(*place.engine, place.config().dump(), "test", {}, events);
        QVERIFY(test::bytesOf(result.adapter) == alone);
        QVERIFY(isTheSame);
        QCOMPARE(*later, text);
    }

    void aChatTakesTheWeightsOfTraining()
    {
        const Place place;
        const train::RunConfig config = train::parseRunConfig(place.config().dump(), "test");
        TrainingMaterial material(*place.engine, config, "test", {});
        QVERIFY(!material.hasWeights()); // a plan takes none
        const auto early = place.load();
        QVERIFY(&material.model() != modelOf(early));
        material.pack({});
        QCOMPARE(&material.model(), modelOf(early));
        TrainingMaterial second(*place.engine, config, "test", {});
        QCOMPARE(&second.model(), modelOf(early));
    }

    void aWholeModelIsTrainedOnWeightsOfItsOwn()
    {
        const Place place(DType::F32);
        const auto chat = place.load();
        auto json = place.config();
        json["adapter"] = {{"method", "full"}};
        const train::RunConfig config = train::parseRunConfig(json.dump(), "test");
        TrainingMaterial material(*place.engine, config, "test", {});
        material.pack({});
        QVERIFY(!material.hasWeights());
        QVERIFY(&material.model() != modelOf(chat));
        const std::string text = answerOf(*chat);
        place.train(json);
        QCOMPARE(answerOf(*chat), text);
    }

    void theMemoryPlanCountsThemOnce()
    {
        const Place place;
        const train::RunConfig config = train::parseRunConfig(place.config().dump(), "test");
        const auto peak = [&](uint64_t processBytes) {
            TrainingMaterial material(*place.engine, config, "test", {});
            train::Trainer trainer = material.trainer(config, {}, nullptr);
            FineTunePlan plan;
            planMemory(plan, material, trainer, config, {.totalBytes = 1 << 30, .availableBytes = 1 << 30, .processBytes = processBytes});
            if (plan.peakBytes != plan.weightBytes + plan.trainedBytes + plan.activationBytes + plan.otherBytes)
                qFatal("the categories are not the sum");
            return std::pair(plan.peakBytes, plan.weightBytes);
        };
        constexpr uint64_t kProcess = 50 << 20;
        const auto [apart, weights] = peak(kProcess);
        QVERIFY(weights > 20000);
        const auto chat = place.load();
        QCOMPARE(peak(kProcess).first, apart - weights);
    }
};

QTEST_GUILESS_MAIN(TestSharedWeights)
#include "tst_shared_weights.moc"
