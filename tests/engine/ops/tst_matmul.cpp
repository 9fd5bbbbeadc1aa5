// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/quant/quant_table.h"

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

using namespace sy;

namespace {

constexpr DType kInt8Types[] = {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0,   DType::Q2_K,  DType::Q3_K,
                                DType::Q4_K, DType::Q5_K, DType::Q6_K, DType::IQ4_NL, DType::IQ4_XS, DType::MXFP4};
constexpr DType kFloatTypes[] = {DType::F32, DType::F16, DType::BF16, DType::IQ3_S, DType::IQ2_XS, DType::TQ2_0};

struct Weight {
    std::shared_ptr<std::vector<std::byte>> memory;
    Tensor tensor;
    std::vector<float> values;
};

// Random blocks whose half-precision scales are moderate, so that no block is inf or NaN.
Weight randomWeight(DType type, int64_t rows, int64_t cols, uint32_t seed)
{
    std::mt19937 random(seed);
    const quant::QuantType& q = *quant::find(type);
    const size_t rowBytes = size_t(quant::rowBytes(type, cols));
    Weight w;
    w.memory = std::make_shared<std::vector<std::byte>>(rowBytes * rows);
    w.values.resize(size_t(rows * cols));
    const size_t nBlocks = w.memory->size() / q.bytesPerBlock;
    for (size_t b = 0; b < nBlocks; ++b) {
        std::byte* p = w.memory->data() + b * q.bytesPerBlock;
        std::vector<float> decoded(q.valuesPerBlock);
        bool isModerate = false;
        while (!isModerate) {
            for (int i = 0; i < q.bytesPerBlock; ++i)
                p[i] = std::byte(random());
            q.unpack(p, decoded.data(), q.valuesPerBlock);
            isModerate = std::all_of(decoded.begin(), decoded.end(), [](float v) { return std::isfinite(v) && std::fabs(v) < 1e3f; });
        }
        std::copy(decoded.begin(), decoded.end(), w.values.begin() + b * q.valuesPerBlock);
    }
    w.tensor = Tensor::wrap(w.memory->data(), w.memory->size(), {rows, cols}, type, w.memory);
    return w;
}

Tensor randomInput(int64_t tokens, int64_t cols, uint32_t seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(size_t(tokens * cols));
    for (float& v : x)
        v = normal(random);
    x[0] = 400; // an outlier, as position 0 of real models has
    return Tensor::of(x, {tokens, cols});
}

double normalizedError(const Tensor& y, const Tensor& x, const Weight& w)
{
    double error = 0, size = 0;
    for (int64_t t = 0; t < x.rows(); ++t)
        for (int64_t r = 0; r < w.tensor.rows(); ++r) {
            double exact = 0;
            for (int64_t c = 0; c < x.cols(); ++c)
                exact += double(x.f32()[t * x.cols() + c]) * w.values[size_t(r * x.cols() + c)];
            error += std::pow(y.f32()[t * w.tensor.rows() + r] - exact, 2);
            size += exact * exact;
        }
    return error / size;
}

bool sameBits(const Tensor& a, const Tensor& b)
{
    return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

std::vector<cpu::Level> levels()
{
    std::vector<cpu::Level> all{cpu::Level::scalar};
    if (cpu::level() >= cpu::Level::avx2)
        all.push_back(cpu::Level::avx2);
    if (cpu::level() >= cpu::Level::avx512)
        all.push_back(cpu::Level::avx512);
    return all;
}

} // namespace

class TestMatmul : public QObject {
    Q_OBJECT
private slots:
    void everyTypeAgreesWithDoubleArithmetic_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<bool>("isExact");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        for (const bool isExact : {false, true})
            for (const auto& list : {std::span<const DType>(kInt8Types), std::span<const DType>(kFloatTypes)})
                for (const DType type : list) {
                    const int block = quant::find(type)->valuesPerBlock;
                    for (const int rows : {1, 15, 16, 17, 40})
                        QTest::addRow("%s %s %d rows", quant::typeName(type).data(), isExact ? "f32" : "fast", rows)
                            << int(type) << isExact << rows << (block == 256 ? 512 : 288);
                }
    }
    void everyTypeAgreesWithDoubleArithmetic()
    {
        QFETCH(int, type);
        QFETCH(bool, isExact);
        QFETCH(int, rows);
        QFETCH(int, cols);
        cpu::ThreadPool pool(2);
        const Weight w = randomWeight(DType(type), rows, cols, 1);
        const Tensor x = randomInput(5, cols, 2);
        for (const cpu::Level level : levels()) {
            const ops::OpContext context{pool, level, isExact ? ops::Activations::f32 : ops::Activations::fast};
            const Tensor y = ops::matmul(context, ops::MatmulInput(x), w.tensor);
            const double error = normalizedError(y, x, w);
            const bool isInt8 = !isExact && std::find(std::begin(kInt8Types), std::end(kInt8Types), DType(type)) != std::end(kInt8Types);
            QVERIFY2(error < (isInt8 ? 6e-4 : 1e-11), qPrintable(QString::number(error)));
        }
    }

    void everyLevelGivesTheSameBits_data()
    {
        QTest::addColumn<int>("type");
        for (const auto& list : {std::span<const DType>(kInt8Types), std::span<const DType>(kFloatTypes)})
            for (const DType type : list)
                QTest::newRow(quant::typeName(type).data()) << int(type);
    }
    void everyLevelGivesTheSameBits()
    {
        QFETCH(int, type);
        cpu::ThreadPool pool(1);
        const int64_t cols = quant::find(DType(type))->valuesPerBlock == 256 ? 768 : 352;
        const Weight w = randomWeight(DType(type), 33, cols, 3);
        for (const int tokens : {1, 2, 3, 4, 7, 13, 30}) {
            const Tensor x = randomInput(tokens, cols, uint32_t(tokens));
            const Tensor expected = ops::matmul({pool, cpu::Level::scalar}, ops::MatmulInput(x), w.tensor);
            for (const cpu::Level level : levels())
                QVERIFY2(sameBits(ops::matmul({pool, level}, ops::MatmulInput(x), w.tensor), expected),
                         cpu::levelName(level).data());
        }
    }

    // The largest codes against the largest activations of one sign: what overflows first where sums are kept in 16 bits.
    void theLargestProductsDoNotOverflow_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("firstByte"); // of the codes in a block
        QTest::addColumn<int>("endByte");
        QTest::addColumn<int>("value"); // of every byte of codes
        const struct {
            DType type;
            int first, end, value;
        } rows[] = {{DType::Q4_0, 2, 18, 0xFF}, {DType::Q4_1, 4, 20, 0xFF},  {DType::Q5_0, 2, 22, 0xFF},   {DType::Q5_1, 4, 24, 0xFF},
                    {DType::Q8_0, 2, 34, 0x80}, {DType::Q2_K, 16, 80, 0xFF}, {DType::Q3_K, 0, 96, 0xFF},   {DType::Q4_K, 16, 144, 0xFF},
                    {DType::Q5_K, 16, 176, 0xFF}, {DType::Q6_K, 0, 192, 0xFF}, {DType::IQ4_NL, 2, 18, 0x00}, {DType::IQ4_XS, 8, 136, 0x00},
                    {DType::MXFP4, 1, 17, 0x77}};
        for (const auto& row : rows)
            QTest::newRow(quant::typeName(row.type).data()) << int(row.type) << row.first << row.end << row.value;
    }
    void theLargestProductsDoNotOverflow()
    {
        QFETCH(int, type);
        QFETCH(int, firstByte);
        QFETCH(int, endByte);
        QFETCH(int, value);
        const Weight w = randomWeight(DType(type), 16, 256, 13);
        const size_t blockBytes = size_t(quant::find(DType(type))->bytesPerBlock);
        for (size_t i = 0; i < w.memory->size(); ++i)
            if (int(i % blockBytes) >= firstByte && int(i % blockBytes) < endByte)
                (*w.memory)[i] = std::byte(value);
        cpu::ThreadPool pool(1);
        for (const int tokens : {1, 2, 5})
            for (const float sign : {1.0f, -1.0f}) {
                const Tensor x = Tensor::of(std::vector<float>(size_t(tokens) * 256, sign), {tokens, 256});
                const Tensor expected = ops::matmul({pool, cpu::Level::scalar}, ops::MatmulInput(x), w.tensor);
                for (const cpu::Level level : levels())
                    QVERIFY2(sameBits(ops::matmul({pool, level}, ops::MatmulInput(x), w.tensor), expected),
                             cpu::levelName(level).data());
            }
    }

    void aTokenGivesTheSameBitsInEveryBatchAndThreadCount_data() { everyLevelGivesTheSameBits_data(); }
    void aTokenGivesTheSameBitsInEveryBatchAndThreadCount()
    {
        QFETCH(int, type);
        const int64_t cols = quant::find(DType(type))->valuesPerBlock == 256 ? 512 : 160;
        const Weight w = randomWeight(DType(type), 100, cols, 4);
        const Tensor x = randomInput(29, cols, 5);
        cpu::ThreadPool one(1);
        const Tensor all = ops::matmul({one}, ops::MatmulInput(x), w.tensor);
        for (const int nThreads : {2, 3, 7}) {
            cpu::ThreadPool pool(nThreads);
            QVERIFY(sameBits(ops::matmul({pool}, ops::MatmulInput(x), w.tensor), all));
            for (const int64_t first : {0, 11, 28})
                QVERIFY(sameBits(ops::matmul({pool}, ops::MatmulInput(x.rowRange(first, 1)), w.tensor), all.rowRange(first, 1)));
            QVERIFY(sameBits(ops::matmul({pool}, ops::MatmulInput(x.rowRange(3, 13)), w.tensor), all.rowRange(3, 13)));
        }
    }

    void packedWeightsGiveTheSameBitsAsRows_data() { everyLevelGivesTheSameBits_data(); }
    void packedWeightsGiveTheSameBitsAsRows()
    {
        QFETCH(int, type);
        const int64_t cols = quant::find(DType(type))->valuesPerBlock == 256 ? 512 : 160;
        cpu::ThreadPool pool(2);
        const Weight w = randomWeight(DType(type), 48, cols, 11);
        const Tensor x = randomInput(3, cols, 12);
        ops::WeightArena arena(ops::packedBytes(w.tensor));
        for (const ops::Activations activations : {ops::Activations::fast, ops::Activations::f32})
            for (const cpu::Level level : levels()) {
                const ops::OpContext context{pool, level, activations};
                if (ops::packedBytes(w.tensor) == 0)
                    continue;
                ops::WeightArena fresh(ops::packedBytes(w.tensor));
                const Tensor packed = fresh.pack(context, w.tensor);
                QCOMPARE(packed.layout(), Layout::tiles);
                const ops::MatmulInput input(x);
                QVERIFY(sameBits(ops::matmul(context, input, packed), ops::matmul(context, input, w.tensor)));
                QVERIFY(sameBits(ops::matmul(context, input, packed.rowRange(16, 32)), ops::matmul(context, input, w.tensor.rowRange(16, 32))));
            }
        QCOMPARE(arena.pack({pool}, w.tensor).layout(), ops::packedBytes(w.tensor) ? Layout::tiles : Layout::rows);
    }

    void biasResidualAndSwigluFollowTheirDefinitions()
    {
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        const Weight g = randomWeight(DType::Q4_K, 37, 256, 6), u = randomWeight(DType::Q6_K, 37, 256, 7);
        const Tensor x = randomInput(3, 256, 8);
        const ops::MatmulInput input(x);
        const Tensor bias = randomInput(1, 37, 9).reshaped({37});
        const Tensor gate = ops::matmul(context, input, g.tensor), up = ops::matmul(context, input, u.tensor);

        const Tensor biased = ops::matmul(context, input, g.tensor, bias);
        Tensor residual = Tensor::of(std::vector<float>(3 * 37, 2.0f), {3, 37});
        ops::matmulAdd(context, input, g.tensor, bias, residual);
        const Tensor hidden = ops::matmulSwiglu(context, input, g.tensor, u.tensor);
        for (int i = 0; i < 3 * 37; ++i) {
            QCOMPARE(biased.f32()[i], gate.f32()[i] + bias.f32()[i % 37]);
            QCOMPARE(residual.f32()[i], 2.0f + (gate.f32()[i] + bias.f32()[i % 37]));
            const double z = gate.f32()[i];
            const double expected = z / (1 + std::exp(-z)) * up.f32()[i];
            QVERIFY(std::fabs(hidden.f32()[i] - expected) <= 1e-5 * std::fabs(expected) + 1e-20);
        }
        const std::vector<Tensor> both = ops::matmulGroup(context, input, std::vector{g.tensor, u.tensor}, std::vector{bias, Tensor()});
        QVERIFY(sameBits(both[0], biased));
        QVERIFY(sameBits(both[1], up));
    }

    void shapesThatDoNotFitAreRefused()
    {
        cpu::ThreadPool pool(1);
        const ops::OpContext context{pool};
        const Weight w = randomWeight(DType::Q8_0, 16, 64, 10);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::matmul(context, ops::MatmulInput(randomInput(1, 32, 1)), w.tensor));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::matmul(context, ops::MatmulInput(randomInput(1, 64, 1)), w.tensor, Tensor::zeros({15})));
    }
};

QTEST_APPLESS_MAIN(TestMatmul)
#include "tst_matmul.moc"
