// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/swiglu/swiglu.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

class TestSwiglu : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("n");
        for (const int n : {1, 15, 16, 17, 33, 8960})
            QTest::addRow("%d", n) << n;
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, n);
        cpu::ThreadPool pool(3);
        const Tensor gate = test::randomTensor({9, n}, 1, 8.0f), up = test::randomTensor({9, n}, 2);
        const Tensor first = ops::swiglu({pool, cpu::Level::scalar}, gate, up);
        for (int64_t i = 0; i < gate.count(); ++i) {
            const double g = double(gate.f32()[i]);
            const double expected = g / (1 + std::exp(-g)) * double(up.f32()[i]);
            QVERIFY(std::abs(double(first.f32()[i]) - expected) <= 6e-7 * std::abs(expected) + 1e-30);
        }
        for (const cpu::Level level : test::levels())
            QVERIFY(test::sameBits(ops::swiglu({pool, level}, gate, up), first));
    }

    void largeNegativeGatesGiveZeroAndLargePositiveOnesPass()
    {
        cpu::ThreadPool pool(1);
        const float gates[] = {-1e6f, -200.0f, 200.0f, 1e6f};
        const float ups[] = {1.0f, 1.0f, 1.0f, 1.0f};
        for (const cpu::Level level : test::levels()) {
            const Tensor y = ops::swiglu({pool, level}, Tensor::of(gates, {4}), Tensor::of(ups, {4}));
            QVERIFY(std::abs(y.f32()[0]) < 1e-30f);
            QVERIFY(std::abs(y.f32()[1]) < 1e-30f);
            QCOMPARE(y.f32()[2], 200.0f);
            QCOMPARE(y.f32()[3], 1e6f);
        }
    }

    void differentShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::swiglu({pool}, test::randomTensor({2, 3}, 1), test::randomTensor({3, 2}, 1)));
    }
};

QTEST_APPLESS_MAIN(TestSwiglu)
#include "tst_swiglu.moc"
