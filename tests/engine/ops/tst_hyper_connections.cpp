// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/hyper_connections/hyper_connections.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

struct ExactMix {
    std::vector<double> in, out, across; // of one row
};

ExactMix exactMix(const float* z, const Tensor& base, const Tensor& scale, const ops::HyperConfig& c)
{
    const auto n = size_t(c.nStreams);
    const double epsilon = double(c.epsilon);
    const auto value = [&](size_t i, int part) { return double(z[i]) * double(scale.f32()[part]) + double(base.f32()[i]); };
    ExactMix mix;
    for (size_t i = 0; i < n; ++i) {
        mix.in.push_back(sigmoid(value(i, 0)) + epsilon);
        mix.out.push_back(2 * sigmoid(value(n + i, 1)));
    }
    std::vector<double>& a = mix.across;
    a.resize(n * n);
    for (size_t s = 0; s < n; ++s) {
        double total = 0;
        for (size_t d = 0; d < n; ++d)
            total += a[s * n + d] = std::exp(value(2 * n + s * n + d, 2));
        for (size_t d = 0; d < n; ++d)
            a[s * n + d] = a[s * n + d] / total + epsilon;
    }
    for (int half = 1; half < 2 * c.iterations; ++half) { // columns, rows, columns, ... columns
        for (size_t i = 0; i < n; ++i) {
            const auto at = [&](size_t j) -> double& { return half % 2 ? a[j * n + i] : a[i * n + j]; };
            double total = epsilon;
            for (size_t j = 0; j < n; ++j)
                total += at(j);
            for (size_t j = 0; j < n; ++j)
                at(j) /= total;
        }
    }
    return mix;
}

bool isClose(double a, double b, double limit)
{
    return std::abs(a - b) <= limit;
}

} // namespace

class TestHyperConnections : public QObject {
    Q_OBJECT

private slots:
    void aMixAgreesWithTheDefinition_data()
    {
        QTest::addColumn<int>("streams");
        QTest::addColumn<int>("iterations");
        for (const int streams : {1, 2, 3, 4, 8})
            for (const int iterations : {1, 2, 20})
                QTest::addRow("%d streams, %d iterations", streams, iterations) << streams << iterations;
    }

    void aMixAgreesWithTheDefinition()
    {
        QFETCH(int, streams);
        QFETCH(int, iterations);
        const int rows = 300, width = streams * (2 + streams);
        const ops::HyperConfig config{streams, iterations, 1e-3f};
        const Tensor products = test::randomTensor({rows, width}, 1), base = test::randomTensor({width}, 2),
                     scale = test::randomTensor({3}, 3);
        ops::HyperMix first;
        for (const int nThreads : {1, 2, 3, 7}) {
            cpu::ThreadPool pool(nThreads);
            const ops::HyperMix mix = ops::hyperMix({pool}, products, base, scale, config);
            if (first.in) {
                QVERIFY(test::sameBits(mix.in, first.in) && test::sameBits(mix.out, first.out) &&
                        test::sameBits(mix.across, first.across));
                continue;
            }
            first = mix;
            for (int t = 0; t < rows; ++t) {
                const ExactMix expected = exactMix(products.f32() + t * width, base, scale, config);
                for (int i = 0; i < streams; ++i) {
                    QVERIFY(isClose(double(mix.in.f32()[t * streams + i]), expected.in[size_t(i)], 1e-6));
                    QVERIFY(isClose(double(mix.out.f32()[t * streams + i]), expected.out[size_t(i)], 1e-6));
                }
                for (int i = 0; i < streams * streams; ++i)
                    QVERIFY(isClose(double(mix.across.f32()[t * streams * streams + i]), expected.across[size_t(i)], 1e-6));
            }
        }
    }

    void aBalancedMixKeepsTheSumOfTheStreams()
    {
        const ops::HyperConfig config{4, 20, 1e-6f};
        cpu::ThreadPool pool(1);
        const ops::HyperMix mix = ops::hyperMix({pool}, test::randomTensor({5, 24}, 1), test::randomTensor({24}, 2),
                                                test::randomTensor({3}, 3), config);
        for (int row = 0; row < 5; ++row) {
            for (int i = 0; i < 4; ++i) {
                double from = 0, to = 0;
                for (int j = 0; j < 4; ++j) {
                    from += double(mix.across.f32()[row * 16 + i * 4 + j]);
                    to += double(mix.across.f32()[row * 16 + j * 4 + i]);
                }
                QVERIFY(isClose(from, 1, 1e-3) && isClose(to, 1, 1e-3));
            }
        }
    }

    void aHeadsWeightsAreSigmoids()
    {
        cpu::ThreadPool pool(2);
        const Tensor products = test::randomTensor({7, 4}, 1), base = test::randomTensor({4}, 2),
                     scale = test::randomTensor({1}, 3);
        const Tensor weights = ops::hyperWeights({pool}, products, base, scale, 0.01f);
        for (int i = 0; i < 28; ++i)
            QVERIFY(isClose(double(weights.f32()[i]),
                            sigmoid(double(products.f32()[i]) * double(scale.f32()[0]) + double(base.f32()[i % 4])) +
                                double(0.01f),
                            1e-6));
    }

    void streamsAreReadAndWrittenAtEveryLevel_data()
    {
        QTest::addColumn<int>("streams");
        QTest::addColumn<int>("dim");
        for (const int streams : {1, 3, 4, 8})
            for (const int dim : {1, 15, 16, 17, 500})
                QTest::addRow("%d streams of %d", streams, dim) << streams << dim;
    }

    void streamsAreReadAndWrittenAtEveryLevel()
    {
        QFETCH(int, streams);
        QFETCH(int, dim);
        const int rows = 33;
        const Tensor before = test::randomTensor({rows, streams * dim}, 1), y = test::randomTensor({rows, dim}, 2);
        const ops::HyperMix mix{test::randomTensor({rows, streams}, 3), test::randomTensor({rows, streams}, 4),
                                test::randomTensor({rows, streams * streams}, 5)};
        Tensor firstRead, firstMixed;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const Tensor read = ops::gatherStreams({pool, level}, before, mix.in);
                Tensor mixed = test::copyOf(before);
                ops::mixStreams({pool, level}, mixed, y, mix);
                if (firstRead) {
                    QVERIFY(test::sameBits(read, firstRead) && test::sameBits(mixed, firstMixed));
                    continue;
                }
                firstRead = read;
                firstMixed = mixed;
                const auto old = [&](int t, int s, int i) { return double(before.f32()[(t * streams + s) * dim + i]); };
                for (int t = 0; t < rows; ++t) {
                    for (int i = 0; i < dim; ++i) {
                        double sum = 0;
                        for (int s = 0; s < streams; ++s)
                            sum += double(mix.in.f32()[t * streams + s]) * old(t, s, i);
                        QVERIFY(isClose(double(read.f32()[t * dim + i]), sum, 1e-5));
                        for (int d = 0; d < streams; ++d) {
                            double to = double(mix.out.f32()[t * streams + d]) * double(y.f32()[t * dim + i]);
                            for (int s = 0; s < streams; ++s)
                                to += double(mix.across.f32()[(t * streams + s) * streams + d]) * old(t, s, i);
                            QVERIFY(isClose(double(mixed.f32()[(t * streams + d) * dim + i]), to, 2e-5));
                        }
                    }
                }
            }
        }
    }

    void streamsBeginAlike()
    {
        cpu::ThreadPool pool(1);
        const Tensor x = test::randomTensor({2, 5}, 1);
        const Tensor streams = ops::toStreams({pool}, x, 3);
        QVERIFY(streams.shape() == (Shape{2, 15}));
        for (int i = 0; i < 30; ++i)
            QCOMPARE(streams.f32()[i], x.f32()[i / 15 * 5 + i % 5]);
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        const Tensor base = Tensor::zeros({24}), scale = Tensor::zeros({3});
        const auto mixOf = [&](int64_t width, const ops::HyperConfig& c) {
            ops::hyperMix({pool}, Tensor::zeros({2, width}), base, scale, c);
        };
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mixOf(23, {4, 2, 0}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mixOf(24, {4, 0, 0}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, mixOf(24, {9, 2, 0}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::hyperWeights({pool}, Tensor::zeros({2, 4}), base, scale, 0));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::gatherStreams({pool}, Tensor::zeros({2, 9}), Tensor::zeros({2, 4})));
        Tensor streams = Tensor::zeros({2, 8});
        const ops::HyperMix mix = ops::hyperMix({pool}, Tensor::zeros({2, 24}), base, scale, {4, 1, 0});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::mixStreams({pool}, streams, Tensor::zeros({2, 3}), mix));
    }
};

QTEST_APPLESS_MAIN(TestHyperConnections)
#include "tst_hyper_connections.moc"
