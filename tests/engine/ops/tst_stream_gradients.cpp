// SPDX-License-Identifier: GPL-3.0-or-later
// What DeepSeek V4 is differentiated with: hyper-connections and compressed keys.
#include "engine/ops/block_compressor/block_compressor_grad.h"
#include "engine/ops/hyper_connections/hyper_connections_grad.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>
#include <functional>

using namespace sy;

namespace {

using Doubles = std::vector<double>;

double errorOf(const Tensor& gradient, const Doubles& at, const Doubles& dy, const std::function<Doubles(const Doubles&)>& f)
{
    return test::gradientError(gradient, test::differences(at, dy, f));
}

Doubles joined(std::initializer_list<const Tensor*> parts)
{
    Doubles all;
    for (const Tensor* part : parts)
        all.insert(all.end(), part->values().begin(), part->values().end());
    return all;
}

// The mix of each row: in, then out, then across of all rows.
Doubles mixOf(const Doubles& products, const Tensor& base, const Tensor& scale, const ops::HyperConfig& c)
{
    const auto n = size_t(c.nStreams), width = n * (2 + n), nRows = products.size() / width;
    Doubles in, out, across;
    const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
    for (size_t t = 0; t < nRows; ++t) {
        const auto value = [&](size_t i, size_t part) {
            return products[t * width + i] * double(scale.f32()[part]) + double(base.f32()[i]);
        };
        for (size_t i = 0; i < n; ++i) {
            in.push_back(sigmoid(value(i, 0)) + double(c.epsilon));
            out.push_back(2 * sigmoid(value(n + i, 1)));
        }
        Doubles m(n * n);
        for (size_t s = 0; s < n; ++s) {
            double total = 0;
            for (size_t d = 0; d < n; ++d)
                total += m[s * n + d] = std::exp(value(2 * n + s * n + d, 2));
            for (size_t d = 0; d < n; ++d)
                m[s * n + d] = m[s * n + d] / total + double(c.epsilon);
        }
        const auto divide = [&](size_t line, size_t stride, size_t next) {
            double sum = double(c.epsilon);
            for (size_t i = 0; i < n; ++i)
                sum += m[line * next + i * stride];
            for (size_t i = 0; i < n; ++i)
                m[line * next + i * stride] /= sum;
        };
        for (int i = 0; i < c.iterations; ++i) {
            for (size_t s = 0; s < n && i > 0; ++s)
                divide(s, 1, n);
            for (size_t d = 0; d < n; ++d)
                divide(d, n, 1);
        }
        across.insert(across.end(), m.begin(), m.end());
    }
    in.insert(in.end(), out.begin(), out.end());
    in.insert(in.end(), across.begin(), across.end());
    return in;
}

// The rows of blocks, each channel by itself.
Doubles blocksOf(const ops::BlockCompressorConfig& c, const std::vector<int64_t>& lengths, const Doubles& values,
                 const Doubles& scores, const Tensor& bias)
{
    const auto width = size_t(c.width), input = size_t(c.inputWidth()), ratio = size_t(c.ratio);
    Doubles rows;
    size_t begin = 0;
    for (const int64_t length : lengths) {
        for (size_t block = 0; block < size_t(length) / ratio; ++block)
            for (size_t channel = 0; channel < width; ++channel) {
                double total = 0, sum = 0;
                const auto add = [&](size_t b, size_t at) {
                    for (size_t i = 0; i < ratio; ++i) {
                        const size_t place = (begin + b * ratio + i) * input + at;
                        const double weight = std::exp(scores[place] + double(bias.f32()[i * input + at]));
                        total += weight;
                        sum += weight * values[place];
                    }
                };
                if (c.overlaps && block > 0)
                    add(block - 1, channel);
                add(block, c.overlaps ? width + channel : channel);
                rows.push_back(sum / total);
            }
        begin += size_t(length);
    }
    return rows;
}

} // namespace

class TestStreamGradients : public QObject {
    Q_OBJECT

private slots:
    void theMixHasItsSlopes_data()
    {
        QTest::addColumn<int>("streams");
        QTest::addColumn<int>("iterations");
        for (const int streams : {1, 2, 4, 8})
            for (const int iterations : {1, 2, 20})
                QTest::addRow("%d streams, %d iterations", streams, iterations) << streams << iterations;
    }

    void theMixHasItsSlopes()
    {
        QFETCH(int, streams);
        QFETCH(int, iterations);
        const ops::HyperConfig c{streams, iterations, 1e-3f};
        const int64_t n = streams, width = n * (2 + n);
        const Tensor products = test::randomTensor({3, width}, 1), base = test::randomTensor({width}, 2),
                     scale = test::randomTensor({3}, 3);
        const ops::HyperMix d{test::randomTensor({3, n}, 4), test::randomTensor({3, n}, 5), test::randomTensor({3, n * n}, 6)};
        const Doubles z = test::doubles(products), dy = joined({&d.in, &d.out, &d.across});
        cpu::ThreadPool pool(2);
        const ops::HyperMix mix = ops::hyperMix({pool}, products, base, scale, c);
        const Doubles expected = mixOf(z, base, scale, c), made = joined({&mix.in, &mix.out, &mix.across});
        for (size_t i = 0; i < made.size(); ++i)
            QVERIFY(std::abs(made[i] - expected[i]) < 1e-6);
        const Tensor grad = ops::hyperMixGrad({pool}, products, base, scale, c, d);
        const double error = errorOf(grad, z, dy, [&](const Doubles& x) { return mixOf(x, base, scale, c); });
        QVERIFY2(error < 1e-6, qPrintable(QString::number(error)));
        test::verifySameAnywhere([&](const ops::OpContext& context) {
            return std::vector{ops::hyperMixGrad(context, products, base, scale, c, d)};
        });
    }

    void theHeadsWeightsHaveTheirSlopes()
    {
        const Tensor products = test::randomTensor({5, 4}, 1), base = test::randomTensor({4}, 2),
                     scale = test::randomTensor({1}, 3), dy = test::randomTensor({5, 4}, 4);
        cpu::ThreadPool pool(1);
        const Tensor grad = ops::hyperWeightsGrad({pool}, products, base, scale, dy);
        const double error = errorOf(grad, test::doubles(products), test::doubles(dy), [&](const Doubles& z) {
            Doubles y;
            for (size_t i = 0; i < z.size(); ++i)
                y.push_back(1 / (1 + std::exp(-z[i] * double(scale.f32()[0]) - double(base.f32()[i % 4]))) + 1e-3);
            return y;
        });
        QVERIFY(error < 1e-6);
    }

    void streamsHaveTheirSlopes_data()
    {
        QTest::addColumn<int>("dim");
        QTest::addColumn<int>("streams");
        for (const int dim : {1, 15, 16, 17, 40})
            for (const int streams : {1, 4})
                QTest::addRow("%d streams of %d", streams, dim) << dim << streams;
    }

    void streamsHaveTheirSlopes()
    {
        QFETCH(int, dim);
        QFETCH(int, streams);
        const int64_t n = streams, nDim = dim;
        const auto N = size_t(streams), D = size_t(dim);
        const Tensor before = test::randomTensor({3, n * nDim}, 1), weights = test::randomTensor({3, n}, 2),
                     y = test::randomTensor({3, nDim}, 3), dy = test::randomTensor({3, nDim}, 4),
                     d = test::randomTensor({3, n * nDim}, 5);
        const ops::HyperMix mix{{}, test::randomTensor({3, n}, 6), test::randomTensor({3, n * n}, 7)};
        cpu::ThreadPool pool(2);
        const auto gathered = [&](const Doubles& s, const Doubles& w) {
            Doubles result(3 * D, 0.0);
            for (size_t t = 0; t < 3; ++t)
                for (size_t i = 0; i < N; ++i)
                    for (size_t c = 0; c < D; ++c)
                        result[t * D + c] += w[t * N + i] * s[(t * N + i) * D + c];
            return result;
        };
        const Doubles s = test::doubles(before), w = test::doubles(weights), top = test::doubles(dy);
        const ops::GatherStreamsGrad gather = ops::gatherStreamsGrad({pool}, before, weights, dy);
        QVERIFY(errorOf(gather.streams, s, top, [&](const Doubles& x) { return gathered(x, w); }) < 1e-6);
        QVERIFY(errorOf(gather.weights, w, top, [&](const Doubles& x) { return gathered(s, x); }) < 1e-6);

        const auto mixed = [&](const Doubles& st, const Doubles& yy, const Doubles& out, const Doubles& across) {
            Doubles result(3 * N * D);
            for (size_t t = 0; t < 3; ++t)
                for (size_t to = 0; to < N; ++to)
                    for (size_t c = 0; c < D; ++c) {
                        double sum = out[t * N + to] * yy[t * D + c];
                        for (size_t from = 0; from < N; ++from)
                            sum += across[(t * N + from) * N + to] * st[(t * N + from) * D + c];
                        result[(t * N + to) * D + c] = sum;
                    }
            return result;
        };
        const Doubles v = test::doubles(y), out = test::doubles(mix.out), across = test::doubles(mix.across),
                      above = test::doubles(d);
        const ops::MixStreamsGrad grad = ops::mixStreamsGrad({pool}, before, y, mix, d);
        QVERIFY(errorOf(grad.streams, s, above, [&](const Doubles& x) { return mixed(x, v, out, across); }) < 1e-6);
        QVERIFY(errorOf(grad.y, v, above, [&](const Doubles& x) { return mixed(s, x, out, across); }) < 1e-6);
        QVERIFY(errorOf(grad.out, out, above, [&](const Doubles& x) { return mixed(s, v, x, across); }) < 1e-6);
        QVERIFY(errorOf(grad.across, across, above, [&](const Doubles& x) { return mixed(s, v, out, x); }) < 1e-6);
        test::verifySameAnywhere([&](const ops::OpContext& context) {
            const ops::GatherStreamsGrad a = ops::gatherStreamsGrad(context, before, weights, dy);
            const ops::MixStreamsGrad b = ops::mixStreamsGrad(context, before, y, mix, d);
            return std::vector{a.streams, a.weights, b.streams, b.y, b.out, b.across};
        });
    }

    void compressedKeysHaveTheirSlopes_data()
    {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("ratio");
        QTest::addColumn<bool>("overlaps");
        for (const int width : {1, 15, 16, 17, 65})
            for (const bool overlaps : {false, true})
                QTest::addRow("%d channels%s", width, overlaps ? ", overlapping" : "") << width << (overlaps ? 4 : 5) << overlaps;
    }

    void compressedKeysHaveTheirSlopes()
    {
        QFETCH(int, width);
        QFETCH(int, ratio);
        QFETCH(bool, overlaps);
        const ops::BlockCompressorConfig c{width, ratio, overlaps};
        const std::vector<int64_t> lengths = {14, 3, 10}; // unfinished blocks at the end, and nothing finished
        const int64_t input = c.inputWidth();
        const Tensor values = test::randomTensor({27, input}, 1), scores = test::randomTensor({27, input}, 2),
                     bias = test::randomTensor({ratio, input}, 3);
        const Tensor dy = test::randomTensor({ops::blocksOf(c, lengths), width}, 4);
        const Doubles v = test::doubles(values), s = test::doubles(scores), d = test::doubles(dy);
        cpu::ThreadPool pool(2);
        QVERIFY(test::gradientError(ops::packedBlocks({pool}, c, values, scores, bias, lengths),
                                    blocksOf(c, lengths, v, s, bias)) < 1e-6);
        const ops::BlockCompressorGrad grad = ops::packedBlocksGrad({pool}, c, values, scores, bias, lengths, dy);
        QVERIFY(errorOf(grad.values, v, d, [&](const Doubles& x) { return blocksOf(c, lengths, x, s, bias); }) < 2e-6);
        QVERIFY(errorOf(grad.scores, s, d, [&](const Doubles& x) { return blocksOf(c, lengths, v, x, bias); }) < 2e-6);
        test::verifySameAnywhere([&](const ops::OpContext& context) {
            const ops::BlockCompressorGrad any = ops::packedBlocksGrad(context, c, values, scores, bias, lengths, dy);
            return std::vector{any.values, any.scores};
        });
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        const Tensor four = Tensor::zeros({3, 4}), two = Tensor::zeros({3, 2});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::gatherStreamsGrad({pool}, four, two, four));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::mixStreamsGrad({pool}, four, two, {{}, two, four}, two));
        const std::vector<int64_t> lengths = {3};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::packedBlocksGrad({pool}, {4, 2, false}, four, four,
                                                                              Tensor::zeros({2, 4}), lengths, two));
    }
};

QTEST_APPLESS_MAIN(TestStreamGradients)
#include "tst_stream_gradients.moc"
