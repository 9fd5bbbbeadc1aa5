// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/lora/lora.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

using namespace sy;

namespace {

std::vector<double> definition(size_t n, size_t in, size_t rank, size_t out, double scale, const std::vector<double>& x,
                               const std::vector<double>& a, const std::vector<double>& b)
{
    std::vector<double> y(n * out, 0.0);
    for (size_t t = 0; t < n; ++t) {
        for (size_t r = 0; r < rank; ++r) {
            double u = 0;
            for (size_t i = 0; i < in; ++i)
                u += x[t * in + i] * a[r * in + i];
            for (size_t o = 0; o < out; ++o)
                y[t * out + o] += scale * u * b[o * rank + r];
        }
    }
    return y;
}

} // namespace

class TestLora : public QObject {
    Q_OBJECT

private slots:
    void aKnownProductIsReproduced()
    {
        // W = [[1, 2], [3, -1]], s = 2, x = (1, -1): (-0.6, 3.8).
        const float a[] = {0.5f, -0.5f}, b[] = {0.2f, -0.1f}, x[] = {1, -1}, base[] = {-1, 4};
        cpu::ThreadPool pool(1);
        Tensor y = Tensor::of(base, {1, 2});
        ops::addLora({pool}, {Tensor::of(a, {1, 2}), Tensor::of(b, {2, 1}), 2}, Tensor::of(x, {1, 2}), y);
        QCOMPARE(y.f32()[0], -0.6f);
        QCOMPARE(y.f32()[1], 3.8f);
    }

    void gradientsAgreeWithDifferences()
    {
        constexpr int kTokens = 6, kIn = 19, kRank = 3, kOut = 23;
        const Tensor x = test::randomTensor({kTokens, kIn}, 1), dy = test::randomTensor({kTokens, kOut}, 4);
        const ops::LoraFactors lora{test::randomTensor({kRank, kIn}, 2), test::randomTensor({kOut, kRank}, 3), 0.7f};
        const auto xs = test::doubles(x), as = test::doubles(lora.a), bs = test::doubles(lora.b), dys = test::doubles(dy);
        const auto f = [&](const auto& v, const auto& a, const auto& b) {
            return definition(kTokens, kIn, kRank, kOut, double(lora.scale), v, a, b);
        };
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        Tensor y = Tensor::zeros({kTokens, kOut});
        const Tensor low = ops::addLora(context, lora, x, y);
        QVERIFY(test::gradientError(y, f(xs, as, bs)) < 1e-6);
        Tensor dA = Tensor::zeros(lora.a.shape()), dB = Tensor::zeros(lora.b.shape()), dx = Tensor::zeros(x.shape());
        ops::addLoraGrad(context, lora, x, low, dy, &dA, &dB, &dx);
        QVERIFY(test::gradientError(dx, test::differences(xs, dys, [&](const auto& v) { return f(v, as, bs); })) < 1e-6);
        QVERIFY(test::gradientError(dA, test::differences(as, dys, [&](const auto& a) { return f(xs, a, bs); })) < 1e-6);
        QVERIFY(test::gradientError(dB, test::differences(bs, dys, [&](const auto& b) { return f(xs, as, b); })) < 1e-6);
        const Tensor once = test::copyOf(dA);
        ops::addLoraGrad(context, lora, x, low, dy, &dA, nullptr, nullptr); // adds
        for (int64_t i = 0; i < dA.count(); ++i)
            QCOMPARE(dA.f32()[i], 2 * once.f32()[i]);
    }

    void packedFactorsGiveTheSameBits()
    {
        struct Shape {
            int64_t in, rank, out;
        };
        for (const Shape& shape : {Shape{1, 1, 1}, Shape{255, 7, 256}, Shape{600, 16, 830}, Shape{256, 300, 257}, Shape{64, 33, 512}}) {
            const auto& [in, rank, out] = shape;
            const ops::LoraFactors lora{test::randomTensor({rank, in}, 2), test::randomTensor({out, rank}, 3), 0.7f};
            for (const cpu::Level level : test::levels()) {
                for (const int64_t nTokens : {1, 2, 13, 40}) {
                    cpu::ThreadPool pool(nTokens == 13 ? 3 : 2);
                    const ops::OpContext context{pool, level};
                    const Tensor x = test::randomTensor({nTokens, in}, 1);
                    Tensor expected = test::randomTensor({nTokens, out}, 4), y = test::copyOf(expected);
                    ops::addLora(context, lora, x, expected);
                    const ops::PackedLora packed = ops::packed(context, lora.a, lora.b);
                    ops::addLora(context, packed, 0, lora.scale, x, y);
                    QVERIFY(test::sameBits(y, expected));
                    // Some of the rows: what they give is what they give among all.
                    for (const auto& [first, n] : {std::pair<int64_t, int64_t>{0, 100}, {256, 256}, {256, 300}, {512, 1}}) {
                        if (first + n > out)
                            continue;
                        Tensor part = Tensor::zeros({nTokens, n}), alone = Tensor::zeros({nTokens, n});
                        ops::addLora(context, packed, first, lora.scale, x, part);
                        ops::addLora(context, {lora.a, lora.b.rowRange(first, n), lora.scale}, x, alone);
                        QVERIFY(test::sameBits(part, alone));
                    }
                }
            }
        }
    }

    void wrongShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        Tensor y = Tensor::zeros({2, 4});
        const ops::LoraFactors lora{Tensor::zeros({2, 5}), Tensor::zeros({4, 3}), 1};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addLora({pool}, lora, Tensor::zeros({2, 5}), y));
        const ops::PackedLora packed = ops::packed({pool}, Tensor::zeros({3, 5}), Tensor::zeros({600, 3}));
        Tensor wide = Tensor::zeros({2, 300});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addLora({pool}, packed, 0, 1, Tensor::zeros({2, 4}), y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addLora({pool}, packed, 0, 1, Tensor::zeros({3, 5}), y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addLora({pool}, packed, 128, 1, Tensor::zeros({2, 5}), y));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addLora({pool}, packed, 512, 1, Tensor::zeros({2, 5}), wide));
    }
};

QTEST_APPLESS_MAIN(TestLora)
#include "tst_lora.moc"
