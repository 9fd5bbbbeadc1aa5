// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/half.h"
#include "engine/quant/half_bulk.h"

#include <QTest>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace sy;
using namespace sy::quant;

namespace {

uint32_t bitsOf(float f)
{
    return std::bit_cast<uint32_t>(f);
}

// IEEE 754 by arithmetic: the definition of the definition.
double halfValue(uint16_t h)
{
    const int exponent = h >> 10 & 31;
    const int mantissa = h & 1023;
    const double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
    return h & 0x8000 ? -magnitude : magnitude;
}

bool isHalfNanOrInfinity(uint16_t h)
{
    return (h & 0x7C00) == 0x7C00;
}

// Floats around every boundary that a 16-bit type has, plus random bit patterns.
std::vector<float> awkwardFloats()
{
    std::vector<float> out{0.0f, -0.0f, INFINITY, -INFINITY, NAN, -NAN, std::bit_cast<float>(0x7F800001u),
                           std::bit_cast<float>(0xFFBFFFFFu), std::bit_cast<float>(0x7FFFFFFFu), 65504.0f, 65519.99f, 65520.0f, 1e-45f, 3e38f,
                           std::bit_cast<float>(0x7F7FFFFFu), std::bit_cast<float>(0x7F7F8000u), std::bit_cast<float>(0x7F7F7FFFu)};
    for (uint32_t h = 0; h < 65536; h += 7) {
        if (isHalfNanOrInfinity(uint16_t(h)))
            continue;
        const auto exact = float(halfValue(uint16_t(h)));
        const uint32_t bits = bitsOf(exact);
        for (const uint32_t delta : {0u, 1u, 0x0FFFu, 0x1000u, 0x1001u, 0x1FFFu}) // around the midpoint to the next half
            out.push_back(std::bit_cast<float>(bits + delta));
    }
    std::mt19937 random(1);
    for (int i = 0; i < 100000; ++i)
        out.push_back(std::bit_cast<float>(uint32_t(random())));
    return out;
}

} // namespace

class TestHalf : public QObject {
    Q_OBJECT

private slots:
    void everyHalfHasItsExactValue();
    void everyHalfSurvivesTheWayToFloatAndBack();
    void floatsRoundToTheNearestHalfTiesToEven();
    void bfloat16RoundsToNearestEvenAndKeepsNan();
    void everyLevelEqualsTheScalarDefinition_data();
    void everyLevelEqualsTheScalarDefinition();
};

void TestHalf::everyHalfHasItsExactValue()
{
    for (uint32_t h = 0; h < 65536; ++h) {
        const float got = halfToFloat(uint16_t(h));
        if (!isHalfNanOrInfinity(uint16_t(h)))
            QVERIFY(double(got) == halfValue(uint16_t(h)) && std::signbit(got) == bool(h & 0x8000));
        else if (h & 0x3FF)
            QVERIFY(std::isnan(got));
        else
            QVERIFY(std::isinf(got) && std::signbit(got) == bool(h & 0x8000));
    }
}

void TestHalf::everyHalfSurvivesTheWayToFloatAndBack()
{
    for (uint32_t h = 0; h < 65536; ++h) {
        const bool isNan = (h & 0x7FFF) > 0x7C00;
        QCOMPARE(floatToHalf(halfToFloat(uint16_t(h))), uint16_t(isNan ? h | 0x200 : h)); // a NaN comes back quiet
    }
}

void TestHalf::floatsRoundToTheNearestHalfTiesToEven()
{
    for (const float f : awkwardFloats()) {
        const uint16_t h = floatToHalf(f);
        if (std::isnan(f)) {
            QVERIFY((h & 0x7FFF) > 0x7C00);
            continue;
        }
        QCOMPARE(bool(h & 0x8000), std::signbit(f));
        const double value = std::fabs(double(f));
        const uint16_t magnitude = h & 0x7FFF;
        if (magnitude == 0x7C00) {
            QVERIFY(value >= 65520);
            continue;
        }
        QVERIFY(magnitude < 0x7C00);
        const double error = std::fabs(halfValue(magnitude) - value);
        // Neither neighbour is nearer, and on a tie the even one was taken. Past the largest half the next would be 65536.
        const double above = magnitude == 0x7BFF ? 65536 : halfValue(uint16_t(magnitude + 1));
        const double errorAbove = std::fabs(above - value);
        QVERIFY(error < errorAbove || (error == errorAbove && magnitude % 2 == 0));
        if (magnitude > 0) {
            const double errorBelow = std::fabs(halfValue(uint16_t(magnitude - 1)) - value);
            QVERIFY(error < errorBelow || (error == errorBelow && magnitude % 2 == 0));
        }
    }
}

void TestHalf::bfloat16RoundsToNearestEvenAndKeepsNan()
{
    QCOMPARE(floatToBf16(1.0f), uint16_t(0x3F80));
    QCOMPARE(floatToBf16(std::bit_cast<float>(0x3F808000u)), uint16_t(0x3F80)); // tie, even below
    QCOMPARE(floatToBf16(std::bit_cast<float>(0x3F818000u)), uint16_t(0x3F82)); // tie, even above
    QCOMPARE(floatToBf16(std::bit_cast<float>(0x3F808001u)), uint16_t(0x3F81));
    QCOMPARE(floatToBf16(std::bit_cast<float>(0x7F7FFFFFu)), uint16_t(0x7F80)); // the largest float rounds to infinity
    QCOMPARE(floatToBf16(std::bit_cast<float>(0x00008001u)), uint16_t(0x0001)); // subnormals stay
    QVERIFY(std::isnan(bf16ToFloat(floatToBf16(std::bit_cast<float>(0x7F800001u))))); // not truncated to infinity
    for (uint32_t b = 0; b < 65536; ++b)
        if ((b & 0x7FFF) <= 0x7F80)
            QCOMPARE(floatToBf16(bf16ToFloat(uint16_t(b))), uint16_t(b));
}

void TestHalf::everyLevelEqualsTheScalarDefinition_data()
{
    QTest::addColumn<int>("level");
    for (const cpu::Level level : {cpu::Level::scalar, cpu::Level::avx2, cpu::Level::avx512})
        QTest::newRow(std::string(cpu::levelName(level)).c_str()) << int(level);
}

void TestHalf::everyLevelEqualsTheScalarDefinition()
{
    QFETCH(int, level);
    if (cpu::Level(level) > cpu::level())
        QSKIP("this processor, or SWITCHYARD_CPU_ISA, does not offer the level");
    const HalfKernels& kernels = halfKernels(cpu::Level(level));

    std::vector<uint16_t> halves(65536);
    for (size_t i = 0; i < halves.size(); ++i)
        halves[i] = uint16_t(i);
    std::vector<float> wide(halves.size());
    kernels.halfToFloat(halves.data(), wide.data(), int64_t(wide.size()));
    for (size_t i = 0; i < wide.size(); ++i)
        QCOMPARE(bitsOf(wide[i]), bitsOf(halfToFloat(halves[i])));
    kernels.bf16ToFloat(halves.data(), wide.data(), int64_t(wide.size()));
    for (size_t i = 0; i < wide.size(); ++i)
        QCOMPARE(bitsOf(wide[i]), uint32_t(i) << 16);

    const std::vector<float> floats = awkwardFloats();
    std::vector<uint16_t> narrow(floats.size());
    kernels.floatToHalf(floats.data(), narrow.data(), int64_t(floats.size()));
    for (size_t i = 0; i < floats.size(); ++i)
        QCOMPARE(narrow[i], floatToHalf(floats[i]));
    kernels.floatToBf16(floats.data(), narrow.data(), int64_t(floats.size()));
    for (size_t i = 0; i < floats.size(); ++i)
        QCOMPARE(narrow[i], floatToBf16(floats[i]));

    // Every short length, with a sentinel behind it.
    for (int64_t n = 0; n <= 35; ++n) {
        std::vector<float> w(size_t(n) + 1, -7.0f);
        kernels.halfToFloat(halves.data() + 15000, w.data(), n);
        QCOMPARE(w[size_t(n)], -7.0f);
        kernels.bf16ToFloat(halves.data() + 15000, w.data(), n);
        QCOMPARE(w[size_t(n)], -7.0f);
        std::vector<uint16_t> h(size_t(n) + 1, 4711);
        kernels.floatToHalf(floats.data() + 100, h.data(), n);
        for (int64_t i = 0; i < n; ++i)
            QCOMPARE(h[size_t(i)], floatToHalf(floats[size_t(100 + i)]));
        kernels.floatToBf16(floats.data() + 100, h.data(), n);
        for (int64_t i = 0; i < n; ++i)
            QCOMPARE(h[size_t(i)], floatToBf16(floats[size_t(100 + i)]));
        QCOMPARE(h[size_t(n)], uint16_t(4711));
    }
}

QTEST_APPLESS_MAIN(TestHalf)
#include "tst_half.moc"
