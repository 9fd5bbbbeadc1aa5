// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/router/router_grad.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>
#include <numeric>

using namespace sy;
using ops::Gating;

namespace {

struct Case {
    const char* name;
    ops::RouterConfig config;
};
const Case kCases[] = {
    {"softmax", {.nExperts = 9, .nUsed = 3}},
    {"softmax, normalized and scaled", {.nExperts = 9, .nUsed = 3, .normalizes = true, .scale = 2.5f}},
    {"sigmoid", {.nExperts = 9, .nUsed = 3, .gating = Gating::sigmoid, .scale = 1.5f}},
    {"sigmoid, groups, normalized",
     {.nExperts = 8, .nUsed = 2, .gating = Gating::sigmoid, .nGroups = 4, .nGroupsUsed = 2, .normalizes = true, .scale = 2}},
    {"softmax of the chosen", {.nExperts = 6, .nUsed = 4, .gating = Gating::softmaxOfChosen}},
    {"square root of softplus, normalized", {.nExperts = 6, .nUsed = 2, .gating = Gating::sqrtSoftplus, .normalizes = true}},
};

std::vector<double> probabilities(const ops::RouterConfig& config, std::vector<double> z)
{
    if (config.gating == Gating::softmax) {
        double total = 0;
        for (double& value : z)
            total += value = std::exp(value);
        for (double& value : z)
            value /= total;
    } else if (config.gating == Gating::sigmoid) {
        for (double& value : z)
            value = 1 / (1 + std::exp(-value));
    } else if (config.gating == Gating::sqrtSoftplus) {
        for (double& value : z)
            value = std::sqrt(std::log1p(std::exp(value)));
    }
    return z;
}

// Weights of choices made before, then all probabilities: what differences() needs to see both gradients.
std::vector<double> definition(const ops::RouterConfig& config, const int32_t* experts, const std::vector<double>& logits)
{
    const auto n = size_t(config.nExperts), k = size_t(config.nUsed);
    std::vector<double> weights, all;
    for (size_t t = 0; t * n < logits.size(); ++t) {
        const auto p = probabilities(config, {logits.begin() + long(t * n), logits.begin() + long((t + 1) * n)});
        all.insert(all.end(), p.begin(), p.end());
        std::vector<double> chosen;
        for (size_t i = 0; i < k; ++i)
            chosen.push_back(p[size_t(experts[t * k + i])]);
        if (config.gating == Gating::softmaxOfChosen)
            chosen = probabilities({.gating = Gating::softmax}, chosen);
        const double sum = config.normalizes ? std::accumulate(chosen.begin(), chosen.end(), 0.0) : 1.0;
        for (const double value : chosen)
            weights.push_back(value / sum * double(config.scale));
    }
    weights.insert(weights.end(), all.begin(), all.end());
    return weights;
}

} // namespace

class TestRouterGrad : public QObject {
    Q_OBJECT

private slots:
    void gradientsAgreeWithDifferences_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < int(std::size(kCases)); ++i)
            QTest::newRow(kCases[i].name) << i;
    }

    void gradientsAgreeWithDifferences()
    {
        QFETCH(int, index);
        const ops::RouterConfig& config = kCases[index].config;
        constexpr int kTokens = 7;
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        const Tensor logits = test::randomTensor({kTokens, config.nExperts}, 1),
                     bias = test::randomTensor({config.nExperts}, 2, 0.1f);
        const ops::Routing routing = ops::route(context, test::copyOf(logits), bias, config);
        const Tensor dWeights = test::randomTensor({kTokens, config.nUsed}, 3),
                     dP = test::randomTensor({kTokens, config.nExperts}, 4);
        auto dy = test::doubles(dWeights);
        for (const double g : test::doubles(dP))
            dy.push_back(g);
        const auto expected = test::differences(test::doubles(logits), dy, [&](const auto& z) {
            return definition(config, routing.experts.data<int32_t>(), z);
        });
        const double error = test::gradientError(ops::routeGrad(context, routing, config, dWeights, dP), expected);
        QVERIFY2(error < 2e-6, qPrintable(QString::number(error)));
        std::fill(dy.begin() + kTokens * config.nUsed, dy.end(), 0.0);
        const auto weightsOnly = test::differences(test::doubles(logits), dy, [&](const auto& z) {
            return definition(config, routing.experts.data<int32_t>(), z);
        });
        QVERIFY(test::gradientError(ops::routeGrad(context, routing, config, dWeights), weightsOnly) < 2e-6);
    }

    void knownBalanceLossesAreReproduced()
    {
        const float z[] = {2, 1, 0, -1, 0, 1, 2, -1, 1, 1.5f, 0, 0.5f};
        const std::vector<int64_t> lengths = {3};
        cpu::ThreadPool pool(1);
        const ops::Routing soft = ops::route({pool}, Tensor::of(z, {3, 4}), {}, {.nExperts = 4, .nUsed = 2});
        QVERIFY(std::abs(ops::switchBalance({pool}, soft).value - 1.25181786) < 1e-6);
        const ops::Routing sigmoid =
            ops::route({pool}, Tensor::of(z, {3, 4}), {}, {.nExperts = 4, .nUsed = 2, .gating = Gating::sigmoid});
        QVERIFY(std::abs(ops::sequenceBalance({pool}, sigmoid, lengths).value - 1.16336172) < 1e-6);
    }

    void balanceGradientsAgreeWithDifferences()
    {
        constexpr int kTokens = 9, kExperts = 6;
        const std::vector<int64_t> lengths = {4, 5};
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        ops::Routing routing = ops::route(context, test::randomTensor({kTokens, kExperts}, 1), {},
                                          {.nExperts = kExperts, .nUsed = 2, .gating = Gating::sigmoid});
        const auto with = [&](const std::vector<double>& p) {
            ops::Routing moved = routing;
            const std::vector<float> values(p.begin(), p.end());
            moved.probabilities = Tensor::of(values, routing.probabilities.shape());
            return moved;
        };
        // Choices stay as they were: their counts are constants. In float, so with a wide step.
        const auto slopes = [&](auto&& value) {
            std::vector<double> p = test::doubles(routing.probabilities), result(p.size());
            for (size_t i = 0; i < p.size(); ++i) {
                const double middle = p[i];
                p[i] = middle + 0.01;
                const double above = value(with(p));
                p[i] = middle - 0.01;
                result[i] = (above - value(with(p))) / 0.02;
                p[i] = middle;
            }
            return result;
        };
        QVERIFY(test::gradientError(ops::switchBalance(context, routing).dProbabilities,
                                    slopes([&](const auto& r) { return ops::switchBalance(context, r).value; })) < 1e-4);
        QVERIFY(test::gradientError(ops::sequenceBalance(context, routing, lengths).dProbabilities,
                                    slopes([&](const auto& r) { return ops::sequenceBalance(context, r, lengths).value; })) <
                1e-3);
        const std::vector<int64_t> tooShort = {4, 4};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::sequenceBalance(context, routing, tooShort));
    }
};

QTEST_APPLESS_MAIN(TestRouterGrad)
#include "tst_router_grad.moc"
