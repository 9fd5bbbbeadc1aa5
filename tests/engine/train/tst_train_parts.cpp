// SPDX-License-Identifier: GPL-3.0-or-later
// Optimizer, schedule, preferences and packing against numbers worked out in double.
#include "engine/train/optimizer.h"
#include "engine/train/packed_state.h"
#include "engine/train/preference.h"
#include "engine/train/schedule.h"

#include <QtTest>

#include <cmath>
#include <numeric>

using namespace sy;

namespace {

train::PackedBatch pair(size_t nChosen, size_t nRejected)
{
    train::PackedBatch batch;
    for (const size_t n : {nChosen, nRejected}) {
        train::TrainingText text{std::vector<int32_t>(n + 1, 1), std::vector<uint8_t>(n + 1, 1)};
        batch.add(text);
    }
    return batch;
}

Tensor one(float x)
{
    return Tensor::of({&x, 1}, {1});
}

} // namespace

class TestTrainParts : public QObject {
    Q_OBJECT

private slots:
    void ratesFollowTheirSchedule()
    {
        const train::Schedule cosine{train::Schedule::Form::cosine, 2e-4, 10, 100, 0.1};
        const std::pair<int64_t, double> known[] = {{0, 2e-5}, {9, 2e-4}, {10, 2e-4}, {55, 1.1e-4}, {99, 2.00548256e-5}};
        for (const auto& [step, rate] : known)
            QVERIFY(std::abs(train::rateAt(cosine, step) / rate - 1) < 1e-8);
        const train::Schedule linear{train::Schedule::Form::linear, 1, 0, 10, 0.5};
        QCOMPARE(train::rateAt(linear, 0), 1.0);
        QCOMPARE(train::rateAt(linear, 5), 0.75);
        QCOMPARE(train::rateAt(linear, 100), 0.5);
        QCOMPARE(train::rateAt({train::Schedule::Form::constant, 3, 2, 10, 0.1}, 9), 3.0);
    }

    void aKnownOptimizerStepIsReproduced()
    {
        cpu::ThreadPool pool(2);
        train::TrainedSet set;
        set.tensors["p"] = {"p", one(1), one(0.5f)};
        train::AdamW adam;
        adam.step(pool, set, 1e-3);
        QVERIFY(std::abs(set.tensors["p"].value.f32()[0] - 0.998990000f) < 1e-7f);
        QVERIFY(!set.tensors["p"].gradient);
        set.tensors["p"].gradient = one(-0.2f);
        adam.step(pool, set, 1e-3);
        QVERIFY(std::abs(set.tensors["p"].value.f32()[0] - 0.998634404f) < 1e-7f);
    }

    void anIdleExpertDoesNotMove()
    {
        cpu::ThreadPool pool(1);
        train::TrainedSet set;
        const std::vector<float> values(6, 1.0f);
        train::TrainedMatrix& m =
            train::addUpdate(set, "x", Tensor::of(values, {3, 1, 2}), Tensor::of(values, {3, 2, 1}), 1);
        train::AdamW adam;
        const auto step = [&](std::vector<int64_t> tokens) {
            m.expertTokens = std::move(tokens);
            m.a.gradient = Tensor::of(values, {3, 1, 2});
            m.b.gradient = Tensor::of(values, {3, 2, 1});
            adam.step(pool, set, 0.1);
        };
        step({5, 0, 2});
        QCOMPARE(m.a.value.f32()[2], 1.0f);
        QVERIFY(m.a.value.f32()[0] < 0.91f && m.b.value.f32()[5] < 0.91f);
        QCOMPARE(m.expertTokens, (std::vector<int64_t>{0, 0, 0}));
        const float first = m.a.value.f32()[0];
        step({0, 1, 0}); // its first step, with the full correction of a first step
        QCOMPARE(m.a.value.f32()[2], first);
        QCOMPARE(m.a.value.f32()[0], first);
        QCOMPARE(adam.states().at("x.weight.lora_a").stepsDone, (std::vector<int64_t>{1, 1, 1}));
    }

    void packedStateIsCloseAndRightOnAverage()
    {
        std::vector<float> values(256);
        for (size_t i = 0; i < values.size(); ++i) // of all sizes
            values[i] = float((i % 3 == 0 ? -1 : 1) * 0.37 * std::pow(0.96, double(i)));
        values[100] = 0;
        std::vector<float> roots;
        for (const float value : values)
            roots.push_back(std::abs(value));
        std::vector<int8_t> codes(256), again(256);
        std::vector<float> out(256), sums(256, 0.0f);
        for (const bool isSigned : {true, false}) {
            const std::vector<float>& in = isSigned ? values : roots;
            const auto pack = [&](uint64_t seed, std::vector<int8_t>& to) {
                return isSigned ? train::packSigned(in, seed, to.data()) : train::packUnsigned(in, seed, to.data());
            };
            const float step = isSigned ? 1 / 8.0f : 1 / 16.0f, smallest = std::abs(in[0]) * std::ldexp(1.0f, isSigned ? -17 : -18);
            std::fill(sums.begin(), sums.end(), 0.0f);
            constexpr int kDraws = 4000;
            for (int draw = 0; draw < kDraws; ++draw) {
                const float scale = pack(uint64_t(draw) << 32, codes);
                isSigned ? train::unpackSigned(out, scale, codes.data()) : train::unpackUnsigned(out, scale, codes.data());
                for (size_t i = 0; i < in.size(); ++i) {
                    QVERIFY2(std::abs(out[i] - in[i]) <= step * std::abs(in[i]) + 2 * smallest,
                             qPrintable(QString("%1 %2 %3").arg(i).arg(double(out[i])).arg(double(in[i]))));
                    QVERIFY(isSigned || (out[i] > 0) == (in[i] > 0));
                    sums[i] += out[i];
                }
                QCOMPARE(pack(uint64_t(draw) << 32, again), scale);
                QVERIFY(again == codes);
            }
            for (size_t i = 0; i < in.size(); ++i) {
                if (std::abs(in[i]) > 64 * smallest) { // below, roots are held up from zero
                    QVERIFY2(std::abs(sums[i] / kDraws - in[i]) < 0.05f * step * std::abs(in[i]) + 0.05f * smallest,
                             qPrintable(QString("%1 %2 %3").arg(i).arg(sums[i] / kDraws).arg(in[i])));
                }
            }
            QCOMPARE(out[100], 0.0f);
            QCOMPARE(out[0], in[0]); // the largest is kept
        }
        const std::vector<float> zeros(3, 0.0f);
        QCOMPARE(train::packSigned(zeros, 1, codes.data()), 0.0f);
        train::unpackSigned(std::span(out).first(3), 0, codes.data());
        QCOMPARE(out[1], 0.0f);
    }

    void gradientsAreClippedByTheirCommonNorm()
    {
        cpu::ThreadPool pool(3);
        train::TrainedSet set;
        set.tensors["p"] = {"p", one(1), one(3)};
        set.tensors["q"] = {"q", one(1), one(4)};
        QCOMPARE(train::gradientNorm(pool, set), 5.0);
        train::clipGradients(pool, set, 5, 10);
        QCOMPARE(set.tensors["p"].gradient.f32()[0], 3.0f);
        train::clipGradients(pool, set, 5, 1);
        QVERIFY(std::abs(set.tensors["q"].gradient.f32()[0] - 0.8f) < 1e-6f);
    }

    void knownPreferenceLossesAreReproduced()
    {
        const train::PackedBatch two = pair(1, 1);
        const std::vector<float> losses = {20, 25};
        const std::vector<double> references = {-22, -24};
        const auto dpo = train::dpoLoss(two, losses, references, 0.1);
        QVERIFY(std::abs(dpo.loss - 0.554355244) < 1e-8);
        QVERIFY(std::abs(dpo.factors[0] - 0.0425557483f) < 1e-8f); // per loss, which is minus a log-probability
        QCOMPARE(dpo.factors[1], -dpo.factors[0]);
        const std::vector<float> means = {0.25f, 0.75f, 1.5f};
        const auto orpo = train::orpoLoss(pair(2, 1), means, 0.1);
        QVERIFY(std::abs(orpo.rewardsChosen[0] - orpo.rewardsRejected[0] - 1.68026967) < 1e-8);
        QVERIFY(std::abs(orpo.loss - 0.517085922) < 1e-8);
        for (size_t i = 0; i < means.size(); ++i) {
            std::vector<float> above = means, below = means;
            above[i] += 1e-3f;
            below[i] -= 1e-3f;
            const double slope =
                (train::orpoLoss(pair(2, 1), above, 0.1).loss - train::orpoLoss(pair(2, 1), below, 0.1).loss) /
                (double(above[i]) - double(below[i]));
            QVERIFY(std::abs(double(orpo.factors[i]) - slope) < 1e-5);
        }
        train::PackedBatch odd = pair(1, 1);
        odd.add({{1}, {0}});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, train::orpoLoss(odd, losses, 0.1));
    }

    void labelsComeFromTheTokenBefore()
    {
        train::PackedBatch batch;
        batch.add({{10, 11, 12}, {1, 0, 1}});
        batch.add({{20, 21}, {1, 1}});
        QCOMPARE(batch.positions, (std::vector<int32_t>{0, 1, 2, 0, 1}));
        QCOMPARE(batch.labelRows, (std::vector<int32_t>{1, 3}));
        QCOMPARE(batch.labels, (std::vector<int32_t>{12, 21}));
        QCOMPARE(batch.firstLabels, (std::vector<int64_t>{0, 1, 2}));
        QCOMPARE((train::TrainingText{{10, 11, 12}, {1, 0, 1}}.nLabels()), 1);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, batch.add({{1, 2}, {1}}));
    }

    void binsHoldEveryTextOnceAndNoMoreThanFits()
    {
        const std::vector<int64_t> lengths = {7, 3, 5, 5, 2, 9, 30, 1};
        const auto bins = train::packTexts(lengths, 10);
        std::vector<int> seen(lengths.size(), 0);
        for (const auto& bin : bins) {
            int64_t sum = 0;
            for (const size_t i : bin) {
                sum += lengths[i];
                ++seen[i];
            }
            QVERIFY(sum <= 10 || bin.size() == 1);
        }
        QVERIFY(std::ranges::all_of(seen, [](int n) { return n == 1; }));
        QCOMPARE(bins.size(), 5u); // 30 | 9 1 | 7 3 | 5 5 | 2
    }
};

QTEST_APPLESS_MAIN(TestTrainParts)
#include "tst_train_parts.moc"
