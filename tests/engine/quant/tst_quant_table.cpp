// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/quant_table.h"
#include "tests/fixtures.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>

using namespace sy;

class TestQuantTable : public QObject {
    Q_OBJECT

private slots:
    void everyFormatDecodesBitForBit_data();
    void everyFormatDecodesBitForBit();
    void aRowDecodesAnywhereInMemory();
    void namesAndIdsAreUnique();
    void aRowThatIsNoWholeNumberOfBlocksIsRefused();
    void unknownTypesAreNotFound();
    void packingIsOffByAtMostHalfAStep_data();
    void packingIsOffByAtMostHalfAStep();
    void packingSurvivesAwkwardRows();
};

void TestQuantTable::everyFormatDecodesBitForBit_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("id");
    QTest::addColumn<int>("valuesPerBlock");
    QTest::addColumn<int>("bytesPerBlock");
    std::istringstream manifest(test::readFile(test::fixturePath("quants/MANIFEST.tsv")));
    std::string line;
    std::getline(manifest, line);
    while (std::getline(manifest, line)) {
        std::istringstream fields(line);
        std::string name;
        int id = 0, values = 0, bytes = 0;
        fields >> name >> id >> values >> bytes;
        QTest::newRow(name.c_str()) << QString::fromStdString(name) << id << values << bytes;
    }
    if (manifest.str().empty())
        QTest::newRow("absent") << QString() << 0 << 0 << 0;
}

void TestQuantTable::everyFormatDecodesBitForBit()
{
    QFETCH(QString, name);
    QFETCH(int, id);
    QFETCH(int, valuesPerBlock);
    QFETCH(int, bytesPerBlock);
    if (name.isEmpty())
        QSKIP("fixtures/quants is not there");

    const quant::QuantType* type = quant::find(DType(id));
    QVERIFY(type);
    QCOMPARE(QByteArray(type->name.data(), qsizetype(type->name.size())), name.toUtf8());
    QCOMPARE(type->valuesPerBlock, valuesPerBlock);
    QCOMPARE(type->bytesPerBlock, bytesPerBlock);

    const std::string blocks = test::readFile(test::fixturePath("quants/" + name.toStdString() + ".bin"));
    const std::vector<float> expected = test::readFloats(test::fixturePath("quants/" + name.toStdString() + ".f32"));
    QVERIFY(!expected.empty());
    QCOMPARE(int64_t(blocks.size()), quant::rowBytes(type->dtype, int64_t(expected.size())));
    std::vector<float> got(expected.size(), -1.0f);
    type->unpack(blocks.data(), got.data(), int64_t(got.size()));
    for (size_t i = 0; i < got.size(); ++i) {
        uint32_t gotBits = 0, expectedBits = 0;
        std::memcpy(&gotBits, &got[i], 4);
        std::memcpy(&expectedBits, &expected[i], 4);
        if (gotBits != expectedBits)
            QFAIL(qPrintable(QString("value %1 is %2 (%3), expected %4 (%5)")
                                 .arg(i)
                                 .arg(double(got[i]))
                                 .arg(gotBits, 8, 16)
                                 .arg(double(expected[i]))
                                 .arg(expectedBits, 8, 16)));
    }
}

void TestQuantTable::aRowDecodesAnywhereInMemory()
{
    // Blocks lie at odd addresses as soon as a type's block has an odd size: no decoder may assume alignment.
    for (const quant::QuantType& type : quant::quantTypes()) {
        std::vector<uint8_t> bytes(size_t(type.bytesPerBlock) * 3 + 1);
        for (size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = uint8_t(i * 37 + 11);
        std::vector<float> odd(size_t(type.valuesPerBlock) * 3), even(odd.size());
        type.unpack(bytes.data() + 1, odd.data(), int64_t(odd.size()));
        std::memmove(bytes.data(), bytes.data() + 1, bytes.size() - 1);
        type.unpack(bytes.data(), even.data(), int64_t(even.size()));
        QVERIFY2(std::memcmp(odd.data(), even.data(), odd.size() * sizeof(float)) == 0, std::string(type.name).c_str());
    }
}

void TestQuantTable::namesAndIdsAreUnique()
{
    std::set<std::string_view> names;
    int previousId = -1;
    for (const quant::QuantType& type : quant::quantTypes()) {
        QVERIFY(names.insert(type.name).second);
        QVERIFY(int(type.dtype) > previousId);
        previousId = int(type.dtype);
        QCOMPARE(quant::find(type.name), &type);
        QCOMPARE(quant::find(type.dtype), &type);
        QCOMPARE(quant::typeName(type.dtype), type.name);
    }
}

void TestQuantTable::aRowThatIsNoWholeNumberOfBlocksIsRefused()
{
    QCOMPARE(quant::rowBytes(DType::Q4_K, 512), int64_t(288));
    QCOMPARE(quant::rowBytes(DType::F32, 3), int64_t(12));
    QCOMPARE(quant::rowBytes(DType::Q4_0, 0), int64_t(0));
    QVERIFY_EXCEPTION_THROWN(quant::rowBytes(DType::Q4_K, 384), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(quant::rowBytes(DType::Q4_0, -32), std::invalid_argument);
    float out[32];
    QVERIFY_EXCEPTION_THROWN(quant::unpackRow(DType::Q4_0, out, out, 31), std::invalid_argument);
}

void TestQuantTable::unknownTypesAreNotFound()
{
    for (const int id : {-1, 4, 5, 9, 15, 31, 36, 43, 137, 100000})
        QVERIFY(!quant::find(DType(id)));
    QVERIFY(!quant::find("q4_k"));
    QVERIFY_EXCEPTION_THROWN(quant::rowBytes(DType(4), 32), std::invalid_argument);
}

void TestQuantTable::packingIsOffByAtMostHalfAStep_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<double>("relativeRms"); // of Gaussian values: reference/quantization.md section 14
    QTest::newRow("F32") << "F32" << 0.0;
    QTest::newRow("F16") << "F16" << 2.1e-4;
    QTest::newRow("BF16") << "BF16" << 1.7e-3;
    QTest::newRow("Q8_0") << "Q8_0" << 0.00537;
    QTest::newRow("Q4_0") << "Q4_0" << 0.0861;
}

void TestQuantTable::packingIsOffByAtMostHalfAStep()
{
    QFETCH(QString, name);
    QFETCH(double, relativeRms);
    const quant::QuantType* type = quant::find(name.toStdString());
    QVERIFY(type && type->pack);
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> values(1 << 16), back(values.size());
    for (float& v : values)
        v = normal(random);
    std::vector<uint8_t> blocks(size_t(quant::rowBytes(type->dtype, int64_t(values.size()))) + 1);
    type->pack(values.data(), blocks.data() + 1, int64_t(values.size()));
    type->unpack(blocks.data() + 1, back.data(), int64_t(values.size()));
    double error = 0, power = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        error += double(back[i] - values[i]) * double(back[i] - values[i]);
        power += double(values[i]) * double(values[i]);
    }
    const double rms = std::sqrt(error / power);
    QVERIFY2(rms >= relativeRms * 0.9 && rms <= relativeRms * 1.02, std::to_string(rms).c_str());

    // What a type can hold it keeps: packing what was unpacked changes nothing more.
    std::vector<float> again(values.size());
    type->pack(back.data(), blocks.data(), int64_t(values.size()));
    type->unpack(blocks.data(), again.data(), int64_t(values.size()));
    for (size_t i = 0; i < values.size(); ++i)
        QVERIFY(std::fabs(again[i] - back[i]) <= std::fabs(back[i]) * 0.002f);
}

void TestQuantTable::packingSurvivesAwkwardRows()
{
    const float big = 3.4e38f, tiny = 1e-42f, infinity = std::numeric_limits<float>::infinity();
    for (const float value : {0.0f, -0.0f, 1.0f, -1.0f, tiny, -tiny, big, -big, infinity, std::nanf("")}) {
        constexpr int kValues = 256; // a whole block of any type
        std::vector<float> values(kValues, value), back(kValues);
        values[5] = value / 2;
        std::vector<uint8_t> blocks(kValues * 4);
        for (const quant::QuantType& type : quant::quantTypes()) {
            if (!type.pack)
                continue;
            type.pack(values.data(), blocks.data(), kValues);
            type.unpack(blocks.data(), back.data(), kValues);
            if (value == 0)
                QVERIFY(std::ranges::all_of(back, [](float f) { return f == 0; }));
            // Scales of 6 bits and 16 levels over a range of 1: a step of a fifteenth, and a little for the scales.
            const float tolerance = type.valuesPerBlock == 256 ? 0.04f : 5e-3f;
            if (std::fabs(value) == 1)
                QVERIFY2(std::fabs(back[0] - value) < tolerance && std::fabs(back[5] - value / 2) < tolerance,
                         (std::string(type.name) + " " + std::to_string(back[0]) + " " + std::to_string(back[5])).c_str());
        }
    }
}

QTEST_APPLESS_MAIN(TestQuantTable)
#include "tst_quant_table.moc"
