// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/cross_entropy/cross_entropy.h"
#include "gradient_test.h"
#include "op_test.h"
#include "quantized.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

constexpr int kRows = 7, kDim = 12, kVocabulary = 53;
const std::vector<int32_t> kLabels = {3, 0, 52, 7, 7, 20, 51};
const std::vector<float> kFactors = {1, 0.5f, -2, 0.1f, 1, 1, 3};

// Losses of all rows; sum(factors * losses) is what test::differences differentiates.
std::vector<double> definition(const std::vector<double>& h, const std::vector<double>& w, const std::vector<double>& b,
                               double cap)
{
    std::vector<double> losses;
    for (size_t i = 0; i < kRows; ++i) {
        std::vector<double> z(kVocabulary);
        double total = 0;
        for (size_t c = 0; c < kVocabulary; ++c) {
            z[c] = b[c];
            for (size_t d = 0; d < kDim; ++d)
                z[c] += h[i * kDim + d] * w[c * kDim + d];
            if (cap > 0)
                z[c] = cap * std::tanh(z[c] / cap);
            total += std::exp(z[c]);
        }
        losses.push_back(std::log(total) - z[size_t(kLabels[i])]);
    }
    return losses;
}

} // namespace

class TestCrossEntropy : public QObject {
    Q_OBJECT

private slots:
    void aKnownLossIsReproduced()
    {
        const float logits[] = {2, 1, 0}, one[] = {1};
        const std::vector<int32_t> label = {0};
        const std::vector<float> factor = {1};
        cpu::ThreadPool pool(1);
        Tensor dWeight = Tensor::zeros({3, 1});
        const auto grad = ops::crossEntropyGrad({pool}, Tensor::of(one, {1, 1}), {Tensor::of(logits, {3, 1}), {}, 0}, label,
                                                factor, 1, &dWeight);
        QVERIFY(std::abs(grad.losses[0] - 0.407605964f) < 1e-7f);
        const float expected[] = {-0.334759044f, 0.244728471f, 0.0900305732f};
        for (int i = 0; i < 3; ++i)
            QVERIFY(std::abs(dWeight.f32()[i] - expected[i]) < 2e-7f);
    }

    void gradientsAgreeWithDifferencesInChunksOfAnySize_data()
    {
        QTest::addColumn<float>("softCap");
        QTest::newRow("plain") << 0.0f;
        QTest::newRow("capped") << 3.0f;
    }

    void gradientsAgreeWithDifferencesInChunksOfAnySize()
    {
        QFETCH(float, softCap);
        const Tensor hidden = test::randomTensor({kRows, kDim}, 1);
        const ops::LossHead head{test::randomTensor({kVocabulary, kDim}, 2), test::randomTensor({kVocabulary}, 3), softCap};
        const auto h = test::doubles(hidden), w = test::doubles(head.weight), b = test::doubles(head.bias);
        const std::vector<double> factors(kFactors.begin(), kFactors.end());
        const double cap = double(softCap);
        cpu::ThreadPool one(1), three(3);
        Tensor dWeight = Tensor::zeros(head.weight.shape()), dBias = Tensor::zeros(head.bias.shape());
        const auto whole =
            ops::crossEntropyGrad({one, cpu::Level::scalar}, hidden, head, kLabels, kFactors, 100, &dWeight, &dBias);
        const auto losses = definition(h, w, b, cap);
        for (size_t i = 0; i < kRows; ++i)
            QVERIFY(std::abs(double(whole.losses[i]) - losses[i]) < 1e-6);
        const auto check = [&](const Tensor& gradient, const std::vector<double>& expected) {
            return test::gradientError(gradient, expected) < 3e-6;
        };
        QVERIFY(check(whole.hidden, test::differences(h, factors, [&](const auto& x) { return definition(x, w, b, cap); })));
        const auto expectedWeight = test::differences(w, factors, [&](const auto& x) { return definition(h, x, b, cap); });
        const auto expectedBias = test::differences(b, factors, [&](const auto& x) { return definition(h, w, x, cap); });
        QVERIFY(check(dWeight, expectedWeight) && check(dBias, expectedBias));
        for (const int64_t chunk : {1, 2, 3, 7}) {
            for (const cpu::Level level : test::levels()) {
                Tensor chunkedWeight = Tensor::zeros(head.weight.shape());
                const auto chunked =
                    ops::crossEntropyGrad({three, level}, hidden, head, kLabels, kFactors, chunk, &chunkedWeight);
                QVERIFY(test::sameBits(chunked.hidden, whole.hidden));
                QCOMPARE(chunked.losses, whole.losses);
                QCOMPARE(ops::crossEntropy({three, level}, hidden, head, kLabels, chunk), whole.losses);
                QVERIFY(check(chunkedWeight, expectedWeight));
            }
        }
    }

    void aQuantizedHeadGivesTheGradientOfItsDecodedValues()
    {
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        const Tensor hidden = test::randomTensor({kRows, 256}, 1);
        const Tensor weight = test::quantized(DType::Q6_K, test::randomTensor({kVocabulary, 256}, 2, 0.1f));
        Tensor decoded = Tensor::empty(weight.shape());
        for (int64_t r = 0; r < kVocabulary; ++r)
            quant::unpackRow(DType::Q6_K, weight.raw() + size_t(r) * weight.rowBytes(), decoded.f32() + r * 256, 256);
        const auto a = ops::crossEntropyGrad(context, hidden, {weight, {}, 0}, kLabels, kFactors, 4);
        const auto b = ops::crossEntropyGrad(context, hidden, {decoded, {}, 0}, kLabels, kFactors, 4);
        QVERIFY(test::sameBits(a.hidden, b.hidden));
    }

    void chunksAreAboutAsLargeAsTheHiddenRowsOrSmallAnyway()
    {
        QCOMPARE(ops::lossChunkRows(8192, 2048, 102400), 256);
        QCOMPARE(ops::lossChunkRows(8192, 7168, 129280), 512);
        QCOMPARE(ops::lossChunkRows(4096, 4096, 128256), 130); // 64 MiB
        QCOMPARE(ops::lossChunkRows(8192, 2048, 151936), 128);
        QCOMPARE(ops::lossChunkRows(0, 64, 1), 1);
        QCOMPARE(ops::lossChunkRows(254, 1536, 151936), 110);
        QCOMPARE(ops::lossChunkRows(50, 1536, 151936), 50);
    }

    void labelsOutsideTheVocabularyAreRefused()
    {
        cpu::ThreadPool pool(1);
        const ops::LossHead head{test::randomTensor({5, 4}, 2), {}, 0};
        for (const int32_t label : {-1, 5}) {
            const std::vector<int32_t> labels = {label};
            QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                     ops::crossEntropy({pool}, test::randomTensor({1, 4}, 1), head, labels, 1));
        }
    }
};

QTEST_APPLESS_MAIN(TestCrossEntropy)
#include "tst_cross_entropy.moc"
