// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/router/router.h"
#include "op_test.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace sy;
using ops::Gating;
using ops::GroupScore;

namespace {

struct Expected {
    std::vector<int> experts;
    std::vector<double> weights;
};

// The definition, in double: one token.
Expected exact(const float* logits, const float* bias, const ops::RouterConfig& c)
{
    const int n = c.nExperts;
    std::vector<double> p(logits, logits + n);
    if (c.gating == Gating::softmax) {
        const double largest = *std::ranges::max_element(p);
        double total = 0;
        for (double& x : p)
            total += x = std::exp(x - largest);
        for (double& x : p)
            x /= total;
    } else if (c.gating == Gating::sigmoid) {
        for (double& x : p)
            x = 1 / (1 + std::exp(-x));
    } else if (c.gating == Gating::sqrtSoftplus) {
        for (double& x : p)
            x = std::sqrt(std::log1p(std::exp(x)));
    }
    std::vector<double> s = p;
    for (int i = 0; bias && i < n; ++i)
        s[size_t(i)] += bias[i];
    const int size = n / c.nGroups;
    std::vector<std::pair<double, int>> groups;
    for (int g = 0; g < c.nGroups; ++g) {
        std::vector<double> inside(s.begin() + g * size, s.begin() + (g + 1) * size);
        std::ranges::sort(inside, std::greater());
        groups.push_back({-(inside[0] + (c.groupScore == GroupScore::sumOfTopTwo && size > 1 ? inside[1] : 0.0)), g});
    }
    std::ranges::sort(groups);
    std::vector<std::pair<double, int>> order;
    for (int i = 0; i < c.nGroupsUsed; ++i)
        for (int e = groups[size_t(i)].second * size; e < (groups[size_t(i)].second + 1) * size; ++e)
            order.push_back({-s[size_t(e)], e});
    std::ranges::sort(order);
    std::vector<std::pair<double, int>> chosen;
    double total = 0;
    for (int i = 0; i < c.nUsed; ++i) {
        const int e = order[size_t(i)].second;
        chosen.push_back({c.gating == Gating::softmaxOfChosen ? -std::exp(p[size_t(e)]) : -p[size_t(e)], e});
        total -= chosen.back().first;
    }
    std::ranges::sort(chosen);
    Expected result;
    for (const auto& [weight, e] : chosen) {
        result.experts.push_back(e);
        result.weights.push_back(-weight / (c.normalizes || c.gating == Gating::softmaxOfChosen ? total : 1.0) * c.scale);
    }
    return result;
}

ops::RouterConfig config(int nExperts, int nUsed, Gating gating = Gating::softmax)
{
    ops::RouterConfig c;
    c.nExperts = nExperts;
    c.nUsed = nUsed;
    c.gating = gating;
    return c;
}

Tensor row(std::initializer_list<float> values)
{
    return Tensor::of(std::vector<float>(values), {1, int64_t(values.size())});
}

std::vector<int> expertsOf(const ops::Routing& routing, int token = 0)
{
    const int32_t* first = routing.experts.data<int32_t>() + token * routing.nUsed();
    return {first, first + routing.nUsed()};
}

} // namespace

class TestRouter : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("gating");
        QTest::addColumn<int>("nExperts");
        QTest::addColumn<int>("nUsed");
        QTest::addColumn<int>("nGroups");
        QTest::addColumn<int>("nGroupsUsed");
        QTest::addColumn<int>("groupScore");
        QTest::addColumn<bool>("normalizes");
        QTest::addColumn<bool>("hasBias");
        const auto add = [](const char* name, Gating gating, int n, int k, int g = 1, int gu = 1,
                            GroupScore score = GroupScore::sumOfTopTwo, bool normalizes = false, bool hasBias = false) {
            QTest::newRow(name) << int(gating) << n << k << g << gu << int(score) << normalizes << hasBias;
        };
        add("one expert", Gating::softmax, 1, 1);
        add("fifteen", Gating::softmax, 15, 4);
        add("sixteen", Gating::softmax, 16, 16);
        add("seventeen", Gating::sigmoid, 17, 5, 1, 1, GroupScore::sumOfTopTwo, true);
        add("mixtral", Gating::softmax, 8, 2, 1, 1, GroupScore::sumOfTopTwo, true);
        add("olmoe", Gating::softmax, 64, 8);
        add("gpt-oss", Gating::softmaxOfChosen, 128, 4);
        add("v2", Gating::softmax, 160, 6, 8, 3, GroupScore::largest);
        add("v3", Gating::sigmoid, 256, 8, 8, 4, GroupScore::sumOfTopTwo, true, true);
        add("v4", Gating::sqrtSoftplus, 256, 6, 1, 1, GroupScore::sumOfTopTwo, true, true);
        add("groups of one", Gating::softmax, 6, 2, 6, 3);
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, gating);
        QFETCH(int, nExperts);
        QFETCH(int, nUsed);
        QFETCH(int, nGroups);
        QFETCH(int, nGroupsUsed);
        QFETCH(int, groupScore);
        QFETCH(bool, normalizes);
        QFETCH(bool, hasBias);
        ops::RouterConfig c = config(nExperts, nUsed, Gating(gating));
        c.nGroups = nGroups;
        c.nGroupsUsed = nGroupsUsed;
        c.groupScore = GroupScore(groupScore);
        c.normalizes = normalizes;
        c.scale = 2.5f;
        const int nTokens = 300;
        const Tensor logits = test::randomTensor({nTokens, nExperts}, 1, 2.0f);
        const Tensor bias = hasBias ? test::randomTensor({nExperts}, 2, 0.5f) : Tensor();
        ops::Routing first;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const ops::Routing routing = ops::route({pool, level}, test::copyOf(logits), bias, c);
                if (!first.experts) {
                    first = routing;
                    for (int t = 0; t < nTokens; ++t) {
                        const Expected expected = exact(logits.f32() + t * nExperts, hasBias ? bias.f32() : nullptr, c);
                        QCOMPARE(expertsOf(routing, t), expected.experts);
                        for (int i = 0; i < nUsed; ++i)
                            QVERIFY(std::abs(double(routing.weights.f32()[t * nUsed + i]) - expected.weights[size_t(i)]) <=
                                    2e-6 * expected.weights[size_t(i)] + 1e-9);
                    }
                }
                QVERIFY(test::sameBits(routing.experts, first.experts));
                QVERIFY(test::sameBits(routing.weights, first.weights));
                QVERIFY(test::sameBits(routing.probabilities, first.probabilities));
            }
        }
    }

    void theLowerOfEqualExpertsWins()
    {
        cpu::ThreadPool pool(1);
        const ops::Routing routing = ops::route({pool}, row({1, 2, 2, 2, 1}), {}, config(5, 2));
        QCOMPARE(expertsOf(routing), (std::vector<int>{1, 2}));
    }

    void aBiasChoosesButDoesNotWeigh()
    {
        cpu::ThreadPool pool(1);
        ops::RouterConfig c = config(3, 1, Gating::sigmoid);
        const ops::Routing routing = ops::route({pool}, row({2, 0, 1}), row({-2, 1, 0}).reshaped({3}), c);
        QCOMPARE(expertsOf(routing), (std::vector<int>{1}));
        QCOMPARE(routing.weights.f32()[0], 0.5f);
    }

    void anExcludedGroupStaysOutEvenWhenTheOthersAreNegative()
    {
        cpu::ThreadPool pool(1);
        ops::RouterConfig c = config(4, 2, Gating::sigmoid);
        c.nGroups = 2;
        const Tensor bias = row({-3, -3, -4, -4}).reshaped({4});
        QCOMPARE(expertsOf(ops::route({pool}, row({0, 0, 5, 5}), bias, c)), (std::vector<int>{0, 1}));
    }

    void enoughMassEndsTheList()
    {
        cpu::ThreadPool pool(1);
        ops::RouterConfig c = config(4, 3);
        const Tensor logits =
            Tensor::of(std::vector<float>{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f), //
                                          std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)},
                       {2, 4});
        const float masses[] = {0.8f, 1.0f}; // of 0.95: one expert has 0.53, two 0.84
        const ops::Routing routing = ops::route({pool}, test::copyOf(logits), {}, c, masses);
        QCOMPARE(expertsOf(routing, 0), (std::vector<int>{0, 1, -1}));
        QCOMPARE(expertsOf(routing, 1), (std::vector<int>{0, 1, 2}));
        QCOMPARE(routing.weights.f32()[2], 0.0f);
        QVERIFY(std::abs(routing.weights.f32()[0] - 0.5f) < 1e-6f);
        c.normalizes = true;
        const ops::Routing normalized = ops::route({pool}, test::copyOf(logits), {}, c, masses);
        QVERIFY(std::abs(normalized.weights.f32()[0] + normalized.weights.f32()[1] - 1.0f) < 1e-6f);
        QVERIFY(std::abs(normalized.weights.f32()[0] - 0.625f) < 1e-6f);
    }

    void givenExpertsAreWeighedByTheRouter()
    {
        ops::RouterConfig c = config(5, 3, Gating::sqrtSoftplus);
        c.normalizes = true;
        c.scale = 1.5f;
        const int nTokens = 50;
        const Tensor logits = test::randomTensor({nTokens, 5}, 1);
        Tensor given = Tensor::empty({nTokens, 3}, DType::I32);
        for (int t = 0; t < nTokens; ++t)
            for (int i = 0; i < 3; ++i)
                given.data<int32_t>()[t * 3 + i] = (t + 2 * i) % 5;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const ops::Routing routing = ops::routeTo({pool, level}, test::copyOf(logits), given, c);
                for (int t = 0; t < nTokens; ++t) {
                    std::vector<std::pair<double, int>> expected;
                    double total = 0;
                    for (int i = 0; i < 3; ++i) {
                        const int e = (t + 2 * i) % 5;
                        expected.push_back({-std::sqrt(std::log1p(std::exp(double(logits.f32()[t * 5 + e])))), e});
                        total -= expected.back().first;
                    }
                    std::ranges::sort(expected);
                    for (size_t i = 0; i < 3; ++i) {
                        QCOMPARE(expertsOf(routing, t)[i], expected[i].second);
                        QVERIFY(std::abs(double(routing.weights.f32()[size_t(t) * 3 + i]) + expected[i].first / total * 1.5) < 1e-5);
                    }
                }
            }
        }
        cpu::ThreadPool pool(1);
        const float half = 0.5f;
        const ops::Routing few = ops::routeTo({pool}, row({9, 9, 0, 0, 0}), given.rowRange(0, 1), c, {&half, 1}); // 0, 2, 4
        QCOMPARE(expertsOf(few), (std::vector<int>{0, -1, -1}));
        given.data<int32_t>()[4] = 5;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::routeTo({pool}, test::copyOf(logits), given, c));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::routeTo({pool}, test::copyOf(logits), given.rowRange(0, 1), c));
    }

    void notANumberNeverLeavesTheTable()
    {
        cpu::ThreadPool pool(1);
        for (const Gating gating : {Gating::softmax, Gating::sigmoid, Gating::softmaxOfChosen, Gating::sqrtSoftplus}) {
            Tensor logits = test::randomTensor({1, 40}, 3);
            for (int i = 0; i < 40; i += 3)
                logits.f32()[i] = std::numeric_limits<float>::quiet_NaN();
            for (const int e : expertsOf(ops::route({pool}, test::copyOf(logits), {}, config(40, 30, gating))))
                QVERIFY(e >= 0 && e < 40);
        }
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        const auto refused = [&](const ops::RouterConfig& c, const Tensor& bias = {}, std::span<const float> mass = {}) {
            try {
                ops::route({pool}, Tensor::zeros({2, 8}), bias, c, mass);
                return false;
            } catch (const std::invalid_argument&) {
                return true;
            }
        };
        QVERIFY(refused(config(7, 2)));
        QVERIFY(refused(config(8, 9)));
        QVERIFY(refused(config(8, 0)));
        ops::RouterConfig groups = config(8, 4);
        groups.nGroups = 3;
        QVERIFY(refused(groups));
        groups.nGroups = 4;
        groups.nGroupsUsed = 1; // two experts in one group of two, four wanted
        QVERIFY(refused(groups));
        QVERIFY(refused(config(8, 2), Tensor::zeros({7})));
        const float mass[] = {0.5f};
        QVERIFY(refused(config(8, 2), {}, mass));
        QVERIFY(!refused(config(8, 2)));
    }
};

QTEST_APPLESS_MAIN(TestRouter)
#include "tst_router.moc"
