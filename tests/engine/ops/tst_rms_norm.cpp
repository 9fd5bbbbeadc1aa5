// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/rms_norm/rms_norm.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

class TestRmsNorm : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("dim");
        for (const int dim : {1, 7, 15, 16, 17, 31, 32, 33, 64, 1536})
            QTest::newRow(std::to_string(dim).c_str()) << dim;
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, dim);
        cpu::ThreadPool pool(2);
        const Tensor x = test::randomTensor({5, dim}, 1, 3.0f);
        const Tensor weight = test::randomTensor({dim}, 2);
        const Tensor first = ops::rmsNorm({pool, cpu::Level::scalar}, x, weight, 1e-5f);
        for (int64_t row = 0; row < 5; ++row) {
            double squares = 0;
            for (int64_t i = 0; i < dim; ++i)
                squares += std::pow(double(x.f32()[row * dim + i]), 2);
            const double factor = 1 / std::sqrt(squares / dim + 1e-5);
            for (int64_t i = 0; i < dim; ++i) {
                const double expected = double(x.f32()[row * dim + i]) * factor * double(weight.f32()[i]);
                QVERIFY(std::abs(double(first.f32()[row * dim + i]) - expected) <= 4e-7 * (std::abs(expected) + 1e-3));
            }
        }
        for (const cpu::Level level : test::levels())
            QVERIFY(test::sameBits(ops::rmsNorm({pool, level}, x, weight, 1e-5f), first));
    }

    void headsAreNormalizedOneByOne()
    {
        cpu::ThreadPool pool(2);
        const Tensor x = test::randomTensor({3, 4 * 24}, 3);
        const Tensor weight = test::randomTensor({24}, 4);
        for (const cpu::Level level : test::levels()) {
            Tensor heads = test::copyOf(x);
            ops::rmsNormHeads({pool, level}, heads, weight, 1e-6f);
            const Tensor rows = ops::rmsNorm({pool, level}, x.reshaped({12, 24}), weight, 1e-6f);
            QVERIFY(test::sameBits(heads.reshaped({12, 24}), rows));
        }
    }

    void aRowKeepsItsBitsInAnyBatchAndOnAnyThreadCount()
    {
        const Tensor x = test::randomTensor({200, 700}, 5);
        const Tensor weight = test::randomTensor({700}, 6);
        cpu::ThreadPool one(1), three(3);
        const Tensor all = ops::rmsNorm({one}, x, weight, 1e-6f);
        QVERIFY(test::sameBits(ops::rmsNorm({three}, x, weight, 1e-6f), all));
        for (const int64_t row : {0, 77, 199})
            QVERIFY(test::sameBits(ops::rmsNorm({three}, x.rowRange(row, 1), weight, 1e-6f), all.rowRange(row, 1)));
    }

    void wrongShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        Tensor x = test::randomTensor({2, 10}, 7);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::rmsNorm({pool}, x, test::randomTensor({9}, 8), 1e-6f));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::rmsNormHeads({pool}, x, test::randomTensor({3}, 8), 1e-6f));
    }

    void gradientsAgreeWithDifferences_data()
    {
        QTest::addColumn<int>("dim");
        for (const int dim : {1, 15, 16, 17, 40})
            QTest::newRow(std::to_string(dim).c_str()) << dim;
    }

    void gradientsAgreeWithDifferences()
    {
        QFETCH(int, dim);
        constexpr int kRows = 4;
        const Tensor x = test::randomTensor({kRows, dim}, 1, 2.0f), weight = test::randomTensor({dim}, 2);
        const Tensor dy = test::randomTensor({kRows, dim}, 3);
        const auto definition = [&](const std::vector<double>& v, const std::vector<double>& w) {
            std::vector<double> y(v.size());
            for (size_t r = 0; r < kRows; ++r) {
                double squares = 0;
                for (size_t i = r * size_t(dim); i < (r + 1) * size_t(dim); ++i)
                    squares += v[i] * v[i];
                for (size_t i = r * size_t(dim); i < (r + 1) * size_t(dim); ++i)
                    y[i] = v[i] / std::sqrt(squares / dim + 0.1) * w[i - r * size_t(dim)];
            }
            return y;
        };
        const auto dx = test::differences(test::doubles(x), test::doubles(dy),
                                          [&](const std::vector<double>& v) { return definition(v, test::doubles(weight)); });
        const auto dWeight = test::differences(test::doubles(weight), test::doubles(dy),
                                               [&](const std::vector<double>& w) { return definition(test::doubles(x), w); });
        cpu::ThreadPool one(1), three(3);
        const Tensor first = ops::rmsNormGrad({one, cpu::Level::scalar}, x, weight, 0.1f, dy);
        QVERIFY(test::gradientError(first, dx) < 1e-6);
        for (const cpu::Level level : test::levels())
            QVERIFY(test::sameBits(ops::rmsNormGrad({three, level}, x, weight, 0.1f, dy), first));
        Tensor sum = Tensor::zeros({dim});
        ops::addRmsNormWeightGrad({three}, x, 0.1f, dy, sum);
        QVERIFY(test::gradientError(sum, dWeight) < 1e-6);
    }
};

QTEST_APPLESS_MAIN(TestRmsNorm)
#include "tst_rms_norm.moc"
