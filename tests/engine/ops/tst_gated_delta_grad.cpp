// SPDX-License-Identifier: GPL-3.0-or-later
// What the recurrent layers of Qwen 3.5 are differentiated with: the delta rule, the convolution, the gates.
#include "engine/core/error.h"
#include "engine/ops/causal_conv/causal_conv_grad.h"
#include "engine/ops/gated_delta/delta_gates.h"
#include "engine/ops/gated_delta/gated_delta_grad.h"
#include "engine/ops/head_gates/head_gates.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>
#include <numeric>

using namespace sy;

namespace {

using Doubles = std::vector<double>;

struct Delta {
    ops::GatedDeltaConfig config;
    std::vector<int64_t> lengths;
    Tensor qkv, decay, beta, dy;

    Delta(int keyHeads, int valueHeads, int keyDim, int valueDim, std::vector<int64_t> texts)
        : config{keyHeads, valueHeads, keyDim, valueDim, 1e-6f}, lengths(std::move(texts))
    {
        const auto rows = std::accumulate(lengths.begin(), lengths.end(), int64_t(0));
        qkv = test::randomTensor({rows, 2 * keyHeads * keyDim + valueHeads * valueDim}, 1);
        decay = test::randomTensor({rows, valueHeads}, 2);
        beta = test::randomTensor({rows, valueHeads}, 3);
        dy = test::randomTensor({rows, valueHeads * valueDim}, 4);
        for (int64_t i = 0; i < decay.count(); ++i) {
            decay.f32()[i] = -0.3f * std::abs(decay.f32()[i]);
            beta.f32()[i] = 1 / (1 + std::exp(-beta.f32()[i]));
        }
    }

    // The definition in double.
    Doubles exact(const Doubles& x, const Doubles& g, const Doubles& b) const
    {
        const auto& c = config;
        const auto nK = size_t(c.keyDim), nV = size_t(c.valueDim), nHeads = size_t(c.nValueHeads);
        const auto width = size_t(qkv.cols());
        Doubles out(size_t(dy.count()));
        size_t t = 0;
        for (const int64_t length : lengths) {
            Doubles state(nHeads * nK * nV, 0.0);
            for (const size_t end = t + size_t(length); t < end; ++t) {
                for (size_t h = 0; h < nHeads; ++h) {
                    const size_t keyHead = h % size_t(c.nKeyHeads);
                    const auto normalized = [&](size_t at, double factor) {
                        double square = 0;
                        for (size_t i = 0; i < nK; ++i)
                            square += x[at + i] * x[at + i];
                        Doubles y;
                        for (size_t i = 0; i < nK; ++i)
                            y.push_back(x[at + i] / std::max(std::sqrt(square), double(c.epsilon)) * factor);
                        return y;
                    };
                    const Doubles q = normalized(t * width + keyHead * nK, 1 / std::sqrt(double(nK)));
                    const Doubles k = normalized(t * width + (size_t(c.nKeyHeads) + keyHead) * nK, 1);
                    const size_t v = t * width + 2 * size_t(c.nKeyHeads) * nK + h * nV;
                    for (size_t j = 0; j < nV; ++j) {
                        double remembered = 0, result = 0;
                        double* s = state.data() + h * nK * nV + j;
                        for (size_t i = 0; i < nK; ++i)
                            remembered += (s[i * nV] *= std::exp(g[t * nHeads + h])) * k[i];
                        for (size_t i = 0; i < nK; ++i)
                            result += (s[i * nV] += k[i] * b[t * nHeads + h] * (x[v + j] - remembered)) * q[i];
                        out[(t * nHeads + h) * nV + j] = result;
                    }
                }
            }
        }
        return out;
    }

    ops::GatedDeltaGrad grad(const ops::OpContext& context) const
    {
        return ops::packedGatedDeltaGrad(context, config, qkv, decay, beta, lengths, dy);
    }
};

} // namespace

class TestGatedDeltaGrad : public QObject {
    Q_OBJECT

private slots:
    void theDeltaRuleHasItsSlopes_data()
    {
        QTest::addColumn<int>("keyHeads");
        QTest::addColumn<int>("valueHeads");
        QTest::addColumn<int>("keyDim");
        QTest::addColumn<int>("valueDim");
        QTest::addColumn<QList<int>>("texts");
        QTest::newRow("one") << 1 << 1 << 1 << 1 << QList<int>{1};
        QTest::newRow("below a register, several texts") << 1 << 2 << 15 << 15 << QList<int>{3, 1, 4};
        QTest::newRow("a register") << 2 << 2 << 16 << 16 << QList<int>{5};
        QTest::newRow("above a register, shared keys") << 2 << 4 << 17 << 17 << QList<int>{4, 2};
        QTest::newRow("more columns than a forward job takes") << 1 << 1 << 3 << 65 << QList<int>{5};
        QTest::newRow("many chunks, the last one short") << 1 << 2 << 3 << 2 << QList<int>{23, 17, 26};
    }

    void theDeltaRuleHasItsSlopes()
    {
        QFETCH(int, keyHeads);
        QFETCH(int, valueHeads);
        QFETCH(int, keyDim);
        QFETCH(int, valueDim);
        QFETCH(QList<int>, texts);
        const Delta d(keyHeads, valueHeads, keyDim, valueDim, {texts.begin(), texts.end()});
        const Doubles x = test::doubles(d.qkv), g = test::doubles(d.decay), b = test::doubles(d.beta),
                      dy = test::doubles(d.dy);
        cpu::ThreadPool pool(2);
        const ops::GatedDeltaGrad grad = d.grad({pool});
        const double ofQkv = test::gradientError(
            grad.qkv, test::differences(x, dy, [&](const Doubles& changed) { return d.exact(changed, g, b); }));
        const double ofDecay = test::gradientError(
            grad.decay, test::differences(g, dy, [&](const Doubles& changed) { return d.exact(x, changed, b); }));
        const double ofBeta = test::gradientError(
            grad.beta, test::differences(b, dy, [&](const Doubles& changed) { return d.exact(x, g, changed); }));
        qInfo("qkv %.1e, decay %.1e, beta %.1e", ofQkv, ofDecay, ofBeta);
        QVERIFY(ofQkv < 1e-5 && ofDecay < 1e-5 && ofBeta < 1e-5);
        test::verifySameAnywhere([&](const ops::OpContext& context) {
            const ops::GatedDeltaGrad any = d.grad(context);
            return std::vector{any.qkv, any.decay, any.beta,
                               ops::packedGatedDelta(context, d.config, d.qkv, d.decay, d.beta, d.lengths)};
        });
    }

    // Two heads of three texts are six tasks; a thread takes two of them between two calls.
    void othersGetThePoolBetweenTheParts()
    {
        const Delta d(2, 4, 8, 20, {7, 12, 3});
        cpu::ThreadPool one(1), three(3);
        int nCalls = 0;
        const ops::GatedDeltaGrad parts =
            ops::packedGatedDeltaGrad({one}, d.config, d.qkv, d.decay, d.beta, d.lengths, d.dy, [&] { ++nCalls; });
        QCOMPARE(nCalls, 2);
        const ops::GatedDeltaGrad whole = d.grad({three});
        QVERIFY(test::sameBits(parts.qkv, whole.qkv) && test::sameBits(parts.decay, whole.decay) &&
                test::sameBits(parts.beta, whole.beta));
        QVERIFY_THROWS_EXCEPTION(Cancelled, ops::packedGatedDeltaGrad({one}, d.config, d.qkv, d.decay, d.beta, d.lengths,
                                                                      d.dy, [] { throw Cancelled(); }));
    }

    // A text packed behind others has the bits that it has alone.
    void textsDoNotHearOfEachOther()
    {
        const Delta all(2, 4, 8, 20, {7, 12, 3});
        cpu::ThreadPool pool(3);
        const ops::GatedDeltaGrad packed = all.grad({pool});
        const Tensor y = ops::packedGatedDelta({pool}, all.config, all.qkv, all.decay, all.beta, all.lengths);
        Delta one(2, 4, 8, 20, {12});
        const auto rows = [](const Tensor& t) { return test::copyOf(t.rowRange(7, 12)); };
        one.qkv = rows(all.qkv);
        one.decay = rows(all.decay);
        one.beta = rows(all.beta);
        one.dy = rows(all.dy);
        const ops::GatedDeltaGrad alone = one.grad({pool});
        QVERIFY(test::sameBits(rows(packed.qkv), alone.qkv));
        QVERIFY(test::sameBits(rows(packed.decay), alone.decay));
        QVERIFY(test::sameBits(rows(packed.beta), alone.beta));
        QVERIFY(test::sameBits(rows(y), ops::packedGatedDelta({pool}, one.config, one.qkv, one.decay, one.beta, one.lengths)));
    }

    void aHeadThatForgetsAllAndAKeyOfZerosAreNoTrouble()
    {
        Delta d(1, 1, 4, 4, {6});
        for (int64_t t = 0; t < 6; t += 2)
            d.decay.f32()[t] = -200;
        std::fill_n(d.qkv.rowRange(3, 1).f32(), 8, 0.0f);
        cpu::ThreadPool pool(1);
        const ops::GatedDeltaGrad grad = d.grad({pool});
        for (const Tensor* t : {&grad.qkv, &grad.decay, &grad.beta})
            for (const float value : t->values())
                QVERIFY(std::isfinite(value));
    }

    void theConvolutionHasItsSlopes_data()
    {
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("kernel");
        for (const int channels : {1, 15, 16, 17, 65})
            for (const int kernel : {1, 4})
                QTest::addRow("%d channels, kernel %d", channels, kernel) << channels << kernel;
    }

    void theConvolutionHasItsSlopes()
    {
        QFETCH(int, channels);
        QFETCH(int, kernel);
        const std::vector<int64_t> lengths = {2, 1, 6}; // shorter than the kernel, and longer
        const Tensor x = test::randomTensor({9, channels}, 1), weight = test::randomTensor({kernel, channels}, 2),
                     dy = test::randomTensor({9, channels}, 3);
        const auto nChannels = size_t(channels), nTaps = size_t(kernel);
        const auto exact = [&](const Doubles& in, const Doubles& w) {
            Doubles y(in.size());
            size_t begin = 0;
            for (const int64_t length : lengths) {
                for (size_t t = begin; t < begin + size_t(length); ++t)
                    for (size_t c = 0; c < nChannels; ++c) {
                        double s = 0;
                        for (size_t j = 0; j < nTaps; ++j)
                            if (t + j + 1 >= begin + nTaps)
                                s += w[j * nChannels + c] * in[(t + j + 1 - nTaps) * nChannels + c];
                        y[t * nChannels + c] = s / (1 + std::exp(-s));
                    }
                begin += size_t(length);
            }
            return y;
        };
        const Doubles in = test::doubles(x), w = test::doubles(weight), d = test::doubles(dy);
        cpu::ThreadPool pool(2);
        const Tensor y = ops::packedCausalConv({pool}, x, lengths, weight);
        QVERIFY(test::gradientError(y, exact(in, w)) < 1e-6);
        Tensor dWeight = Tensor::zeros(weight.shape());
        const Tensor dx = ops::packedCausalConvGrad({pool}, x, lengths, weight, dy, &dWeight);
        const double ofX =
            test::gradientError(dx, test::differences(in, d, [&](const Doubles& changed) { return exact(changed, w); }));
        const double ofWeight =
            test::gradientError(dWeight, test::differences(w, d, [&](const Doubles& changed) { return exact(in, changed); }));
        qInfo("x %.1e, weight %.1e", ofX, ofWeight);
        QVERIFY(ofX < 1e-5 && ofWeight < 1e-5);
        test::verifySameAnywhere([&](const ops::OpContext& context) {
            Tensor again = Tensor::zeros(weight.shape());
            const Tensor both = ops::packedCausalConvGrad(context, x, lengths, weight, dy, &again);
            return std::vector{both, again, ops::packedCausalConvGrad(context, x, lengths, weight, dy, nullptr)};
        });
    }

    void theGatesHaveTheirSlopes()
    {
        for (const int heads : {1, 15, 16, 17}) {
            const Tensor x = test::randomTensor({5, heads}, 1), alpha = test::randomTensor({5, heads}, 2, 4),
                         bias = test::randomTensor({heads}, 3), dBeta = test::randomTensor({5, heads}, 4),
                         dDecay = test::randomTensor({5, heads}, 5);
            Tensor rates = test::randomTensor({heads}, 6);
            for (int i = 0; i < heads; ++i)
                rates.f32()[i] = -std::abs(rates.f32()[i]);
            const auto n = size_t(heads);
            const auto exact = [&](const Doubles& in, const Doubles& a, const Doubles& b, const Doubles& r) {
                Doubles y;
                for (size_t i = 0; i < in.size(); ++i)
                    y.push_back(1 / (1 + std::exp(-in[i])));
                for (size_t i = 0; i < in.size(); ++i)
                    y.push_back(std::log(1 + std::exp(a[i] + b[i % n])) * r[i % n]);
                return y;
            };
            const Doubles in = test::doubles(x), a = test::doubles(alpha), b = test::doubles(bias), r = test::doubles(rates);
            Doubles d = test::doubles(dBeta);
            const Doubles rest = test::doubles(dDecay);
            d.insert(d.end(), rest.begin(), rest.end());
            cpu::ThreadPool pool(2);
            Tensor dBias = Tensor::zeros({heads}), dRates = Tensor::zeros({heads});
            const ops::DeltaGatesGrad grad = ops::deltaGatesGrad({pool}, x, alpha, bias, rates, dBeta, dDecay, &dBias, &dRates);
            const auto error = [&](const Tensor& g, const Doubles& at, const std::function<Doubles(const Doubles&)>& f) {
                return test::gradientError(g, test::differences(at, d, f));
            };
            QVERIFY(error(grad.x, in, [&](const Doubles& c) { return exact(c, a, b, r); }) < 1e-5);
            QVERIFY(error(grad.alpha, a, [&](const Doubles& c) { return exact(in, c, b, r); }) < 1e-5);
            QVERIFY(error(dBias, b, [&](const Doubles& c) { return exact(in, a, c, r); }) < 1e-5);
            QVERIFY(error(dRates, r, [&](const Doubles& c) { return exact(in, a, b, c); }) < 1e-5);
            const ops::DeltaGates gates = ops::deltaGates({pool}, x, alpha, bias, rates);
            const Doubles expected = exact(in, a, b, r);
            QVERIFY(test::gradientError(gates.beta, {expected.begin(), expected.begin() + x.count()}) < 1e-6);
            QVERIFY(test::gradientError(gates.decay, {expected.begin() + x.count(), expected.end()}) < 1e-6);
        }
    }

    void gatesAreSplitFromTheirHeadsAndJoined()
    {
        cpu::ThreadPool pool(2);
        for (const int64_t dim : {1, 15, 16, 17}) {
            const Tensor both = test::randomTensor({3, 2 * 2 * dim}, 1);
            const ops::HeadGates parts = ops::splitGates({pool}, both, 2);
            QCOMPARE(parts.queries.f32()[dim], both.f32()[2 * dim]); // the second head's queries
            QCOMPARE(parts.gates.f32()[0], both.f32()[dim]);
            QVERIFY(test::sameBits(ops::joinGates({pool}, parts, 2), both));
        }
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::splitGates({pool}, Tensor::zeros({1, 6}), 2));
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        Delta d(2, 4, 8, 8, {3});
        d.lengths = {2};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, d.grad({pool}));
        d.lengths = {3};
        d.config.nKeyHeads = 3;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, d.grad({pool}));
        const Tensor x = Tensor::zeros({4, 6});
        const std::vector<int64_t> four = {4}, five = {5};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::packedCausalConvGrad({pool}, x, five, Tensor::zeros({4, 6}), x, nullptr));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::packedCausalConvGrad({pool}, x, four, Tensor::zeros({4, 5}), x, nullptr));
        const Tensor heads = Tensor::zeros({2});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::deltaGates({pool}, x, x, heads, heads));
    }
};

QTEST_APPLESS_MAIN(TestGatedDeltaGrad)
#include "tst_gated_delta_grad.moc"
