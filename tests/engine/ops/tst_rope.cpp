// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/rope/rope.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

class TestRope : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("layout");
        QTest::addColumn<int>("headDim");
        QTest::addColumn<int>("firstDim");
        QTest::addColumn<int>("nRotated");
        for (const auto layout : {ops::RopeLayout::adjacent, ops::RopeLayout::halves}) {
            const char* name = layout == ops::RopeLayout::adjacent ? "adjacent" : "halves";
            QTest::addRow("%s, whole head of 128", name) << int(layout) << 128 << 0 << 128;
            QTest::addRow("%s, head of 20", name) << int(layout) << 20 << 0 << 20;
            QTest::addRow("%s, first quarter", name) << int(layout) << 64 << 0 << 16;
            QTest::addRow("%s, trailing values", name) << int(layout) << 96 << 60 << 36;
            QTest::addRow("%s, one pair", name) << int(layout) << 4 << 2 << 2;
        }
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, layout);
        QFETCH(int, headDim);
        QFETCH(int, firstDim);
        QFETCH(int, nRotated);
        cpu::ThreadPool pool(2);
        ops::RopeConfig config{ops::RopeLayout(layout), headDim, firstDim, ops::ropeFrequencies(nRotated, 10000.0), 1.5f};
        const std::vector<int32_t> positions = {0, 1, 5, 700, 100000};
        const Tensor x = test::randomTensor({5, 3 * headDim}, 1);

        std::vector<Tensor> results;
        for (const cpu::Level level : test::levels()) {
            const ops::OpContext context{pool, level};
            Tensor y = test::copyOf(x);
            ops::rope(context, y, config, ops::ropeAngles(context, config, positions));
            results.push_back(y);
            QVERIFY(test::sameBits(y, results.front()));
        }
        const bool isAdjacent = config.layout == ops::RopeLayout::adjacent;
        for (int64_t t = 0; t < 5; ++t) {
            for (int64_t head = 0; head < 3; ++head) {
                const float* in = x.f32() + (t * 3 + head) * headDim;
                const float* out = results.front().f32() + (t * 3 + head) * headDim;
                for (int i = 0; i < headDim; ++i) {
                    if (i < firstDim || i >= firstDim + nRotated)
                        QCOMPARE(out[i], in[i]);
                }
                for (int pair = 0; pair < nRotated / 2; ++pair) {
                    const int a = firstDim + (isAdjacent ? 2 * pair : pair);
                    const int b = isAdjacent ? a + 1 : a + nRotated / 2;
                    const double angle = positions[size_t(t)] * std::pow(10000.0, -2.0 * pair / nRotated);
                    const double c = 1.5 * std::cos(angle), s = 1.5 * std::sin(angle);
                    QVERIFY(std::abs(out[a] - (in[a] * c - in[b] * s)) < 2e-6);
                    QVERIFY(std::abs(out[b] - (in[b] * c + in[a] * s)) < 2e-6);
                }
            }
        }
    }

    void scalingDividesFrequencies()
    {
        const std::vector<float> factors = {1.0f, 2.0f, 8.0f};
        const auto plain = ops::ropeFrequencies(6, 500000.0);
        const auto scaled = ops::ropeFrequencies(6, 500000.0, 4.0, factors);
        for (size_t i = 0; i < 3; ++i)
            QVERIFY(std::abs(scaled[i] * 4.0 * double(factors[i]) - plain[i]) < 1e-15);
    }

    void yarnKeepsFastPairsDividesSlowOnesAndMixesThoseBetween()
    {
        const int nRotated = 64;
        const double base = 10000, factor = 40, context = 4096;
        const std::vector<double> plain = ops::ropeFrequencies(nRotated, base);
        std::vector<double> scaled = plain;
        ops::scaleByYarn(scaled, base, {factor, context});
        int nKept = 0, nDivided = 0;
        for (size_t i = 0; i < plain.size(); ++i) {
            // Turns over the original context decide; the borders are rounded to whole pairs, outward.
            const double turns = context * plain[i] / (2 * M_PI);
            const double ratio = scaled[i] / plain[i];
            nKept += ratio == 1.0;
            nDivided += std::abs(ratio * factor - 1) < 1e-12;
            QVERIFY(ratio <= 1.0 && ratio >= 1 / factor - 1e-12);
            if (i > 0)
                QVERIFY(scaled[i] < scaled[i - 1]);
            if (turns > 32 * 1.4)
                QCOMPARE(ratio, 1.0);
            if (turns < 1 / 1.4)
                QVERIFY(std::abs(ratio * factor - 1) < 1e-12);
        }
        QCOMPARE(nKept, 11);    // pairs 0 ... 10: corr(32) is 10.47
        QCOMPARE(nDivided, 9);  // pairs 23 ...: corr(1) is 22.5
        // In the middle of the ramp, by hand: low 10, high 23.
        QVERIFY(std::abs(scaled[15] / plain[15] - ((1 - 8.0 / 13) / factor + 8.0 / 13)) < 1e-12);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::scaleByYarn(scaled, base, {0.0, context}));
    }

    void aTokenKeepsItsBitsInAnyBatch()
    {
        cpu::ThreadPool one(1), three(3);
        const ops::RopeConfig config{ops::RopeLayout::halves, 128, 0, ops::ropeFrequencies(128, 1e6)};
        std::vector<int32_t> positions(400);
        for (size_t i = 0; i < positions.size(); ++i)
            positions[i] = int32_t(i * 7);
        Tensor all = test::randomTensor({400, 256}, 2);
        Tensor some = test::copyOf(all.rowRange(250, 3));
        ops::rope({three}, all, config, ops::ropeAngles({three}, config, positions));
        ops::rope({one}, some, config, ops::ropeAngles({one}, config, std::span(positions).subspan(250, 3)));
        QVERIFY(test::sameBits(some, all.rowRange(250, 3)));
    }

    void wrongShapesAreRefused()
    {
        cpu::ThreadPool pool(1);
        const ops::RopeConfig config{ops::RopeLayout::halves, 16, 8, ops::ropeFrequencies(16, 1e4)};
        const std::vector<int32_t> positions = {0};
        Tensor x = test::randomTensor({1, 32}, 2);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::rope({pool}, x, config, ops::ropeAngles({pool}, config, positions)));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::ropeFrequencies(7, 1e4));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::ropeFrequencies(8, 1e4, 1.0, std::vector<float>(3, 1.0f)));
    }

    // Rotation is linear, so its gradient is the one map with (dy, rope(x)) = (gradient(dy), x) for every x and dy.
    void theGradientIsTheTransposedRotation()
    {
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        const std::vector<int32_t> positions = {0, 1, 77, 4000};
        for (const auto layout : {ops::RopeLayout::adjacent, ops::RopeLayout::halves}) {
            auto frequencies = ops::ropeFrequencies(24, 1e4);
            ops::scaleByYarn(frequencies, 1e4, {.factor = 4, .originalContextLength = 1024});
            const ops::RopeConfig config{layout, 40, 16, frequencies, 1.3f};
            const ops::RopeAngles angles = ops::ropeAngles(context, config, positions);
            const Tensor x = test::randomTensor({4, 120}, 1), dy = test::randomTensor({4, 120}, 2);
            Tensor y = test::copyOf(x), dx = test::copyOf(dy);
            ops::rope(context, y, config, angles);
            ops::rope(context, dx, config, ops::gradientAngles(context, angles));
            double forward = 0, backward = 0, rotatedShare = 0;
            for (int64_t i = 0; i < x.count(); ++i) {
                forward += double(dy.f32()[i]) * double(y.f32()[i]);
                backward += double(dx.f32()[i]) * double(x.f32()[i]);
                rotatedShare += std::abs(double(dx.f32()[i]) - double(y.f32()[i]));
            }
            QVERIFY(std::abs(forward - backward) < 1e-5 * rotatedShare);
        }
    }
};

QTEST_APPLESS_MAIN(TestRope)
#include "tst_rope.moc"
