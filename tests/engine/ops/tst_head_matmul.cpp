// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/head_matmul/head_matmul.h"
#include "op_test.h"
#include "quantized.h"

#include <QtTest>

#include <cmath>

using namespace sy;

class TestHeadMatmul : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("heads");
        QTest::addColumn<int>("tokens");
        QTest::addColumn<int>("in");
        QTest::addColumn<int>("out");
        QTest::newRow("one") << int(DType::F32) << 1 << 1 << 1 << 1;
        QTest::newRow("below a tile") << int(DType::F16) << 3 << 5 << 15 << 15;
        QTest::newRow("a tile") << int(DType::F16) << 2 << 2 << 16 << 16;
        QTest::newRow("above a tile") << int(DType::F32) << 4 << 9 << 17 << 17;
        QTest::newRow("Q8_0") << int(DType::Q8_0) << 4 << 40 << 128 << 272;
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, type);
        QFETCH(int, heads);
        QFETCH(int, tokens);
        QFETCH(int, in);
        QFETCH(int, out);
        const int xStride = in + 3, yStride = out + 2;
        std::vector<Tensor> plain, weights;
        for (int h = 0; h < heads; ++h) {
            plain.push_back(test::randomTensor({out, in}, 10 + unsigned(h)));
            weights.push_back(test::quantized(DType(type), plain.back()));
            for (int r = 0; r < out; ++r) // what the type made of the values
                quant::unpackRow(DType(type), weights.back().raw() + size_t(r) * weights.back().rowBytes(),
                                 plain.back().f32() + r * in, in);
        }
        const Tensor x = test::randomTensor({tokens, heads * xStride}, 1),
                     before = test::randomTensor({tokens, heads * yStride}, 2);
        for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
            Tensor first;
            for (const cpu::Level level : test::levels()) {
                for (const int nThreads : {1, 2, 3, 7}) {
                    cpu::ThreadPool pool(nThreads);
                    Tensor y = test::copyOf(before);
                    ops::headMatmul({pool, level, activations}, x, weights, y);
                    if (first) {
                        QVERIFY(test::sameBits(y, first));
                        continue;
                    }
                    first = y;
                    double difference = 0, total = 0;
                    for (int t = 0; t < tokens; ++t) {
                        for (int h = 0; h < heads; ++h) {
                            for (int r = 0; r < out; ++r) {
                                double sum = 0;
                                for (int c = 0; c < in; ++c)
                                    sum += double(plain[size_t(h)].f32()[r * in + c]) *
                                           double(x.f32()[t * heads * xStride + h * xStride + c]);
                                difference += std::pow(double(y.f32()[t * heads * yStride + h * yStride + r]) - sum, 2);
                                total += sum * sum;
                            }
                            for (int r = out; r < yStride; ++r) { // not this op's
                                const int at = t * heads * yStride + h * yStride + r;
                                QCOMPARE(y.f32()[at], before.f32()[at]);
                            }
                        }
                    }
                    QVERIFY(difference / total < (activations == ops::Activations::f32 ? 1e-12 : 1e-4));
                }
            }
        }
    }

    void aTokenKeepsItsBitsInAnyCompany()
    {
        std::vector<Tensor> weights;
        for (unsigned h = 0; h < 3; ++h)
            weights.push_back(test::quantized(DType::Q8_0, test::randomTensor({48, 64}, h)));
        const Tensor x = test::randomTensor({20, 3 * 64}, 5);
        cpu::ThreadPool pool(2);
        Tensor all = Tensor::empty({20, 3 * 48});
        ops::headMatmul({pool}, x, weights, all);
        for (const int64_t t : {0, 7, 19}) {
            Tensor one = Tensor::empty({1, 3 * 48});
            ops::headMatmul({pool}, x.rowRange(t, 1), weights, one);
            QVERIFY(test::sameBits(one, all.rowRange(t, 1)));
        }
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        const std::vector<Tensor> weights{Tensor::zeros({4, 8}), Tensor::zeros({4, 8})};
        Tensor y = Tensor::zeros({3, 8});
        Tensor narrow = Tensor::zeros({3, 6}), short_ = Tensor::zeros({2, 8});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::headMatmul({pool}, Tensor::zeros({3, 15}), weights, y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::headMatmul({pool}, Tensor::zeros({3, 14}), weights, y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::headMatmul({pool}, Tensor::zeros({3, 16}), weights, narrow));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::headMatmul({pool}, Tensor::zeros({3, 16}), weights, short_));
        const std::vector<Tensor> mixed{Tensor::zeros({4, 8}), Tensor::zeros({3, 8})};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::headMatmul({pool}, Tensor::zeros({3, 16}), mixed, y));
    }
};

QTEST_APPLESS_MAIN(TestHeadMatmul)
#include "tst_head_matmul.moc"
