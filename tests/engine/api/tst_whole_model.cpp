// SPDX-License-Identifier: GPL-3.0-or-later
// Training a model itself instead of an adapter, on a whole, tiny one.
#include "engine/api/memory_plan.h"
#include "engine/api/run_folder.h"
#include "engine/api/training_material.h"
#include "engine/core/error.h"
#include "tests/engine/api/training_place.h"
#include "tests/tiny_model.h"

#include <QtTest>

#include <cmath>
#include <fstream>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

struct Place : test::TrainingPlace {
    explicit Place(const test::TinyShape& shape = {}) : TrainingPlace(2)
    {
        test::writeTinyModel(path("tiny.gguf"), "Tiny Talker", "llama", 1, shape);
    }

    nlohmann::json config(int maxSteps) const
    {
        return {{"name", "whole"},
                {"model", path("tiny.gguf").string()},
                {"data", {{{"path", path("rows.jsonl").string()}}}},
                {"evaluation", {{"fraction", 0.2}, {"everySteps", 2}}},
                {"adapter", {{"method", "full"}}},
                {"optimizer", {{"learningRate", 0.003}, {"warmupSteps", 2}}},
                {"batch", {{"contextLength", 64}, {"sequences", 4}}},
                {"epochs", 1000},
                {"checkpoint", {{"everySteps", 3}}},
                {"maxSteps", maxSteps}};
    }
};

double heldOutLoss(const Place& place, nlohmann::json config, const fs::path& model)
{
    config["model"] = model.string();
    const train::RunConfig parsed = train::parseRunConfig(config.dump(), "test");
    TrainingMaterial material(*place.engine, parsed, "test", {});
    train::Trainer trainer = material.trainer(parsed, {}, nullptr);
    material.readWeights(trainer, parsed, {});
    return trainer.meanLoss(material.data().heldOut);
}

} // namespace

class TestWholeModel : public QObject {
    Q_OBJECT

private slots:
    void theFileIsTheModelAsItWasTrained()
    {
        const Place place;
        const auto config = place.config(8);
        const auto result = place.train(config);
        QCOMPARE(result.end, FineTuneResult::End::done);
        QVERIFY(result.adapter.empty());
        const auto run = findRun(*place.engine, result.run);
        QCOMPARE(run->trainedModel, result.trainedModel);
        QVERIFY(run->adapter.empty() && run->bestAdapter.empty());
        const auto steps = runSteps(*place.engine, result.run);
        QVERIFY2(steps.back().loss < 0.9 * steps.front().loss, qPrintable(QString::number(steps.back().loss)));
        QCOMPARE(heldOutLoss(place, config, result.trainedModel), *steps.back().evalLoss);
        QCOMPARE(heldOutLoss(place, config, run->bestModel), *run->bestEvalLoss);
        QVERIFY(heldOutLoss(place, config, place.path("tiny.gguf")) > *run->bestEvalLoss);

        const auto before = formats::openModelFile(place.path("tiny.gguf")), after = formats::openModelFile(result.trainedModel);
        QCOMPARE(after->tensors().size(), before->tensors().size());
        QCOMPARE(std::string(after->metadata().requireString("general.name")), std::string("Tiny Talker (whole)"));
        QCOMPARE(std::string(after->metadata().requireString("tokenizer.chat_template")),
                 std::string(before->metadata().requireString("tokenizer.chat_template")));
        for (const formats::TensorInfo& info : before->tensors()) { // everything moved, norms and both tables included
            const Tensor a = before->get(info.name), b = after->get(info.name);
            QCOMPARE(a.bytes(), b.bytes());
            QVERIFY2(std::memcmp(a.raw(), b.raw(), a.bytes()) != 0, info.name.c_str());
        }
    }

    void aModelInHalfPrecisionKeepsItsTypes()
    {
        const Place place({.matrices = DType::BF16});
        const auto result = place.train(place.config(2));
        const auto file = formats::openModelFile(result.trainedModel);
        for (const formats::TensorInfo& info : file->tensors())
            QCOMPARE(info.dtype, info.shape.rank() > 1 ? DType::BF16 : DType::F32);
    }

    void stoppedAndResumedItHasTheSameBytes_data()
    {
        QTest::addColumn<int>("stateBits");
        QTest::addColumn<bool>("isFromNothing");
        QTest::newRow("32") << 32 << false;
        QTest::newRow("8") << 8 << false;
        QTest::newRow("from nothing") << 32 << true;
    }
    void stoppedAndResumedItHasTheSameBytes()
    {
        QFETCH(int, stateBits);
        QFETCH(bool, isFromNothing);
        const Place place;
        auto config = place.config(9);
        config["optimizer"]["stateBits"] = stateBits;
        if (isFromNothing)
            config["adapter"]["initial"] = "random";
        const auto whole = place.train(config);
        const auto half = place.train(config, 4);
        QCOMPARE(half.end, FineTuneResult::End::stopped);
        QVERIFY(test::bytesOf(half.trainedModel) != test::bytesOf(whole.trainedModel));
        const auto rest = resumeFineTune(*place.engine, half.run, {}, {});
        QCOMPARE(rest.end, FineTuneResult::End::done);
        QVERIFY(test::bytesOf(rest.trainedModel) == test::bytesOf(whole.trainedModel));
        const auto last = [&](const std::string& run) {
            return test::bytesOf(train::checkpointsIn(folderOf(place.engine->dataDir(), run) / "checkpoints").back());
        };
        QVERIFY(last(rest.run) == last(whole.run));
    }

    void eightBitsOfStateTrainAsWellAndAreAQuarter()
    {
        const Place place;
        auto config = place.config(20);
        const auto wide = place.train(config);
        config["optimizer"]["stateBits"] = 8;
        const auto narrow = place.train(config);
        QVERIFY2(std::abs(narrow.finalLoss - wide.finalLoss) < 0.05 * wide.finalLoss,
                 qPrintable(QString("%1 %2").arg(narrow.finalLoss).arg(wide.finalLoss)));
        QVERIFY(narrow.finalLoss != wide.finalLoss);
        const auto size = [&](const FineTuneResult& result) {
            return double(fs::file_size(train::checkpointsIn(folderOf(place.engine->dataDir(), result.run) / "checkpoints").back()));
        };
        QVERIFY(size(narrow) < 0.56 * size(wide)); // values whole, and of the two others a quarter and their scales
    }

    // From nothing to the letters of a language, by a small mixture of experts.
    void aMixtureLearnsFromNothing()
    {
        const Place place({.experts = 4});
        auto config = place.config(90);
        config["objective"] = "pretrain";
        config["data"] = {{{"path", SY_SOURCE_DIR "/resources/samples/sources/ferry-handbook.md"}, {"format", "text"}}};
        config["adapter"]["initial"] = "random";
        config["optimizer"]["learningRate"] = 0.01;
        config["batch"] = {{"contextLength", 256}, {"sequences", 4}};
        const auto result = place.train(config);
        const auto steps = runSteps(*place.engine, result.run);
        QVERIFY2(std::abs(steps.front().loss - std::log(double(test::kTinyVocabulary))) < 0.1,
                 qPrintable(QString::number(steps.front().loss))); // it knows nothing
        QVERIFY2(steps.back().loss < 3.0, qPrintable(QString::number(steps.back().loss)));
        for (const FineTuneStep& step : steps) {
            QVERIFY(step.experts.has_value());
            QVERIFY(step.experts->heaviest >= 1 && step.experts->heaviest <= 2.0); // two of four: half of the rows at most
            QVERIFY(step.experts->idleShare < 1);
        }
        // The first steps make favourites of two experts; the loss that wants all of them used brings the others back.
        QVERIFY(std::ranges::any_of(steps, [](const FineTuneStep& step) { return step.experts->heaviest > 1.95; }));
        double mean = 0;
        for (size_t i = steps.size() - 20; i < steps.size(); ++i)
            mean += steps[i].experts->heaviest / 20;
        QVERIFY2(mean < 1.8, qPrintable(QString::number(mean)));
        QCOMPARE(steps.back().experts->idleShare, 0.0);
    }

    void whatDoesNotFitIsToldWithoutReadingTheModel()
    {
        const Place place({512, 1536, 256, 8});
        auto config = place.config(2);
        config["adapter"]["rank"] = 4;
        const train::RunConfig parsed = train::parseRunConfig(config.dump(), "test");
        const auto before = memoryState().processBytes;
        const TrainingMaterial material(*place.engine, parsed, "test", {});
        train::Trainer trainer = material.trainer(parsed, {}, nullptr);
        FineTunePlan plan;
        planMemory(plan, material, trainer, parsed, {.totalBytes = 1 << 30, .availableBytes = 200'000'000, .processBytes = 1000});
        QVERIFY2(plan.weightBytes > 100'000'000, qPrintable(QString::number(plan.weightBytes)));
        QVERIFY(plan.trainedBytes >= 3 * plan.weightBytes); // gradient and two numbers of the optimizer
        QVERIFY(memoryState().processBytes < before + plan.weightBytes / 4);
        const auto change = std::ranges::find(plan.changes, std::string("adapter.method"), &FineTuneChange::setting);
        QVERIFY(change != plan.changes.end());
        QCOMPARE(change->value, std::string("\"lora\""));
        // What it proposes is what the run would be planned at.
        config["adapter"]["method"] = "lora";
        const train::RunConfig less = train::parseRunConfig(config.dump(), "test");
        const TrainingMaterial adapters(*place.engine, less, "test", {});
        train::Trainer lora = adapters.trainer(less, {}, nullptr);
        FineTunePlan smaller;
        planMemory(smaller, adapters, lora, less, {.totalBytes = 1 << 30, .availableBytes = 200'000'000, .processBytes = 1000});
        QVERIFY2(std::abs(double(smaller.peakBytes) / double(change->peakBytes) - 1) < 0.02,
                 qPrintable(QString("%1 %2").arg(smaller.peakBytes).arg(change->peakBytes)));
        QVERIFY_THROWS_EXCEPTION(Unsupported, requireMemory(plan));
    }

    void whatCannotBeTrainedWholeIsSaid()
    {
        const Place place({.matrices = DType::Q8_0});
        const auto refusal = [&](const nlohmann::json& config) {
            try {
                planFineTune(*place.engine, config.dump(), "test");
            } catch (const Error& error) {
                return QString::fromStdString(error.what());
            }
            return QString();
        };
        auto config = place.config(2);
        QVERIFY2(refusal(config).contains("token_embd.weight is Q8_0"), qPrintable(refusal(config)));
        config["objective"] = "dpo";
        QVERIFY2(refusal(config).contains("orpo"), qPrintable(refusal(config)));
        config["objective"] = "sft";
        config["adapter"]["initial"] = "some-run-1";
        QVERIFY2(refusal(config).contains("adapter.initial"), qPrintable(refusal(config)));
        QVERIFY(listRuns(*place.engine).empty());
    }
};

QTEST_APPLESS_MAIN(TestWholeModel)
#include "tst_whole_model.moc"
