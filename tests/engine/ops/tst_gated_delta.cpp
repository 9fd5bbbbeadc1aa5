// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/causal_conv/causal_conv.h"
#include "engine/ops/gated_delta/gated_delta.h"
#include "op_test.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace sy;

namespace {

struct Inputs {
    ops::GatedDeltaConfig config;
    Tensor qkv, decay, beta, state;
};

Inputs someInputs(int keyHeads, int valueHeads, int keyDim, int valueDim, int rows)
{
    Inputs in{{keyHeads, valueHeads, keyDim, valueDim, 1e-6f},
              test::randomTensor({rows, 2 * keyHeads * keyDim + valueHeads * valueDim}, 1),
              test::randomTensor({rows, valueHeads}, 2),
              test::randomTensor({rows, valueHeads}, 3),
              test::randomTensor({valueHeads, keyDim, valueDim}, 4)};
    for (int64_t i = 0; i < in.decay.count(); ++i) {
        in.decay.f32()[i] = -std::abs(in.decay.f32()[i]);
        in.beta.f32()[i] = 1 / (1 + std::exp(-in.beta.f32()[i]));
    }
    return in;
}

// The definition in double: output, then the last state.
std::pair<std::vector<double>, std::vector<double>> exact(const Inputs& in)
{
    const auto& c = in.config;
    const int64_t rows = in.qkv.rows();
    std::vector<double> out(size_t(rows) * size_t(c.nValueHeads * c.valueDim)),
        state(in.state.values().begin(), in.state.values().end());
    for (int64_t t = 0; t < rows; ++t) {
        const float* row = in.qkv.f32() + t * in.qkv.cols();
        for (int h = 0; h < c.nValueHeads; ++h) {
            const auto normalized = [&](const float* x, double factor) {
                double sum = 0;
                for (int i = 0; i < c.keyDim; ++i)
                    sum += double(x[i]) * double(x[i]);
                std::vector<double> y;
                for (int i = 0; i < c.keyDim; ++i)
                    y.push_back(double(x[i]) / std::max(std::sqrt(sum), double(c.epsilon)) * factor);
                return y;
            };
            const int keyHead = h % c.nKeyHeads;
            const auto q = normalized(row + keyHead * c.keyDim, 1 / std::sqrt(double(c.keyDim)));
            const auto k = normalized(row + (c.nKeyHeads + keyHead) * c.keyDim, 1);
            const float* v = row + 2 * c.nKeyHeads * c.keyDim + h * c.valueDim;
            const double decay = std::exp(double(in.decay.f32()[t * c.nValueHeads + h])),
                         beta = double(in.beta.f32()[t * c.nValueHeads + h]);
            double* s = state.data() + size_t(h) * size_t(c.keyDim * c.valueDim);
            for (int j = 0; j < c.valueDim; ++j) {
                double remembered = 0, result = 0;
                for (int i = 0; i < c.keyDim; ++i)
                    remembered += (s[i * c.valueDim + j] *= decay) * k[size_t(i)];
                for (int i = 0; i < c.keyDim; ++i)
                    result += (s[i * c.valueDim + j] += k[size_t(i)] * beta * (double(v[j]) - remembered)) * q[size_t(i)];
                out[size_t((t * c.nValueHeads + h) * c.valueDim + j)] = result;
            }
        }
    }
    return {out, state};
}

} // namespace

class TestGatedDelta : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("keyHeads");
        QTest::addColumn<int>("valueHeads");
        QTest::addColumn<int>("keyDim");
        QTest::addColumn<int>("valueDim");
        QTest::addColumn<int>("rows");
        QTest::newRow("one") << 1 << 1 << 1 << 1 << 1;
        QTest::newRow("below a register") << 1 << 2 << 15 << 15 << 6;
        QTest::newRow("a register") << 2 << 2 << 16 << 16 << 5;
        QTest::newRow("above a register") << 2 << 4 << 17 << 17 << 7;
        QTest::newRow("two jobs a head") << 2 << 6 << 33 << 97 << 9;
        QTest::newRow("real heads") << 2 << 4 << 128 << 128 << 70;
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, keyHeads);
        QFETCH(int, valueHeads);
        QFETCH(int, keyDim);
        QFETCH(int, valueDim);
        QFETCH(int, rows);
        const Inputs in = someInputs(keyHeads, valueHeads, keyDim, valueDim, rows);
        const auto [expected, expectedState] = exact(in);
        Tensor first, firstState;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                Tensor out = Tensor::zeros({rows, valueHeads * valueDim}), next = Tensor::zeros(in.state.shape());
                ops::gatedDelta({pool, level}, in.config, in.qkv, in.decay, in.beta, 0, rows, in.state.f32(), next.f32(),
                                out);
                if (!first) {
                    first = out;
                    firstState = next;
                    for (size_t i = 0; i < expected.size(); ++i)
                        QVERIFY(std::abs(double(out.f32()[i]) - expected[i]) < 2e-5);
                    for (size_t i = 0; i < expectedState.size(); ++i)
                        QVERIFY(std::abs(double(next.f32()[i]) - expectedState[i]) < 2e-5);
                }
                QVERIFY(test::sameBits(out, first));
                QVERIFY(test::sameBits(next, firstState));
            }
        }
    }

    void theSameBitsHoweverASequenceIsCut()
    {
        const Inputs in = someInputs(2, 4, 32, 48, 40);
        cpu::ThreadPool pool(2);
        Tensor whole = Tensor::zeros({40, 4 * 48}), pieces = Tensor::zeros({40, 4 * 48});
        Tensor last = Tensor::zeros(in.state.shape()), running = test::copyOf(in.state);
        ops::gatedDelta({pool}, in.config, in.qkv, in.decay, in.beta, 0, 40, in.state.f32(), last.f32(), whole);
        for (const auto& [from, n] : {std::pair<int64_t, int64_t>{0, 1}, {1, 2}, {3, 30}, {33, 7}})
            ops::gatedDelta({pool}, in.config, in.qkv, in.decay, in.beta, from, n, running.f32(), running.f32(), pieces);
        QVERIFY(test::sameBits(whole, pieces));
        QVERIFY(test::sameBits(last, running));
    }

    void aConvolutionLooksBackAndRemembers_data()
    {
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("kernel");
        for (const int channels : {1, 15, 16, 17, 768})
            for (const int kernel : {1, 4})
                QTest::addRow("%d channels, kernel %d", channels, kernel) << channels << kernel;
    }

    void aConvolutionLooksBackAndRemembers()
    {
        QFETCH(int, channels);
        QFETCH(int, kernel);
        const int rows = 90;
        const Tensor x = test::randomTensor({rows, channels}, 1), weight = test::randomTensor({kernel, channels}, 2);
        const Tensor history = test::randomTensor({std::max(1, kernel - 1), channels}, 3);
        Tensor first;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                Tensor whole = Tensor::zeros(x.shape()), pieces = Tensor::zeros(x.shape());
                Tensor next = Tensor::zeros(history.shape()), a = test::copyOf(history), b = Tensor::zeros(history.shape());
                ops::causalConv({pool, level}, x, 0, rows, weight, history.f32(), next.f32(), whole);
                for (const auto& [from, n] : {std::pair<int64_t, int64_t>{0, 1}, {1, 1}, {2, 5}, {7, 83}}) {
                    ops::causalConv({pool, level}, x, from, n, weight, a.f32(), b.f32(), pieces);
                    std::swap(a, b);
                }
                QVERIFY(test::sameBits(whole, pieces));
                if (kernel > 1)
                    QVERIFY(test::sameBits(next, a));
                if (first) {
                    QVERIFY(test::sameBits(whole, first));
                    continue;
                }
                first = whole;
                for (int t = 0; t < rows; ++t)
                    for (int c = 0; c < channels; ++c) {
                        double sum = 0;
                        for (int j = 0; j < kernel; ++j) {
                            const int at = t - kernel + 1 + j;
                            sum += double(weight.f32()[j * channels + c]) *
                                   double(at < 0 ? history.f32()[(at + kernel - 1) * channels + c]
                                                 : x.f32()[at * channels + c]);
                        }
                        QVERIFY(std::abs(double(whole.f32()[t * channels + c]) - sum / (1 + std::exp(-sum))) < 1e-5);
                    }
            }
        }
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        Inputs in = someInputs(2, 4, 8, 8, 3);
        Tensor out = Tensor::zeros({3, 32}), narrow = Tensor::zeros({3, 31});
        const auto run = [&](const ops::GatedDeltaConfig& config, Tensor& to, int64_t first, int64_t n) {
            ops::gatedDelta({pool}, config, in.qkv, in.decay, in.beta, first, n, in.state.f32(), in.state.f32(), to);
        };
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(in.config, narrow, 0, 3));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(in.config, out, 1, 3));
        ops::GatedDeltaConfig uneven = in.config;
        uneven.nKeyHeads = 3;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(uneven, out, 0, 3));
        const Tensor x = Tensor::zeros({4, 6});
        Tensor y = Tensor::zeros({4, 6});
        std::vector<float> memory(64);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::causalConv({pool}, x, 0, 4, Tensor::zeros({4, 5}),
                                                                        memory.data(), memory.data() + 32, y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::causalConv({pool}, x, 0, 4, Tensor::zeros({40, 6}),
                                                                        memory.data(), memory.data() + 32, y));
    }
};

QTEST_APPLESS_MAIN(TestGatedDelta)
#include "tst_gated_delta.moc"
