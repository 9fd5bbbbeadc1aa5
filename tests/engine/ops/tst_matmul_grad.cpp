// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/matmul_grad.h"
#include "engine/ops/matmul/weight_arena.h"
#include "op_test.h"
#include "quantized.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

// dy W in double, of the weight's exact values.
std::vector<double> exact(const Tensor& dy, const Tensor& weight)
{
    std::vector<float> w(size_t(weight.count()));
    for (int64_t r = 0; r < weight.rows(); ++r)
        quant::unpackRow(weight.dtype(), weight.raw() + size_t(r) * weight.rowBytes(), w.data() + r * weight.cols(), weight.cols());
    std::vector<double> dx(size_t(dy.rows() * weight.cols()));
    for (int64_t t = 0; t < dy.rows(); ++t)
        for (int64_t k = 0; k < weight.rows(); ++k)
            for (int64_t c = 0; c < weight.cols(); ++c)
                dx[size_t(t * weight.cols() + c)] += double(dy.f32()[t * dy.cols() + k]) * double(w[size_t(k * weight.cols() + c)]);
    return dx;
}

// Mean squared error over mean square.
double error(const Tensor& x, const std::vector<double>& expected, double factor = 1, const Tensor& before = {})
{
    double wrong = 0, all = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        const double want = factor * expected[i];
        const double got = double(x.f32()[i]) - (before ? double(before.f32()[i]) : 0);
        wrong += (got - want) * (got - want);
        all += want * want;
    }
    return wrong / all;
}

} // namespace

class TestMatmulGrad : public QObject {
    Q_OBJECT

private slots:
    // Two roundings to int8, each uniform over a step of 1/127 of a block's largest value, which of 32 normal ones is about
    // 2.1 deviations: 2 * (2.1 / 127)^2 / 12 = 4.6e-5.
    void isCloseToTheDefinition_data()
    {
        QTest::addColumn<int>("dtype");
        for (const DType dtype : {DType::F32, DType::F16, DType::BF16, DType::Q4_0, DType::Q8_0, DType::Q4_K, DType::Q6_K})
            QTest::newRow(std::string(quant::find(dtype)->name).c_str()) << int(dtype);
    }

    void isCloseToTheDefinition()
    {
        QFETCH(int, dtype);
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        const Tensor weight = test::quantized(DType(dtype), test::randomTensor({288, 512}, 1, 0.02f)); // more than a chunk of 256
        const Tensor dy = test::randomTensor({37, 288}, 2, 1e-4f);
        const std::vector<double> expected = exact(dy, weight);
        Tensor dx = Tensor::empty({37, 512});
        ops::matmulGrad(context, dy, weight, ops::targetOf(dx));
        const double e = error(dx, expected);
        QVERIFY2(e > 1e-6 && e < 8e-5, qPrintable(QString::number(e))); // above: it is int8 that is tested

        const Tensor before = test::randomTensor({37, 512}, 3, 1e-4f);
        Tensor added = test::copyOf(before);
        ops::matmulGrad(context, dy, weight, ops::targetOf(added), ops::Write::adds, 0.5f);
        QVERIFY(error(added, expected, 0.5, before) < 8e-5);

        if (const size_t bytes = ops::packedBytes(weight)) {
            ops::WeightArena arena(bytes);
            Tensor fromPacked = Tensor::empty({37, 512});
            ops::matmulGrad(context, dy, arena.pack(context, weight), ops::targetOf(fromPacked));
            QVERIFY(test::sameBits(fromPacked, dx));
        }
    }

    void everyLevelThreadCountAndBatchGivesTheSameBits()
    {
        Tensor weight = test::randomTensor({96, 304}, 1, 0.02f); // a strip that is not full
        std::fill_n(weight.f32(), 40 * 304, 0.0f);               // blocks without a scale …
        for (int64_t c = 0; c < 304; ++c)
            weight.f32()[c] = c % 2 ? 1e-7f : 3e-6f; // … and with one at the end of what a half can hold
        const Tensor dy = test::randomTensor({11, 96}, 2);
        Tensor expected;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                Tensor dx = Tensor::empty({11, 304});
                ops::matmulGrad({pool, level}, dy, weight, ops::targetOf(dx));
                if (!expected)
                    expected = dx;
                QVERIFY(test::sameBits(dx, expected));
                Tensor one = Tensor::empty({1, 304});
                ops::matmulGrad({pool, level}, dy.rowRange(7, 1), weight, ops::targetOf(one));
                QVERIFY(test::sameBits(one, dx.rowRange(7, 1)));
            }
        }
    }

    void aVocabularyIsTurnedPieceByPiece()
    {
        cpu::ThreadPool pool(2);
        const Tensor weight = test::randomTensor({16384 + 96, 16}, 1, 0.02f);
        const Tensor dy = test::randomTensor({3, 16384 + 96}, 2);
        Tensor dx = Tensor::empty({3, 16});
        ops::matmulGrad({pool}, dy, weight, ops::targetOf(dx));
        QVERIFY(error(dx, exact(dy, weight)) < 8e-5);
    }

    void isExactWhereAskedAndForShapesWithoutBlocks()
    {
        cpu::ThreadPool pool(2);
        const auto isExact = [&](const ops::OpContext& context, const Shape& shape) {
            const Tensor weight = test::randomTensor(shape, 1);
            const Tensor dy = test::randomTensor({5, shape[0]}, 2);
            Tensor dx = Tensor::empty({5, shape[1]}), expected = Tensor::empty({5, shape[1]});
            ops::matmulGrad(context, dy, weight, ops::targetOf(dx));
            ops::gemmWeight(context, ops::viewOf(dy), weight, ops::targetOf(expected));
            return test::sameBits(dx, expected);
        };
        QVERIFY(isExact({pool, cpu::level(), ops::Activations::f32}, {64, 64}));
        QVERIFY(isExact({pool}, {40, 64}));
        QVERIFY(isExact({pool}, {64, 40}));
        QVERIFY(!isExact({pool}, {64, 64}));
    }

    void operandsThatDoNotFitAreRefused()
    {
        cpu::ThreadPool pool(1);
        Tensor dx = Tensor::empty({2, 32});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::matmulGrad({pool}, test::randomTensor({2, 64}, 1),
                                                                        test::randomTensor({32, 32}, 2), ops::targetOf(dx)));
    }
};

QTEST_APPLESS_MAIN(TestMatmulGrad)
#include "tst_matmul_grad.moc"
