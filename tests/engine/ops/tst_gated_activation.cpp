// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/scale/scale.h"
#include "engine/ops/soft_cap/soft_cap.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace sy;
using ops::GateForm;

namespace {

double exact(const ops::GatedActivation& a, double g, double u)
{
    const double limit = a.limit;
    switch (a.form) {
    case GateForm::silu:
        return g / (1 + std::exp(-g)) * u;
    case GateForm::geluTanh:
        return g / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) * u;
    case GateForm::sigmoid:
        return u / (1 + std::exp(-g));
    case GateForm::clampedSilu:
        g = std::min(g, limit);
        return g / (1 + std::exp(-g)) * std::clamp(u, -limit, limit);
    case GateForm::clampedSwish:
        g = std::min(g, limit);
        return g / (1 + std::exp(-1.702 * g)) * (std::clamp(u, -limit, limit) + 1);
    }
    return NAN;
}

} // namespace

class TestGatedActivation : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("form");
        QTest::addColumn<int>("n");
        for (const GateForm form :
             {GateForm::silu, GateForm::geluTanh, GateForm::sigmoid, GateForm::clampedSilu, GateForm::clampedSwish})
            for (const int n : {1, 15, 16, 17, 2880})
                QTest::addRow("form %d, %d", int(form), n) << int(form) << n;
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, form);
        QFETCH(int, n);
        const ops::GatedActivation activation{GateForm(form), 2.0f}; // many values beyond the limit
        const Tensor gate = test::randomTensor({17, n}, 1, 4.0f), up = test::randomTensor({17, n}, 2, 4.0f);
        Tensor first;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const Tensor y = ops::gatedActivation({pool, level}, activation, gate, up);
                if (!first) {
                    first = y;
                    for (int64_t i = 0; i < y.count(); ++i) {
                        const double expected = exact(activation, double(gate.f32()[i]), double(up.f32()[i]));
                        QVERIFY(std::abs(double(y.f32()[i]) - expected) <= 2e-6 * std::max(1.0, std::abs(expected)));
                    }
                }
                QVERIFY(test::sameBits(y, first));
            }
        }
    }

    void aClampDoesNotHideWhatIsNotANumber()
    {
        cpu::ThreadPool pool(1);
        for (const cpu::Level level : test::levels()) {
            for (const GateForm form : {GateForm::clampedSilu, GateForm::clampedSwish}) {
                const float nan[] = {NAN, 1.0f}, one[] = {1.0f, NAN};
                const Tensor y =
                    ops::gatedActivation({pool, level}, {form, 7.0f}, Tensor::of(nan, {2}), Tensor::of(one, {2}));
                QVERIFY(std::isnan(y.f32()[0]) && std::isnan(y.f32()[1]));
            }
        }
    }

    void differentShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::gatedActivation({pool}, {}, Tensor::zeros({2, 3}), Tensor::zeros({3, 2})));
    }

    void rowsAreScaledByTheirGates()
    {
        cpu::ThreadPool pool(3);
        Tensor x = test::randomTensor({300, 200}, 1);
        const Tensor before = test::copyOf(x), gates = test::randomTensor({300, 1}, 2, 3.0f);
        ops::scaleRowsBySigmoid({pool}, x, gates);
        ops::scale({pool}, x, 0.5f);
        for (int64_t i = 0; i < x.count(); ++i) {
            const double expected = double(before.f32()[i]) / (1 + std::exp(-double(gates.f32()[i / 200]))) / 2;
            QVERIFY(std::abs(double(x.f32()[i]) - expected) <= 1e-6 * std::abs(expected));
        }
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::scaleRowsBySigmoid({pool}, x, Tensor::zeros({299, 1})));
    }

    void aSoftCapKeepsSmallValuesAndBoundsLargeOnes()
    {
        cpu::ThreadPool pool(2);
        const float values[] = {0.0f, 0.01f, -5.0f, 30.0f, -1e6f};
        Tensor x = Tensor::of(values, {1, 5});
        ops::softCap({pool}, x, 30.0f);
        for (int i = 0; i < 5; ++i)
            QVERIFY(std::abs(double(x.f32()[i]) - 30 * std::tanh(double(values[i]) / 30)) < 1e-5);
    }

    void gradientsAgreeWithDifferences_data()
    {
        QTest::addColumn<int>("form");
        for (const GateForm form :
             {GateForm::silu, GateForm::geluTanh, GateForm::sigmoid, GateForm::clampedSilu, GateForm::clampedSwish})
            QTest::addRow("form %d", int(form)) << int(form);
    }

    void gradientsAgreeWithDifferences()
    {
        QFETCH(int, form);
        const ops::GatedActivation activation{GateForm(form), 2.0f};
        const Tensor gate = test::randomTensor({3, 37}, 1, 2.0f), up = test::randomTensor({3, 37}, 2, 2.0f), dy = test::randomTensor({3, 37}, 3);
        const auto definition = [&](const std::vector<double>& g, const std::vector<double>& u) {
            std::vector<double> y(g.size());
            for (size_t i = 0; i < g.size(); ++i)
                y[i] = exact(activation, g[i], u[i]);
            return y;
        };
        const auto dGate = test::differences(test::doubles(gate), test::doubles(dy),
                                             [&](const std::vector<double>& g) { return definition(g, test::doubles(up)); });
        const auto dUp = test::differences(test::doubles(up), test::doubles(dy),
                                           [&](const std::vector<double>& u) { return definition(test::doubles(gate), u); });
        cpu::ThreadPool one(1), three(3);
        const auto first = ops::gatedActivationGrad({one, cpu::Level::scalar}, activation, gate, up, dy);
        QVERIFY(test::gradientError(first.gate, dGate) < 2e-6);
        QVERIFY(test::gradientError(first.up, dUp) < 2e-6);
        for (const cpu::Level level : test::levels()) {
            const auto grad = ops::gatedActivationGrad({three, level}, activation, gate, up, dy);
            QVERIFY(test::sameBits(grad.gate, first.gate) && test::sameBits(grad.up, first.up));
        }
    }
};

QTEST_APPLESS_MAIN(TestGatedActivation)
#include "tst_gated_activation.moc"
