// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/layer_norm/layer_norm.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

class TestLayerNorm : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("dim");
        QTest::addColumn<float>("offset");
        for (const int dim : {1, 7, 15, 16, 17, 31, 32, 33, 64, 384}) {
            QTest::addRow("%d", dim) << dim << 0.0f;
            QTest::addRow("%d, far from zero", dim) << dim << 100.0f; // where mean(x²) - mean(x)² would cancel
        }
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, dim);
        QFETCH(float, offset);
        cpu::ThreadPool pool(2);
        Tensor x = test::randomTensor({5, dim}, 1);
        for (int64_t i = 0; i < x.count(); ++i)
            x.f32()[i] += offset;
        const Tensor weight = test::randomTensor({dim}, 2), bias = test::randomTensor({dim}, 3);
        const Tensor first = ops::layerNorm({pool, cpu::Level::scalar}, x, weight, bias, 1e-5f);
        for (int64_t row = 0; row < 5; ++row) {
            const float* v = x.f32() + row * dim;
            double mean = 0, variance = 0;
            for (int64_t i = 0; i < dim; ++i)
                mean += double(v[i]) / dim;
            for (int64_t i = 0; i < dim; ++i)
                variance += std::pow(double(v[i]) - mean, 2) / dim;
            const double factor = 1 / std::sqrt(variance + 1e-5);
            const double tolerance = 2e-6 + (dim > 1 ? 3e-7 * offset * factor * 4 : 3e-4);
            for (int64_t i = 0; i < dim; ++i) {
                const double expected = (double(v[i]) - mean) * factor * double(weight.f32()[i]) + double(bias.f32()[i]);
                QVERIFY(std::abs(double(first.f32()[row * dim + i]) - expected) <= tolerance);
            }
        }
        for (const cpu::Level level : test::levels())
            QVERIFY(test::sameBits(ops::layerNorm({pool, level}, x, weight, bias, 1e-5f), first));
    }

    void aRowKeepsItsBitsInAnyBatchAndOnAnyThreadCount()
    {
        const Tensor x = test::randomTensor({300, 384}, 5);
        const Tensor weight = test::randomTensor({384}, 6), bias = test::randomTensor({384}, 7);
        cpu::ThreadPool one(1), three(3);
        const Tensor all = ops::layerNorm({one}, x, weight, bias, 1e-12f);
        QVERIFY(test::sameBits(ops::layerNorm({three}, x, weight, bias, 1e-12f), all));
        QVERIFY(test::sameBits(ops::layerNorm({three}, x.rowRange(123, 2), weight, bias, 1e-12f), all.rowRange(123, 2)));
    }

    void wrongShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        const Tensor x = test::randomTensor({2, 10}, 7), ten = test::randomTensor({10}, 8), nine = test::randomTensor({9}, 8);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::layerNorm({pool}, x, nine, ten, 1e-6f));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::layerNorm({pool}, x, ten, nine, 1e-6f));
    }
};

QTEST_APPLESS_MAIN(TestLayerNorm)
#include "tst_layer_norm.moc"
