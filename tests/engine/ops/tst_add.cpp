// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/add/add.h"
#include "op_test.h"

#include <QtTest>

using namespace sy;

class TestAdd : public QObject {
    Q_OBJECT

private slots:
    void sumsAreTakenElementByElement()
    {
        cpu::ThreadPool pool(3);
        const Tensor a = test::randomTensor({70, 1537}, 1), b = test::randomTensor({70, 1537}, 2);
        const Tensor sum = ops::add({pool}, a, b);
        Tensor x = test::copyOf(a);
        ops::addInto({pool}, x, b);
        QVERIFY(test::sameBits(x, sum));
        for (int64_t i = 0; i < a.count(); ++i)
            QCOMPARE(sum.f32()[i], a.f32()[i] + b.f32()[i]);
    }

    void aBiasIsAddedToEveryRow()
    {
        cpu::ThreadPool pool(3);
        const Tensor a = test::randomTensor({90, 1000}, 1), bias = test::randomTensor({1000}, 2);
        Tensor x = test::copyOf(a);
        ops::addBias({pool}, x, bias);
        for (int64_t row = 0; row < 90; ++row) {
            for (int64_t i = 0; i < 1000; ++i)
                QCOMPARE(x.f32()[row * 1000 + i], a.f32()[row * 1000 + i] + bias.f32()[i]);
        }
    }

    void differentShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        Tensor a = test::randomTensor({2, 3}, 1);
        const Tensor b = test::randomTensor({3, 2}, 1);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::add({pool}, a, b));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addInto({pool}, a, b));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addBias({pool}, a, test::randomTensor({2}, 1)));
    }

    void theGradientOfABiasIsTheSumOfTheRows()
    {
        cpu::ThreadPool pool(3);
        const Tensor dy = test::randomTensor({90, 1000}, 1);
        Tensor sum = test::randomTensor({1000}, 2), expected = test::copyOf(sum);
        for (int64_t row = 0; row < 90; ++row)
            for (int64_t i = 0; i < 1000; ++i)
                expected.f32()[i] += dy.f32()[row * 1000 + i];
        ops::addBiasGrad({pool}, dy, sum);
        QVERIFY(test::sameBits(sum, expected));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addBiasGrad({pool}, test::randomTensor({2, 3}, 1), sum));
    }
};

QTEST_APPLESS_MAIN(TestAdd)
#include "tst_add.moc"
