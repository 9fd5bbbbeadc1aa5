// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/weight_arena.h"
#include "op_test.h"
#include "quantized.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace sy;
using ops::MatrixView;
using ops::Write;

namespace {

// factor * a b + before in double, against c; the tolerance follows from the sizes of the summands.
bool agrees(const MatrixView& a, const MatrixView& b, const Tensor& before, float factor, const Tensor& c)
{
    for (int64_t i = 0; i < a.nRows; ++i) {
        for (int64_t j = 0; j < b.nCols; ++j) {
            double sum = 0, sizes = 0;
            for (int64_t k = 0; k < a.nCols; ++k) {
                const double term =
                    double(a.data[i * a.rowStride + k * a.colStride]) * double(b.data[k * b.rowStride + j * b.colStride]);
                sum += term;
                sizes += std::abs(term);
            }
            const double start = before ? double(before.f32()[i * b.nCols + j]) : 0.0;
            const double error = std::abs(double(c.f32()[i * b.nCols + j]) - (start + factor * sum));
            if (!(error <= 1e-6 * (std::abs(start) + std::abs(factor) * sizes) + 1e-30))
                return false;
        }
    }
    return true;
}

Tensor decoded(const Tensor& weight)
{
    Tensor x = Tensor::empty({weight.rows(), weight.cols()});
    for (int64_t r = 0; r < weight.rows(); ++r)
        quant::unpackRow(weight.dtype(), weight.raw() + size_t(r) * weight.rowBytes(), x.f32() + r * weight.cols(),
                         weight.cols());
    return x;
}

} // namespace

class TestGemm : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionInEveryOrientation_data()
    {
        QTest::addColumn<int>("m");
        QTest::addColumn<int>("k");
        QTest::addColumn<int>("n");
        for (const auto& [m, k, n] : std::vector<std::array<int, 3>>{{1, 1, 1},
                                                                     {5, 7, 15},
                                                                     {6, 16, 16},
                                                                     {7, 17, 17},
                                                                     {13, 255, 33},
                                                                     {24, 256, 255},
                                                                     {50, 257, 256},
                                                                     {101, 600, 300}})
            QTest::addRow("%d x %d x %d", m, k, n) << m << k << n;
    }

    void agreesWithTheDefinitionInEveryOrientation()
    {
        QFETCH(int, m);
        QFETCH(int, k);
        QFETCH(int, n);
        const Tensor a = test::randomTensor({m, k}, 1), aTurned = test::randomTensor({k, m}, 2);
        const Tensor b = test::randomTensor({k, n}, 3), bTurned = test::randomTensor({n, k}, 4);
        const Tensor before = test::randomTensor({m, n}, 5);
        cpu::ThreadPool one(1), three(3);
        for (const MatrixView& left : {ops::viewOf(a), ops::transposed(ops::viewOf(aTurned))}) {
            for (const MatrixView& right : {ops::viewOf(b), ops::transposed(ops::viewOf(bTurned))}) {
                Tensor set = test::copyOf(before), added = test::copyOf(before);
                const ops::OpContext scalar{one, cpu::Level::scalar};
                ops::gemm(scalar, left, right, ops::targetOf(set));
                ops::gemm(scalar, left, right, ops::targetOf(added), Write::adds, -0.7f);
                QVERIFY(agrees(left, right, {}, 1, set));
                QVERIFY(agrees(left, right, before, -0.7f, added));
                for (const cpu::Level level : test::levels()) {
                    Tensor c = test::copyOf(before);
                    ops::gemm({three, level}, left, right, ops::targetOf(c), Write::adds, -0.7f);
                    QVERIFY(test::sameBits(c, added));
                }
            }
        }
    }

    void onlyTheColumnsAskedForAreTouched()
    {
        cpu::ThreadPool pool(2);
        const Tensor a = test::randomTensor({9, 40}, 1), b = test::randomTensor({20, 30}, 2),
                     before = test::randomTensor({9, 50}, 3);
        Tensor c = test::copyOf(before);
        const MatrixView left = ops::columns(ops::viewOf(a), 10, 20);
        ops::gemm({pool}, left, ops::viewOf(b), ops::columns(ops::targetOf(c), 7));
        Tensor middle = Tensor::empty({9, 30});
        for (int64_t i = 0; i < 9; ++i) {
            for (int64_t j = 0; j < 50; ++j) {
                if (j >= 7 && j < 37)
                    middle.f32()[i * 30 + j - 7] = c.f32()[i * 50 + j];
                else
                    QCOMPARE(c.f32()[i * 50 + j], before.f32()[i * 50 + j]);
            }
        }
        QVERIFY(agrees(left, ops::viewOf(b), {}, 1, middle));
    }

    void weightsOfEveryTypeAreDecodedOnTheWay_data()
    {
        QTest::addColumn<int>("dtype");
        for (const quant::QuantType& type : quant::quantTypes()) {
            if (type.pack && (type.valuesPerBlock > 1 || type.dtype == DType::F32 || type.dtype == DType::F16 ||
                              type.dtype == DType::BF16))
                QTest::newRow(std::string(type.name).c_str()) << int(type.dtype);
        }
    }

    void weightsOfEveryTypeAreDecodedOnTheWay()
    {
        QFETCH(int, dtype);
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        const Tensor weight =
            test::quantized(DType(dtype), test::randomTensor({304, 768}, 1)); // rows end in the middle of a depth
        const Tensor a = test::randomTensor({30, 304}, 2);
        Tensor expected = Tensor::empty({30, 768}), c = Tensor::empty({30, 768});
        ops::gemm(context, ops::viewOf(a), ops::viewOf(decoded(weight)), ops::targetOf(expected));
        ops::gemmWeight(context, ops::viewOf(a), weight, ops::targetOf(c));
        QVERIFY(test::sameBits(c, expected));
        if (const size_t bytes = ops::packedBytes(weight)) {
            ops::WeightArena arena(bytes);
            const Tensor packed = arena.pack(context, weight);
            Tensor fromPacked = Tensor::empty({30, 768});
            ops::gemmWeight(context, ops::viewOf(a), packed, ops::targetOf(fromPacked));
            QVERIFY(test::sameBits(fromPacked, expected));
        }
    }

    void emptyOperandsGiveZerosOrNothing()
    {
        cpu::ThreadPool pool(1);
        Tensor c = test::randomTensor({2, 3}, 1);
        ops::gemm({pool}, {nullptr, 2, 0, 0, 1}, {nullptr, 0, 3, 3, 1}, ops::targetOf(c));
        QCOMPARE(std::ranges::count(c.values(), 0.0f), 6);
        ops::gemm({pool}, {nullptr, 0, 4, 4, 1}, ops::viewOf(test::randomTensor({4, 3}, 2)), {nullptr, 3});
    }

    void operandsThatDoNotFitAreRefused()
    {
        cpu::ThreadPool pool(1);
        Tensor c = Tensor::empty({2, 3});
        const Tensor a = test::randomTensor({2, 5}, 1), b = test::randomTensor({4, 3}, 2);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::gemm({pool}, ops::viewOf(a), ops::viewOf(b), ops::targetOf(c)));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::gemmWeight({pool}, ops::viewOf(a), b, ops::targetOf(c)));
    }
};

QTEST_APPLESS_MAIN(TestGemm)
#include "tst_gemm.moc"
