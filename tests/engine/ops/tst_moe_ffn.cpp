// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gated_activation/gated_activation.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/ops/moe_ffn/expert_groups.h"
#include "engine/ops/moe_ffn/expert_products.h"
#include "engine/ops/moe_ffn/moe_ffn.h"
#include "engine/quant/quant_table.h"
#include "op_test.h"
#include "quantized.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

constexpr int kExperts = 5;

ops::ExpertMatrices randomMatrices(DType dtype, int64_t out, int64_t in, unsigned seed)
{
    ops::ExpertMatrices m;
    for (int e = 0; e < kExperts; ++e)
        m.weights.push_back(
            test::quantized(dtype, test::randomTensor({out, in}, seed + unsigned(e), 1.0f / std::sqrt(float(in)))));
    return m;
}

ops::ExpertWeights randomExperts(DType dtype, int64_t dim, int64_t ffn)
{
    return {randomMatrices(dtype, ffn, dim, 100),
            randomMatrices(dtype, ffn, dim, 200),
            randomMatrices(dtype, dim, ffn, 300),
            {}};
}

// Each token's experts differ; expert 3 is nobody's, and the second of token 1 is left out.
ops::Routing someRouting(int64_t nTokens)
{
    ops::Routing routing{Tensor::empty({nTokens, 2}, DType::I32), test::randomTensor({nTokens, 2}, 9), Tensor()};
    for (int64_t t = 0; t < nTokens; ++t) {
        routing.experts.data<int32_t>()[2 * t] = int32_t(t % 3);
        routing.experts.data<int32_t>()[2 * t + 1] = t == 1 ? -1 : 4;
    }
    return routing;
}

std::vector<double> rowOf(const Tensor& weight, int64_t row)
{
    std::vector<float> values(size_t(weight.cols()));
    quant::unpackRow(weight.dtype(), weight.raw() + size_t(row) * weight.rowBytes(), values.data(), weight.cols());
    return {values.begin(), values.end()};
}

std::vector<double> product(const ops::ExpertMatrices& m, int e, const std::vector<double>& x)
{
    const Tensor& weight = m.weights[size_t(e)];
    std::vector<double> y;
    for (int64_t r = 0; r < weight.rows(); ++r) {
        const std::vector<double> w = rowOf(weight, r);
        double sum = 0;
        for (size_t c = 0; c < w.size(); ++c)
            sum += w[c] * x[c];
        y.push_back(sum * (m.scales ? double(m.scales.f32()[e]) : 1.0) +
                    (m.biases ? double(m.biases.f32()[e * weight.rows() + r]) : 0.0));
    }
    return y;
}

// residual + the definition, in double.
std::vector<double> exact(const Tensor& x, const ops::Routing& routing, const ops::ExpertWeights& w, const Tensor& residual)
{
    std::vector<double> out(residual.values().begin(), residual.values().end());
    const int64_t dim = x.cols();
    for (int64_t t = 0; t < x.rows(); ++t) {
        const std::vector<double> in(x.f32() + t * dim, x.f32() + (t + 1) * dim);
        for (int i = 0; i < routing.nUsed(); ++i) {
            const int e = routing.experts.data<int32_t>()[t * routing.nUsed() + i];
            if (e < 0)
                continue;
            std::vector<double> gate = product(w.gate, e, in);
            const std::vector<double> up = product(w.up, e, in);
            for (size_t j = 0; j < gate.size(); ++j)
                gate[j] = gate[j] / (1 + std::exp(-gate[j])) * up[j];
            const std::vector<double> down = product(w.down, e, gate);
            for (int64_t d = 0; d < dim; ++d)
                out[size_t(t * dim + d)] += double(routing.weights.f32()[t * routing.nUsed() + i]) * down[size_t(d)];
        }
    }
    return out;
}

double error(const Tensor& y, const std::vector<double>& expected)
{
    double difference = 0, total = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(double(y.f32()[i]) - expected[i], 2);
        total += expected[i] * expected[i];
    }
    return difference / total;
}

Tensor run(const ops::OpContext& context, const Tensor& x, const ops::Routing& routing, const ops::ExpertWeights& w,
           const Tensor& residual)
{
    Tensor y = test::copyOf(residual);
    ops::addExperts(context, ops::MatmulInput(x), routing, w, y);
    return y;
}

} // namespace

class TestMoeFfn : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinition_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("tokens");
        QTest::addColumn<int>("dim");
        QTest::addColumn<int>("ffn");
        QTest::newRow("one") << int(DType::F32) << 1 << 1 << 1;
        QTest::newRow("below a tile") << int(DType::F16) << 4 << 15 << 7;
        QTest::newRow("a tile") << int(DType::F16) << 3 << 16 << 16;
        QTest::newRow("above a tile") << int(DType::F32) << 5 << 17 << 33;
        QTest::newRow("Q8_0") << int(DType::Q8_0) << 20 << 64 << 96;
        QTest::newRow("Q4_0, below a tile") << int(DType::Q4_0) << 9 << 32 << 32;
        QTest::newRow("Q8_0, wide") << int(DType::Q8_0) << 70 << 288 << 544;
    }

    void agreesWithTheDefinition()
    {
        QFETCH(int, type);
        QFETCH(int, tokens);
        QFETCH(int, dim);
        QFETCH(int, ffn);
        ops::ExpertWeights w = randomExperts(DType(type), dim, ffn);
        const ops::Routing routing = someRouting(tokens);
        const Tensor x = test::randomTensor({tokens, dim}, 1), residual = test::randomTensor({tokens, dim}, 2, 0.1f);
        for (const bool hasBiases : {false, true}) {
            if (hasBiases) {
                w.gate.biases = test::randomTensor({kExperts, ffn}, 4);
                w.up.biases = test::randomTensor({kExperts, ffn}, 5);
                w.down.biases = test::randomTensor({kExperts, dim}, 6);
                w.down.scales = test::randomTensor({kExperts}, 7);
            }
            const std::vector<double> expected = exact(x, routing, w, residual);
            for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
                Tensor first;
                for (const cpu::Level level : test::levels()) {
                    for (const int nThreads : {1, 2, 3, 7}) {
                        cpu::ThreadPool pool(nThreads);
                        const Tensor y = run({pool, level, activations}, x, routing, w, residual);
                        if (!first) {
                            first = y;
                            QVERIFY2(error(y, expected) < (activations == ops::Activations::f32 ? 1e-10 : 3e-4),
                                     qPrintable(QString::number(error(y, expected))));
                        }
                        QVERIFY2(test::sameBits(y, first), cpu::levelName(level).data());
                    }
                }
            }
        }
    }

    void packedWeightsGiveTheSameBits()
    {
        ops::ExpertWeights w = randomExperts(DType::Q8_0, 64, 96);
        const ops::Routing routing = someRouting(30);
        const Tensor x = test::randomTensor({30, 64}, 1), residual = test::randomTensor({30, 64}, 2);
        cpu::ThreadPool pool(2);
        for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
            const ops::OpContext context{pool, cpu::level(), activations};
            const Tensor plain = run(context, x, routing, w, residual);
            ops::ExpertWeights packed = w;
            size_t bytes = 0;
            for (ops::ExpertMatrices* m : {&packed.gate, &packed.up, &packed.down})
                for (const Tensor& weight : m->weights)
                    bytes += ops::packedBytes(weight);
            QVERIFY(bytes > 0);
            ops::WeightArena arena(bytes);
            for (ops::ExpertMatrices* m : {&packed.gate, &packed.up, &packed.down})
                for (Tensor& weight : m->weights)
                    weight = arena.pack(context, weight);
            QVERIFY(packed.gate.weights[2].layout() == Layout::tiles);
            QVERIFY(test::sameBits(run(context, x, routing, packed, residual), plain));
        }
    }

    void aTokenKeepsItsBitsInAnyCompany()
    {
        const ops::ExpertWeights w = randomExperts(DType::Q8_0, 64, 96);
        const ops::Routing routing = someRouting(30);
        const Tensor x = test::randomTensor({30, 64}, 1), residual = test::randomTensor({30, 64}, 2);
        cpu::ThreadPool pool(3);
        for (const auto activations : {ops::Activations::f32, ops::Activations::fast}) {
            const ops::OpContext context{pool, cpu::level(), activations};
            const Tensor all = run(context, x, routing, w, residual);
            for (const int64_t t : {0, 1, 17, 29}) {
                const ops::Routing one{routing.experts.rowRange(t, 1), routing.weights.rowRange(t, 1), Tensor()};
                QVERIFY(test::sameBits(run(context, x.rowRange(t, 1), one, w, residual.rowRange(t, 1)), all.rowRange(t, 1)));
            }
        }
    }

    void groupsHoldEveryChoiceOnce()
    {
        const ops::ExpertGroups groups = ops::groupByExpert(someRouting(7), kExperts);
        QCOMPARE(groups.active, (std::vector<int32_t>{0, 1, 2, 4}));
        QCOMPARE(groups.rows.first, (std::vector<int64_t>{0, 3, 5, 7, 7, 13}));
        QCOMPARE(groups.tokens, (std::vector<int32_t>{0, 3, 6, 1, 4, 2, 5, 0, 2, 3, 4, 5, 6}));
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        ops::ExpertWeights w = randomExperts(DType::F32, 8, 4);
        const Tensor x = test::randomTensor({3, 8}, 1);
        const auto refused = [&](const ops::Routing& routing, const ops::ExpertWeights& experts) {
            try {
                run({pool}, x, routing, experts, x);
                return false;
            } catch (const std::invalid_argument&) {
                return true;
            }
        };
        QVERIFY(!refused(someRouting(3), w));
        QVERIFY(refused(someRouting(2), w));
        ops::Routing outside = someRouting(3);
        outside.experts.data<int32_t>()[2] = kExperts;
        QVERIFY(refused(outside, w));
        ops::ExpertWeights missing = w;
        missing.up.weights.pop_back();
        QVERIFY(refused(someRouting(3), missing));
        ops::ExpertWeights biased = w;
        biased.gate.biases = Tensor::zeros({kExperts, 5});
        QVERIFY(refused(someRouting(3), biased));
    }

    void thePiecesOfTrainingGiveTheSameBits()
    {
        cpu::ThreadPool pool(3);
        for (const auto activations : {ops::Activations::fast, ops::Activations::f32}) {
            const ops::OpContext context{pool, cpu::level(), activations};
            ops::ExpertWeights w = randomExperts(DType::Q8_0, 64, 96);
            w.gate.biases = test::randomTensor({kExperts, 96}, 7);
            w.down.scales = test::randomTensor({kExperts}, 8);
            const Tensor x = test::randomTensor({11, 64}, 1), residual = test::randomTensor({11, 64}, 2);
            const ops::Routing routing = someRouting(11);
            const ops::ExpertGroups groups = ops::groupByExpert(routing, kExperts);
            const Tensor rows = ops::embedRows(context, x, groups.tokens);
            const Tensor hidden = ops::gatedActivation(context, w.activation, ops::expertProducts(context, rows, groups, w.gate),
                                                       ops::expertProducts(context, rows, groups, w.up));
            Tensor y = test::copyOf(residual);
            ops::addToTokens(context, groups, ops::expertProducts(context, hidden, groups, w.down), groups.weights, y);
            QVERIFY(test::sameBits(y, run(context, x, routing, w, residual)));
        }
    }

    // A product is linear, so its gradient is the one map with (dy, product(x)) = (gradient(dy), x).
    void theGradientOfAProductIsItsTranspose()
    {
        for (const int nThreads : {1, 4}) {
            cpu::ThreadPool pool(nThreads);
            const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
            ops::ExpertMatrices m = randomMatrices(DType::Q8_0, 48, 64, 1);
            m.scales = test::randomTensor({kExperts}, 8);
            const ops::ExpertGroups groups = ops::groupByExpert(someRouting(11), kExperts);
            const int64_t nRows = groups.rows.nRows();
            const Tensor x = test::randomTensor({nRows, 64}, 2), dy = test::randomTensor({nRows, 48}, 3);
            const Tensor y = ops::expertProducts(context, x, groups, m), dx = ops::expertProductsGrad(context, dy, groups, m);
            for (int64_t row = 0; row < nRows; ++row) {
                double forward = 0, backward = 0;
                for (int64_t i = 0; i < 48; ++i)
                    forward += double(dy.f32()[row * 48 + i]) * double(y.f32()[row * 48 + i]);
                for (int64_t i = 0; i < 64; ++i)
                    backward += double(dx.f32()[row * 64 + i]) * double(x.f32()[row * 64 + i]);
                QVERIFY(std::abs(forward - backward) < 1e-4);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestMoeFfn)
#include "tst_moe_ffn.moc"
