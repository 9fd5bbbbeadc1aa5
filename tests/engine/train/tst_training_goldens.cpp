// SPDX-License-Identifier: GPL-3.0-or-later
// Loss and gradients of tiny models against PyTorch in float64: shared/fixtures/training/MANIFEST.md.
#include "engine/core/error.h"
#include "engine/train/optimizer.h"
#include "engine/train/preference.h"
#include "engine/train/schedule.h"
#include "training_case.h"

#include <QtTest>

#include <algorithm>
#include <numeric>

using namespace sy;

namespace {

struct Golden {
    const char* name;
    double gradient = 1e-4; // of a tensor's largest value
    double norm = 1e-5;     // relative
};
constexpr Golden kGoldens[] = {
    {"qwen2-lora"},
    {"qwen2-dora"},
    {"qwen3moe-lora"},
    {"deepseek2-v3-lora"},
    {"deepseek2-v2-lite-lora", 5e-4, 1e-4},
    {"deepseek2-v3-shared-outer"},
};

double mean(const std::vector<float>& losses)
{
    return std::accumulate(losses.begin(), losses.end(), 0.0) / double(losses.size());
}

std::vector<float> equalFactors(int64_t n, int64_t nAll)
{
    return std::vector<float>(size_t(n), float(1.0 / double(nAll)));
}

struct Run {
    double loss = 0; // balance included
    double balance = 0;
    train::TrainedSet set;
};

// All texts packed into one batch, or each in a batch of its own.
Run run(const test::TrainingCase& c, train::TrainedSet set, const train::PassOptions& options = {}, bool isPacked = true,
        int nThreads = 2, ops::Activations activations = ops::Activations::f32)
{
    cpu::ThreadPool pool(nThreads);
    const ops::OpContext context{pool, cpu::level(), activations};
    Run result;
    result.set = std::move(set);
    train::DecoderPass pass(context, *c.model, result.set);
    int64_t nLabels = 0;
    for (const train::TrainingText& text : c.texts)
        nLabels += text.nLabels();
    std::vector<train::PackedBatch> batches(1);
    for (const train::TrainingText& text : c.texts) {
        if (!isPacked && batches.back().nTokens() > 0)
            batches.emplace_back();
        batches.back().add(text);
    }
    for (const train::PackedBatch& batch : batches) {
        const auto step = pass.step(batch, equalFactors(batch.nLabels(), nLabels), options);
        result.loss += mean(step.losses) * double(batch.nLabels()) / double(nLabels) + step.balanceLoss;
        result.balance += step.balanceLoss;
    }
    return result;
}

double normOf(train::TrainedSet& set)
{
    cpu::ThreadPool pool(2);
    return train::gradientNorm(pool, set);
}

struct Compared {
    double cosine, ratio;
};

// Two sets' gradients as one vector each.
Compared compared(train::TrainedSet& a, train::TrainedSet& b)
{
    double aa = 0, bb = 0, ab = 0;
    const auto left = a.parameters(), right = b.parameters();
    for (size_t i = 0; i < left.size(); ++i) {
        for (int64_t k = 0; k < left[i]->gradient.count(); ++k) {
            const double x = double(left[i]->gradient.f32()[k]), y = double(right[i]->gradient.f32()[k]);
            aa += x * x;
            bb += y * y;
            ab += x * y;
        }
    }
    return {ab / std::sqrt(aa * bb), std::sqrt(aa / bb)};
}

bool sameGradients(train::TrainedSet& a, train::TrainedSet& b)
{
    const auto left = a.parameters(), right = b.parameters();
    for (size_t i = 0; i < left.size(); ++i) {
        if (std::memcmp(left[i]->gradient.raw(), right[i]->gradient.raw(), left[i]->gradient.bytes()) != 0)
            return false;
    }
    return left.size() == right.size();
}

} // namespace

class TestTrainingGoldens : public QObject {
    Q_OBJECT

private slots:
    void lossAndGradientsAgreeHoweverTheyAreComputed_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < int(std::size(kGoldens)); ++i)
            QTest::newRow(kGoldens[i].name) << i;
    }

    void lossAndGradientsAgreeHoweverTheyAreComputed()
    {
        QFETCH(int, index);
        const Golden& golden = kGoldens[index];
        if (!test::TrainingCase::exists(golden.name))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c(golden.name);
        const double loss = c.facts["loss0"].get<double>(), norm = c.facts["gradient_norm0"].get<double>();
        const auto agrees = [&](const char* how, Run& r) {
            const double error = test::gradientError(c, r.set), normError = std::abs(normOf(r.set) / norm - 1);
            qInfo("%s: loss %.1e, gradients %.1e, norm %.1e", how, std::abs(r.loss / loss - 1), error, normError);
            return std::abs(r.loss / loss - 1) < 1e-5 && error < golden.gradient && normError < golden.norm;
        };
        Run packed = run(c, c.initial());
        QVERIFY(agrees("packed", packed));
        Run apart = run(c, c.initial(), {}, false);
        QVERIFY(agrees("one text at a time", apart));
        Run chunked = run(c, c.initial(), {.lossChunkRows = 5});
        QVERIFY(agrees("head in chunks", chunked));
        Run recomputed = run(c, c.initial(), {.hasCheckpoints = true});
        QVERIFY(sameGradients(recomputed.set, packed.set));
        QCOMPARE(recomputed.loss, packed.loss);
        Run threads = run(c, c.initial(), {}, true, 5);
        QVERIFY(sameGradients(threads.set, packed.set));
    }

    void int8PointsTheSameWay_data() { lossAndGradientsAgreeHoweverTheyAreComputed_data(); }

    void int8PointsTheSameWay()
    {
        QFETCH(int, index);
        if (!test::TrainingCase::exists(kGoldens[index].name))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c(kGoldens[index].name);
        Run exact = run(c, c.initial());
        Run fast = run(c, c.initial(), {}, true, 2, ops::Activations::fast);
        const auto [cosine, ratio] = compared(fast.set, exact.set);
        qInfo("cosine %.6f, length %.4f", cosine, ratio);
        QVERIFY(cosine > 0.999 && cosine < 1 - 1e-9);
        QVERIFY(std::abs(ratio - 1) < 0.02);
        Run again = run(c, c.initial(), {.hasCheckpoints = true}, true, 5, ops::Activations::fast);
        QVERIFY(sameGradients(again.set, fast.set));
    }

    void twentyStepsFollowTheGoldenRun_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("lossLimit");
        QTest::addColumn<double>("normLimit");
        for (const char* name : {"qwen2-lora", "qwen3moe-lora", "deepseek2-v3-lora"})
            QTest::newRow(name) << name << 1e-4 << 1e-4;
        QTest::newRow("deepseek2-v2-lite-lora") << "deepseek2-v2-lite-lora" << 1e-3 << 2e-2;
    }

    void twentyStepsFollowTheGoldenRun()
    {
        QFETCH(QString, name);
        QFETCH(double, lossLimit);
        QFETCH(double, normLimit);
        if (!test::TrainingCase::exists(name.toStdString()))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c(name.toStdString());
        const auto losses = c.facts["losses"].get<std::vector<double>>(),
                   norms = c.facts["gradient_norms"].get<std::vector<double>>();
        const auto& facts = c.facts["optimizer"];
        const train::Schedule schedule{train::Schedule::Form::cosine, facts["rate"].get<double>(), 3, 20, 0.1};
        cpu::ThreadPool pool(2);
        train::AdamW optimizer;
        train::TrainedSet set = c.initial();
        double worstLoss = 0, worstNorm = 0;
        for (size_t i = 0; i <= 20; ++i) {
            Run r = run(c, std::move(set));
            set = std::move(r.set);
            worstLoss = std::max(worstLoss, std::abs(r.loss / losses[i] - 1));
            if (i == 20)
                break;
            const double norm = train::gradientNorm(pool, set), rate = train::rateAt(schedule, int64_t(i));
            worstNorm = std::max(worstNorm, std::abs(norm / norms[i] - 1));
            QVERIFY(std::abs(rate / facts["rates"][i].get<double>() - 1) < 1e-12);
            train::clipGradients(pool, set, norm, 1.0);
            optimizer.step(pool, set, rate);
        }
        double worst = 0;
        int64_t nNear = 0, nAll = 0;
        for (const autograd::Parameter* p : set.parameters()) {
            const Tensor& e = c.tensors.at("final/" + p->name);
            for (int64_t i = 0; i < e.count(); ++i) {
                const double d = std::abs(double(p->value.f32()[i]) - double(e.f32()[i]));
                worst = std::max(worst, d);
                nNear += d < 1e-5;
                ++nAll;
            }
        }
        qInfo("losses %.1e, norms %.1e, final values %.1e, %.3f %% within 1e-5", worstLoss, worstNorm, worst,
              100.0 * double(nNear) / double(nAll));
        QVERIFY(worstLoss < lossLimit && worstNorm < normLimit && worst < 5e-4 && double(nNear) > 0.99 * double(nAll));
    }

    void balanceLossesAgree_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("form");
        QTest::newRow("switch") << "qwen3moe-balance" << int(train::BalanceOptions::Form::switchLoss);
        QTest::newRow("sequence") << "deepseek2-v3-seq-balance" << int(train::BalanceOptions::Form::sequence);
    }

    void balanceLossesAgree()
    {
        QFETCH(QString, name);
        QFETCH(int, form);
        if (!test::TrainingCase::exists(name.toStdString()))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c(name.toStdString());
        const auto withRouters = [&] {
            train::TrainedSet set = c.initial();
            for (const auto& [key, tensor] : c.tensors) {
                if (key.starts_with("grad/") && key.ends_with("ffn_gate_inp.weight"))
                    set.tensors[key.substr(5)] = {key.substr(5), Tensor::zeros(tensor.shape()), {}};
            }
            return set;
        };
        const train::BalanceOptions balance{train::BalanceOptions::Form(form), 0.01};
        Run both = run(c, withRouters(), {.balance = balance});
        const double loss = c.facts["loss0"].get<double>();
        const double error = test::gradientError(c, both.set);
        // The balance alone: no label counts.
        test::TrainingCase unlabelled(name.toStdString());
        for (train::TrainingText& text : unlabelled.texts)
            std::ranges::fill(text.isTrained, uint8_t(0));
        Run alone = run(unlabelled, withRouters(), {.balance = balance});
        const double aloneError = test::gradientError(c, alone.set, "grad_balance/");
        qInfo("loss %.1e, gradients %.1e, of the balance alone %.1e", std::abs(both.loss / loss - 1), error, aloneError);
        QVERIFY(std::abs(both.loss / loss - 1) < 1e-5 && error < 1e-4 && aloneError < 1e-4);
        QCOMPARE(alone.balance, both.balance);
        Run recomputed = run(c, withRouters(), {.hasCheckpoints = true, .balance = balance});
        QVERIFY(sameGradients(recomputed.set, both.set));
        QCOMPARE(recomputed.loss, both.loss);
    }

    void everyWeightsGradientAgrees_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("qwen2, tied embedding") << "qwen2-full";
        QTest::newRow("qwen3moe") << "qwen3moe-full";
    }

    void everyWeightsGradientAgrees()
    {
        QFETCH(QString, name);
        if (!test::TrainingCase::exists(name.toStdString()))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c(name.toStdString());
        const auto file = formats::GgufFile::open(test::fixturePath("models/" + c.facts["model"].get<std::string>()));
        train::TrainedSet set;
        for (const auto& [tensor, norm] : c.facts["tensor_gradient_norms"].items())
            set.tensors[tensor] = {tensor, Tensor::zeros(file.get(tensor).shape()), {}};
        Run r = run(c, std::move(set));
        double worst = 0;
        for (const auto& [tensor, norm] : c.facts["tensor_gradient_norms"].items()) {
            double sum = 0;
            for (const float g : r.set.tensors[tensor].gradient.values())
                sum += double(g) * double(g);
            const double expected = norm.get<double>();
            worst = std::max(worst, expected > 0 ? std::abs(std::sqrt(sum) / expected - 1) : sum);
        }
        // Three tensors are stored whole; the others' gradients are known by their norms.
        double error = 0;
        for (const auto& [key, expected] : c.tensors) {
            if (!key.starts_with("grad/"))
                continue;
            const Tensor& gradient = r.set.tensors[key.substr(5)].gradient;
            double largest = 0, difference = 0;
            for (int64_t i = 0; i < expected.count(); ++i) {
                largest = std::max(largest, double(std::abs(expected.f32()[i])));
                difference = std::max(difference, double(std::abs(gradient.f32()[i] - expected.f32()[i])));
            }
            error = std::max(error, difference / largest);
        }
        const double norm = c.facts["gradient_norm0"].get<double>(), loss = c.facts["loss0"].get<double>();
        qInfo("loss %.1e, tensor norms %.1e, whole gradients %.1e", std::abs(r.loss / loss - 1), worst, error);
        QVERIFY(std::abs(r.loss / loss - 1) < 1e-5 && worst < 1e-4 && error < 1e-4 &&
                std::abs(normOf(r.set) / norm - 1) < 1e-5);
    }

    void preferencesAgree()
    {
        if (!test::TrainingCase::exists("qwen2-dpo"))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c("qwen2-dpo");
        const auto ids = [&](const char* name) {
            const Tensor& t = c.tensors.at(name);
            return std::vector<int32_t>(t.data<int32_t>(), t.data<int32_t>() + t.count());
        };
        train::PackedBatch batch;
        for (const char* reply : {"chosen", "rejected"}) {
            train::TrainingText text{ids("prompt"), std::vector<uint8_t>(ids("prompt").size(), 0)};
            for (const int32_t id : ids(reply)) {
                text.tokens.push_back(id);
                text.isTrained.push_back(1);
            }
            batch.add(text);
        }
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::TrainedSet none, set = c.initial();
        const auto references = train::logProbabilities(batch, train::DecoderPass(context, *c.model, none).losses(batch));
        train::PreferenceLoss loss;
        train::DecoderPass pass(context, *c.model, set);
        const auto result = pass.step(batch, [&](std::span<const float> losses) {
            loss = train::dpoLoss(batch, losses, references, c.facts["beta"].get<double>());
            return loss.factors;
        });
        QCOMPARE(pass.losses(batch), result.losses);
        const double error = test::gradientError(c, set), norm = c.facts["gradient_norm0"].get<double>();
        qInfo("loss %.1e, gradients %.1e", std::abs(loss.loss / c.facts["loss0"].get<double>() - 1), error);
        QVERIFY(std::abs(loss.loss / c.facts["loss0"].get<double>() - 1) < 1e-5);
        QVERIFY(std::abs(loss.rewardsChosen[0] - c.facts["reward_chosen"].get<double>()) < 1e-5);
        QVERIFY(std::abs(loss.rewardsRejected[0] - c.facts["reward_rejected"].get<double>()) < 1e-5);
        QVERIFY(error < 1e-4 && std::abs(normOf(set) / norm - 1) < 1e-5);
    }

    void whatNoLayerWouldUseIsRefused()
    {
        if (!test::TrainingCase::exists("qwen2-lora"))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c("qwen2-lora");
        cpu::ThreadPool pool(1);
        const ops::OpContext context{pool};
        train::TrainedSet set = c.initial();
        train::addUpdate(set, "blk.3.attn_q", Tensor::zeros({4, 64}), Tensor::zeros({64, 4}), 2);
        try {
            train::DecoderPass(context, *c.model, set);
            QFAIL("accepted");
        } catch (const Unsupported& error) {
            QVERIFY(error.thing.find("blk.3.attn_q") != std::string::npos);
        }
    }

    void magnitudesOfExpertsAndPartsAreRefused()
    {
        if (!test::TrainingCase::exists("deepseek2-v3-lora"))
            QSKIP("the training goldens are not there");
        const test::TrainingCase c("deepseek2-v3-lora");
        cpu::ThreadPool pool(1);
        const ops::OpContext context{pool};
        for (const char* name : {"blk.0.attn_kv_b", "blk.0.attn_kv_a_mqa"}) {
            train::TrainedSet set = c.initial();
            train::TrainedMatrix& m = set.updates.at(name);
            m.magnitude.value = Tensor::zeros({m.b.value.rows()});
            QVERIFY_THROWS_EXCEPTION(Unsupported, train::DecoderPass(context, *c.model, set));
        }
    }
};

QTEST_APPLESS_MAIN(TestTrainingGoldens)
#include "tst_training_goldens.moc"
