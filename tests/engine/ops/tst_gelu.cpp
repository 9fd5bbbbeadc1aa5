// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gelu/gelu.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>
#include <limits>

using namespace sy;

namespace {

double definition(double x, ops::GeluForm form)
{
    if (form == ops::GeluForm::exact)
        return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

} // namespace

class TestGelu : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("form");
        QTest::newRow("exact") << int(ops::GeluForm::exact);
        QTest::newRow("tanh") << int(ops::GeluForm::tanh);
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, form);
        cpu::ThreadPool pool(2);
        Tensor x = Tensor::empty({50, 803}); // rows end inside a vector
        for (int64_t i = 0; i < x.count(); ++i)
            x.f32()[i] = float(i - x.count() / 2) * 1e-3f;
        const Tensor first = ops::gelu({pool, cpu::Level::scalar}, x, ops::GeluForm(form));
        double worst = 0;
        for (int64_t i = 0; i < x.count(); ++i) {
            const double v = double(x.f32()[i]);
            const double error = std::abs(double(first.f32()[i]) - definition(v, ops::GeluForm(form)));
            worst = std::max(worst, error / std::max(1.0, std::abs(v)));
        }
        qInfo("worst error %.3g", worst);
        QVERIFY(worst < 2e-7);
        for (const cpu::Level level : test::levels())
            QVERIFY(test::sameBits(ops::gelu({pool, level}, x, ops::GeluForm(form)), first));
    }

    void extremesStayFinite()
    {
        cpu::ThreadPool pool(1);
        const float values[] = {-1e30f, -1e4f, -90.0f, -0.0f, 0.0f, 90.0f, 1e4f, 1e12f};
        const Tensor x = Tensor::of(values, {1, 8});
        for (const cpu::Level level : test::levels()) {
            const Tensor y = ops::gelu({pool, level}, x, ops::GeluForm::exact);
            QCOMPARE(y.f32()[1], 0.0f);
            QCOMPARE(y.f32()[3], 0.0f);
            QCOMPARE(y.f32()[5], 90.0f);
            QCOMPARE(y.f32()[7], 1e12f);
        }
    }

    void notANumberStaysOne()
    {
        cpu::ThreadPool pool(1);
        const float nan = std::numeric_limits<float>::quiet_NaN();
        for (const cpu::Level level : test::levels()) {
            const Tensor y = ops::gelu({pool, level}, Tensor::of({&nan, 1}, {1, 1}), ops::GeluForm::exact);
            QVERIFY(std::isnan(y.f32()[0]));
        }
    }

    void gradientsAgreeWithDifferences()
    {
        cpu::ThreadPool pool(2);
        const Tensor x = test::randomTensor({5, 37}, 1, 2.0f), dy = test::randomTensor({5, 37}, 2);
        for (const auto form : {ops::GeluForm::exact, ops::GeluForm::tanh}) {
            const auto expected = test::differences(test::doubles(x), test::doubles(dy), [form](std::vector<double> v) {
                for (double& value : v)
                    value = definition(value, form);
                return v;
            });
            QVERIFY(test::gradientError(ops::geluGrad({pool}, x, form, dy), expected) < 1e-6);
        }
    }
};

QTEST_APPLESS_MAIN(TestGelu)
#include "tst_gelu.moc"
