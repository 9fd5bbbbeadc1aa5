// SPDX-License-Identifier: GPL-3.0-or-later
// Whole runs on tiny models: stopped, killed and resumed to the same bytes; learnt by heart; used in inference.
#include "../models/model_test.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/weight_packing.h"
#include "engine/train/new_adapter.h"
#include "engine/train/trainer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>

using namespace sy;
namespace fs = std::filesystem;

namespace {

// Texts of several lengths over the tiny models' 256 tokens; the second half of each is trained.
train::Dataset someTexts(size_t n)
{
    train::Dataset data;
    uint32_t x = 3;
    for (size_t i = 0; i < n; ++i) {
        train::TrainingText text;
        const size_t length = 6 + i * 5 % 17;
        for (size_t t = 0; t < length; ++t) {
            x = x * 1664525 + 1013904223;
            text.tokens.push_back(int32_t((x >> 8) % 256));
            text.isTrained.push_back(t >= length / 2);
        }
        data.texts.add(text);
    }
    data.sha256 = "data " + std::to_string(n);
    return data;
}

train::RunConfig shortRun()
{
    train::RunConfig config;
    config.adapter.rank = 4;
    config.adapter.alpha = 8;
    config.optimizer.learningRate = 0.01;
    config.optimizer.warmupSteps = 3;
    config.batch = {40, 5, 1, true};
    config.epochs = 100;
    config.maxSteps = 12;
    config.checkpoint = {4, 3};
    return config;
}

struct Bench {
    std::unique_ptr<models::Model> model;
    train::Dataset data;
    train::RunConfig config = shortRun();
    QTemporaryDir dir;
    int nThreads = 2;
    int nSteps = 0;                         // reported by run()
    std::vector<train::StepReport> reports; // by all of them

    explicit Bench(const std::string& name, size_t nTexts = 13)
        : model(test::loadFile(test::fixturePath("models/" + name + ".gguf"))), data(someTexts(nTexts))
    {
    }

    fs::path folder(const char* name) const { return dir.filePath(name).toStdString(); }

    train::RunEnd run(const fs::path& folder, int64_t stopAfter = 0, bool resumes = false)
    {
        cpu::ThreadPool pool(nThreads);
        const ops::OpContext context{pool};
        train::Trainer trainer(context, *model, data, config, folder, "model", train::firstUpdates(context, *model, config));
        if (resumes && !trainer.resume())
            throw std::runtime_error("nothing to resume");
        std::stop_source stop;
        nSteps = 0;
        return trainer.run(stop.get_token(), {[&](const train::StepReport& report) {
                               ++nSteps;
                               reports.push_back(report);
                               if (report.step == stopAfter)
                                   stop.request_stop();
                           }});
    }
};

std::string newest(const fs::path& folder)
{
    return test::readFile(train::checkpointsIn(folder).back());
}

bool hasModels()
{
    return fs::exists(test::fixturePath("models/qwen2.gguf"));
}

} // namespace

class TestTrainer : public QObject {
    Q_OBJECT

private slots:
    void aStoppedRunEndsWithTheSameBytes_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("dense") << "qwen2";
        QTest::newRow("experts, some idle") << "qwen3moe";
        QTest::newRow("quantized") << "quant-llama-Q4_K_M";
        QTest::newRow("latent attention") << "deepseek2-v3";
    }

    void aStoppedRunEndsWithTheSameBytes()
    {
        QFETCH(QString, name);
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench(name.toStdString());
        bench.config.adapter.dropout = 0.2;
        QCOMPARE(bench.run(bench.folder("whole")), train::RunEnd::done);
        QCOMPARE(bench.nSteps, 12);
        const std::string whole = newest(bench.folder("whole"));
        // Stopped between two checkpoints, resumed with another number of threads.
        QCOMPARE(bench.run(bench.folder("halves"), 6), train::RunEnd::stopped);
        QCOMPARE(train::checkpointsIn(bench.folder("halves")).size(), 2u); // 4 and 6
        bench.nThreads = 3;
        QCOMPARE(bench.run(bench.folder("halves"), 0, true), train::RunEnd::done);
        QCOMPARE(bench.nSteps, 6);
        QVERIFY(newest(bench.folder("halves")) == whole);
        // As a kill leaves it: the newest checkpoint cut off anywhere, or a sibling never renamed.
        for (const double share : {0.0, 0.3, 0.999}) {
            const fs::path killed = bench.folder("killed");
            fs::remove_all(killed);
            QCOMPARE(bench.run(killed, 9), train::RunEnd::stopped);
            const fs::path last = train::checkpointsIn(killed).back();
            fs::resize_file(last, uintmax_t(double(fs::file_size(last)) * share));
            std::ofstream(killed / "step-00000010.gguf.partial") << "x";
            QCOMPARE(bench.run(killed, 0, true), train::RunEnd::done);
            QCOMPARE(bench.nSteps, 4); // from 8
            QVERIFY(newest(killed) == whole);
        }
        QCOMPARE(train::checkpointsIn(bench.folder("whole")).size(), 3u);
    }

    // A run that was begun by an earlier version must go on with the examples that it would have had.
    void theOrderOfTheDataIsThatOfEarlierVersions()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2");
        bench.run(bench.folder("run"));
        std::vector<int64_t> nTokens;
        for (const train::StepReport& report : bench.reports)
            nTokens.push_back(report.nTokens);
        QCOMPARE(nTokens, (std::vector<int64_t>{58, 71, 50, 77, 73, 29, 64, 71, 44, 64, 63, 52}));
    }

    void theHeldOutLossIsMeasuredAndItsBestCheckpointKept()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2");
        // Texts of the same pattern but other numbers: memorizing the trained ones makes these worse after a while.
        const train::Dataset more = someTexts(20);
        for (size_t i = 13; i < 20; ++i)
            bench.data.heldOut.addFrom(more.texts, i);
        bench.config.maxSteps = 24;
        bench.config.evaluation.everySteps = 3;
        bench.config.checkpoint = {6, 2};
        QCOMPARE(bench.run(bench.folder("whole")), train::RunEnd::done);
        double best = INFINITY;
        int64_t bestStep = 0;
        for (const train::StepReport& report : bench.reports) {
            QCOMPARE(report.evalLoss.has_value(), report.step % 3 == 0);
            QCOMPARE(report.isBest, report.evalLoss && *report.evalLoss < best);
            if (report.isBest) {
                best = *report.evalLoss;
                bestStep = report.step;
            }
        }
        QVERIFY(bestStep > 0 && bestStep < 24);
        const auto kept = train::checkpointsIn(bench.folder("whole"));
        QCOMPARE(kept.size(), 3u); // two and the best
        QVERIFY(fs::exists(bench.folder("whole") / train::checkpointName(bestStep)));

        // Measured again from the checkpoint that was kept.
        cpu::ThreadPool pool(1);
        const ops::OpContext context{pool};
        fs::create_directories(bench.folder("best"));
        fs::copy(bench.folder("whole") / train::checkpointName(bestStep), bench.folder("best"));
        train::Trainer trainer(context, *bench.model, bench.data, bench.config, bench.folder("best"), "model", train::firstUpdates(context, *bench.model, bench.config));
        QVERIFY(trainer.resume());
        QCOMPARE(trainer.meanLoss(bench.data.heldOut), best);
        QCOMPARE(*trainer.state().bestEvalLoss, best);

        const std::string whole = newest(bench.folder("whole"));
        QCOMPARE(bench.run(bench.folder("halves"), 7), train::RunEnd::stopped);
        QCOMPARE(bench.run(bench.folder("halves"), 0, true), train::RunEnd::done);
        QVERIFY(newest(bench.folder("halves")) == whole);
    }

    void dropoutsGradientIsThatOfItsLoss_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"qwen2", "qwen3moe", "deepseek2-v3"})
            QTest::newRow(name) << name;
    }

    void dropoutsGradientIsThatOfItsLoss()
    {
        QFETCH(QString, name);
        if (!hasModels())
            QSKIP("the golden models are not there");
        const auto model = test::loadFile(test::fixturePath("models/" + name.toStdString() + ".gguf"));
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::RunConfig::Adapter config;
        config.rank = 3;
        train::TrainedSet set = train::newAdapter(*model, config, 5);
        uint32_t x = 9;
        for (auto& [matrix, m] : set.updates) {
            for (int64_t i = 0; i < m.b.value.count(); ++i) {
                x = x * 1664525 + 1013904223;
                m.b.value.f32()[i] = (float(x >> 8) / 8388608.0f - 1.0f) * 0.05f;
            }
        }
        train::DecoderPass pass(context, *model, set);
        train::PackedBatch batch;
        const train::Dataset data = someTexts(3);
        for (const train::TrainingText& text : data.texts)
            batch.add(text);
        const std::vector<float> factors(size_t(batch.nLabels()), 1.0f);
        train::PassOptions options;
        options.dropout = {0.4, 11, 2, 1};
        const auto loss = [&] {
            double sum = 0;
            for (const float l : pass.step(batch, factors, options).losses)
                sum += double(l);
            return sum;
        };
        const auto clear = [&] {
            for (autograd::Parameter* p : set.parameters())
                p->gradient = {};
        };
        const double first = loss();
        options.hasCheckpoints = true;
        clear();
        QCOMPARE(loss(), first); // the same values are left out again
        options.dropout.step = 3;
        QVERIFY(loss() != first);
        options.dropout.step = 2;
        clear();
        loss();
        // Along the gradient itself, over all parameters: the difference of losses is its squared length.
        std::vector<Tensor> gradients;
        double squares = 0;
        for (autograd::Parameter* p : set.parameters()) {
            gradients.push_back(p->gradient);
            for (const float g : p->gradient.values())
                squares += double(g) * double(g);
        }
        const double size = 2e-5 / std::sqrt(squares); // routers change their minds in a longer step
        const auto move = [&](double by) {
            size_t i = 0;
            for (autograd::Parameter* p : set.parameters()) {
                for (int64_t j = 0; j < p->value.count(); ++j)
                    p->value.f32()[j] += float(by * double(gradients[i].f32()[j]));
                ++i;
            }
        };
        move(size);
        clear();
        const double up = loss();
        move(-2 * size);
        clear();
        const double down = loss();
        const double measured = (up - down) / (2 * size);
        qInfo("%.6f, expected %.6f", measured, squares);
        QVERIFY(std::abs(measured / squares - 1) < 0.02);
    }

    void aRunGoesOnFromAnAdapter()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2", 4);
        bench.config.batch.sequences = 4;
        bench.config.maxSteps = 30;
        bench.config.adapter.targets = {"attention"};
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        train::Trainer first(context, *bench.model, bench.data, bench.config, bench.folder("first"), "model", train::firstUpdates(context, *bench.model, bench.config));
        first.run({}, {});
        const nn::Adapter adapter = train::snapshot(first.trained());
        bench.config.adapter.targets = {"all-linear"}; // what the adapter has is what counts
        bench.config.adapter.rank = 9;
        train::Trainer second(context, *bench.model, bench.data, bench.config, bench.folder("second"), "model", train::firstUpdates(context, *bench.model, bench.config, &adapter));
        QCOMPARE(second.meanLoss(bench.data.texts), first.meanLoss(bench.data.texts));
        QCOMPARE(second.trained().updates.size(), first.trained().updates.size());
        double before = 0;
        second.run({}, {[&](const train::StepReport& report) {
                       if (report.step == 1)
                           before = report.loss;
                   }});
        QVERIFY(second.meanLoss(bench.data.texts) < before);
        QVERIFY(adapter.updates.begin()->second.b.f32() != second.trained().updates.begin()->second.b.value.f32());
    }

    void preferencesAreLearned_data()
    {
        QTest::addColumn<int>("objective");
        QTest::newRow("dpo") << int(train::Objective::dpo);
        QTest::newRow("orpo") << int(train::Objective::orpo);
    }

    void preferencesAreLearned()
    {
        QFETCH(int, objective);
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2", 8);
        bench.data.textsPerExample = 2; // the second of two texts is rejected
        bench.config.objective = train::Objective(objective);
        bench.config.batch.sequences = 2;
        bench.config.maxSteps = 20;
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        train::Trainer trainer(context, *bench.model, bench.data, bench.config, bench.folder("run"), "model", train::firstUpdates(context, *bench.model, bench.config));
        const auto margin = [&] { // of mean losses: how much likelier the chosen ones are
            double sum = 0;
            for (size_t i = 0; i < bench.data.texts.size(); i += 2) {
                train::Dataset one;
                train::TrainedSet& set = trainer.trained();
                train::DecoderPass pass(context, *bench.model, set);
                for (const size_t j : {i, i + 1}) {
                    train::PackedBatch batch;
                    batch.add(bench.data.texts[j]);
                    for (const float loss : pass.losses(batch))
                        sum += (j == i ? -1 : 1) * double(loss) / double(batch.nLabels());
                }
            }
            return sum;
        };
        const double before = margin(), lossBefore = trainer.meanLoss(bench.data.texts);
        if (train::Objective(objective) == train::Objective::dpo)
            QVERIFY(std::abs(lossBefore - std::log(2.0)) < 1e-5); // a new adapter is the base
        trainer.run({}, {});
        qInfo("margin %.3f to %.3f, loss %.3f to %.3f", before, margin(), lossBefore, trainer.meanLoss(bench.data.texts));
        QVERIFY(margin() > before + 1);
        QVERIFY(trainer.meanLoss(bench.data.texts) < lossBefore / 2);
        const std::string whole = newest(bench.folder("run"));
        QCOMPARE(bench.run(bench.folder("halves"), 9), train::RunEnd::stopped);
        QCOMPARE(bench.run(bench.folder("halves"), 0, true), train::RunEnd::done);
        QVERIFY(newest(bench.folder("halves")) == whole);
    }

    void otherDataOrAnotherSetIsNotResumed()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2");
        bench.run(bench.folder("run"), 5);
        Bench other("qwen2", 14);
        other.config.maxSteps = 20;
        QVERIFY_THROWS_EXCEPTION(Unsupported, other.run(bench.folder("run"), 0, true));
        bench.config.adapter.targets = {"attention"};
        QVERIFY_THROWS_EXCEPTION(Unsupported, bench.run(bench.folder("run"), 0, true));
        bench.config.adapter.targets = {"all-linear"};
        bench.config.adapter.rank = 5;
        QVERIFY_THROWS_EXCEPTION(Error, bench.run(bench.folder("run"), 0, true));
        bench.config = shortRun();
        bench.config.optimizer.learningRate = 1e-3; // may change
        QCOMPARE(bench.run(bench.folder("run"), 0, true), train::RunEnd::done);
    }

    void packingAndMicroBatchesChangeTheLossByRoundingOnly()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench("qwen2");
        std::vector<std::vector<float>> losses;
        for (const bool isPacked : {true, false}) {
            for (const int64_t micro : {1, 3}) {
                for (const bool hasCheckpoints : {true, false}) {
                    bench.config.batch.packing = isPacked;
                    bench.config.batch.microSequences = micro;
                    bench.config.activationCheckpointing = hasCheckpoints;
                    cpu::ThreadPool pool(2);
                    // Products of whole numbers would round a last digit to another whole one.
                    const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
                    train::Trainer trainer(context, *bench.model, bench.data, bench.config, bench.folder("x"), "model", train::firstUpdates(context, *bench.model, bench.config));
                    trainer.run({}, {});
                    losses.push_back(trainer.state().losses);
                    fs::remove_all(bench.folder("x"));
                }
            }
        }
        for (const std::vector<float>& run : losses)
            for (size_t i = 0; i < run.size(); ++i)
                QVERIFY(std::abs(run[i] / losses[0][i] - 1) < 1e-4f);
        QCOMPARE(losses[0], losses[1]); // recomputing changes no bit
    }

    void textsAreLearntByHeartAndKnownInInference_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"qwen2", "quant-llama-Q4_K_M", "deepseek2-v3", "quant-deepseek2-v3-Q4_K_M"})
            QTest::newRow(name) << name;
    }

    void textsAreLearntByHeartAndKnownInInference()
    {
        QFETCH(QString, name);
        if (!hasModels())
            QSKIP("the golden models are not there");
        Bench bench(name.toStdString(), 4);
        bench.config.batch.sequences = 4;
        bench.config.maxSteps = 60;
        bench.config.checkpoint.everySteps = 60;
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        models::packWeights(context, *bench.model); // as a model that somebody chats with
        train::Trainer trainer(context, *bench.model, bench.data, bench.config, bench.folder("run"), "model", train::firstUpdates(context, *bench.model, bench.config));
        const double before = trainer.meanLoss(bench.data.texts);
        trainer.run({}, {});
        const double after = trainer.meanLoss(bench.data.texts);
        qInfo("%.3f to %.4f", before, after);
        QVERIFY(before > 3 && after < 0.05);

        nn::Adapter adapter = train::snapshot(trainer.trained());
        models::bindAdapter(context, *bench.model, adapter, "test");
        const auto cache = test::poolFor(*bench.model, 100);
        nn::KvSequence sequence(*cache);
        const train::TrainingText text = bench.data.texts[2];
        const models::SequenceStep step{&sequence, text.tokens, models::LogitsWanted::all, nullptr, 1, {&adapter, 1}};
        const Tensor logits = bench.model->step(context, {&step, 1});
        for (size_t i = 1; i < text.tokens.size(); ++i) {
            if (!text.isTrained[i])
                continue;
            const auto row = logits.rowRange(int64_t(i) - 1, 1).values();
            QCOMPARE(int32_t(std::ranges::max_element(row) - row.begin()), text.tokens[i]);
        }
    }

    void aNewAdapterChangesNothingAndFitsItsTargets()
    {
        if (!hasModels())
            QSKIP("the golden models are not there");
        const auto model = test::loadFile(test::fixturePath("models/qwen3moe.gguf"));
        const auto count = [&](std::vector<std::string> targets) {
            train::RunConfig::Adapter config;
            config.targets = std::move(targets);
            return train::newAdapter(*model, config, 1).updates.size();
        };
        const size_t nLayers = size_t(model->config().nLayers);
        QCOMPARE(count({"all-linear"}), 7 * nLayers);
        QCOMPARE(count({"attention"}), 4 * nLayers);
        QCOMPARE(count({"experts"}), 3 * nLayers);
        QCOMPARE(count({"blk.*.attn_q.weight", "blk.1.ffn_*"}), nLayers + 3);
        QVERIFY_THROWS_EXCEPTION(Unsupported, count({"blk.*.attn_z"}));
        QVERIFY_THROWS_EXCEPTION(Unsupported, count({"blk.*.ffn_gate_inp"})); // the router stays as it is

        train::RunConfig::Adapter config;
        config.rankPattern = {{"blk.0.*", 3}, {"blk.*", 5}};
        config.alphaPattern = {{"blk.1.*", 10}};
        config.method = train::RunConfig::Adapter::Method::rslora;
        const train::TrainedSet set = train::newAdapter(*model, config, 7);
        const train::TrainedMatrix& q = set.updates.at("blk.0.attn_q");
        QCOMPARE(q.rank(), 3);
        QCOMPARE(q.scale, float(32 / std::sqrt(3.0)));
        QCOMPARE(set.updates.at("blk.1.attn_q").rank(), 5);
        QCOMPARE(set.updates.at("blk.1.attn_q").scale, float(10 / std::sqrt(5.0)));
        const float bound = 1 / std::sqrt(float(q.a.value.cols()));
        double squares = 0;
        for (const float a : q.a.value.values()) {
            QVERIFY(std::abs(a) <= bound);
            squares += double(a) * double(a);
        }
        QVERIFY(std::abs(squares / double(q.a.value.count()) / (double(bound) * double(bound) / 3) - 1) < 0.3);
        QCOMPARE(std::ranges::count(q.b.value.values(), 0.0f), q.b.value.count());
        const train::TrainedSet again = train::newAdapter(*model, config, 7), other = train::newAdapter(*model, config, 8);
        const auto bytesOf = [](const train::TrainedSet& s) { return s.updates.at("blk.1.ffn_up_exps").a.value; };
        QVERIFY(std::memcmp(bytesOf(set).raw(), bytesOf(again).raw(), bytesOf(set).bytes()) == 0);
        QVERIFY(std::memcmp(bytesOf(set).raw(), bytesOf(other).raw(), bytesOf(set).bytes()) != 0);
    }
};

QTEST_APPLESS_MAIN(TestTrainer)
#include "tst_trainer.moc"
