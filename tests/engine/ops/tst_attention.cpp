// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/attention/attention.h"
#include "engine/quant/quant_table.h"

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

using namespace sy;

namespace {

// Keys and values of one sequence in pages of 32, and the same as plain doubles.
struct Cache {
    int nKvHeads, dim, valueDim;
    DType dtype;
    std::vector<std::vector<std::byte>> keyPages, valuePages;
    std::vector<const std::byte*> keys, values;
    std::vector<float> k, v; // (tokens, heads, dim)

    Cache(int nTokens, int nKvHeads_, int dim_, int valueDim_, DType dtype_, uint32_t seed)
        : nKvHeads(nKvHeads_), dim(dim_), valueDim(valueDim_), dtype(dtype_)
    {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        const int nPages = (nTokens + 31) / 32;
        // Memory past the last token is NaN: nothing may read it.
        keyPages.assign(nPages, std::vector<std::byte>(32 * nKvHeads * ops::kvRowBytes(dtype, dim), std::byte(0xFF)));
        valuePages.assign(nPages, std::vector<std::byte>(32 * nKvHeads * ops::kvRowBytes(dtype, valueDim), std::byte(0xFF)));
        const auto put = [&](std::vector<std::byte>& page, int index, float& value) {
            if (dtype == DType::F16) {
                // A short mantissa is exact in half precision.
                value = std::round(value * 64) / 64;
                const uint32_t bits = std::bit_cast<uint32_t>(value);
                const uint16_t h = value == 0 ? 0 : uint16_t((bits >> 16 & 0x8000) | (((bits >> 23 & 255) - 112) << 10) | (bits >> 13 & 1023));
                std::memcpy(page.data() + index * 2, &h, 2);
            } else {
                std::memcpy(page.data() + index * 4, &value, 4);
            }
        };
        // A row in codes: what they stand for is what the definition gets.
        const auto putRow = [&](std::vector<std::byte>& page, int row, int size, std::vector<float>& values) {
            std::vector<float> padded(size_t(size + 31) / 32 * 32, 0.0f);
            for (int d = 0; d < size; ++d)
                padded[size_t(d)] = normal(random);
            if (dtype == DType::Q8_0) {
                const quant::QuantType* type = quant::find(DType::Q8_0);
                std::byte* to = page.data() + size_t(row) * ops::kvRowBytes(dtype, size);
                type->pack(padded.data(), to, int64_t(padded.size()));
                type->unpack(to, padded.data(), int64_t(padded.size()));
            } else {
                for (int d = 0; d < size; ++d)
                    put(page, row * size + d, padded[size_t(d)]);
            }
            values.insert(values.end(), padded.begin(), padded.begin() + size);
        };
        for (int t = 0; t < nTokens; ++t)
            for (int h = 0; h < nKvHeads; ++h) {
                putRow(keyPages[t / 32], h * 32 + t % 32, dim, k);
                putRow(valuePages[t / 32], h * 32 + t % 32, valueDim, v);
            }
        for (int p = 0; p < nPages; ++p) {
            keys.push_back(keyPages[p].data());
            values.push_back(valuePages[p].data());
        }
    }
    ops::KvPages pages() const { return {keys, values, dtype, 32}; }
};

Tensor random(int64_t rows, int64_t cols, uint32_t seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(size_t(rows * cols));
    for (float& v : x)
        v = normal(engine);
    return Tensor::of(x, {rows, cols});
}

std::vector<double> exact(const float* q, const std::vector<float>& k, const std::vector<float>& v, int64_t first, int64_t end,
                          int head, const ops::AttentionConfig& c)
{
    const int kvHead = head / (c.nHeads / c.nKvHeads);
    std::vector<double> weights, out(c.valueDim, 0.0);
    double total = 0, largest = -1e300;
    for (int64_t t = first; t < end; ++t) {
        double s = 0;
        for (int d = 0; d < c.headDim; ++d)
            s += double(q[head * c.headDim + d]) * k[size_t((t * c.nKvHeads + kvHead) * c.headDim + d)];
        weights.push_back(s * c.scale);
        largest = std::max(largest, weights.back());
    }
    for (double& w : weights)
        total += w = std::exp(w - largest);
    for (int64_t t = first; t < end; ++t)
        for (int d = 0; d < c.valueDim; ++d)
            out[d] += weights[size_t(t - first)] / total * v[size_t((t * c.nKvHeads + kvHead) * c.valueDim + d)];
    return out;
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

bool sameBits(const Tensor& a, const Tensor& b)
{
    return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

} // namespace

class TestAttention : public QObject {
    Q_OBJECT
private slots:
    void causalAttentionAgreesWithDoubleArithmetic_data()
    {
        QTest::addColumn<int>("heads");
        QTest::addColumn<int>("kvHeads");
        QTest::addColumn<int>("dim");
        QTest::addColumn<int>("valueDim");
        QTest::addColumn<int>("before");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("window");
        QTest::addColumn<QString>("type");
        QTest::newRow("one key") << 2 << 1 << 8 << 8 << 0 << 1 << 0 << "F32";
        QTest::newRow("prompt") << 4 << 2 << 16 << 16 << 0 << 40 << 0 << "F32";
        QTest::newRow("starter heads") << 12 << 2 << 128 << 128 << 70 << 9 << 0 << "F16";
        QTest::newRow("odd sizes") << 3 << 3 << 24 << 40 << 31 << 3 << 0 << "F16";
        QTest::newRow("window") << 4 << 1 << 32 << 32 << 50 << 20 << 8 << "F32";
        QTest::newRow("window over pages") << 4 << 1 << 32 << 32 << 150 << 20 << 40 << "F16";
        QTest::newRow("long decode, split keys") << 4 << 2 << 64 << 64 << 2500 << 1 << 0 << "F16";
        QTest::newRow("wide latent") << 2 << 1 << 576 << 512 << 40 << 2 << 0 << "F32";
        QTest::newRow("more heads on a key than a block has") << 128 << 1 << 16 << 16 << 60 << 3 << 0 << "F32";
        QTest::newRow("odd number of heads on a key, decode") << 7 << 1 << 16 << 16 << 1500 << 1 << 0 << "F16";
        QTest::newRow("window far from the beginning, split keys") << 4 << 2 << 16 << 16 << 3500 << 1 << 1200 << "F16";
        QTest::newRow("window far from the beginning, prefill") << 4 << 2 << 16 << 16 << 2100 << 9 << 40 << "F32";
        QTest::newRow("starter heads, 8 bits") << 12 << 2 << 128 << 128 << 70 << 9 << 0 << "Q8_0";
        QTest::newRow("odd sizes, 8 bits") << 3 << 3 << 24 << 40 << 31 << 3 << 0 << "Q8_0";
        QTest::newRow("sizes of no whole register, 8 bits") << 2 << 1 << 33 << 7 << 40 << 5 << 0 << "Q8_0";
        QTest::newRow("wide latent, 8 bits") << 2 << 1 << 576 << 512 << 40 << 2 << 0 << "Q8_0";
        QTest::newRow("long decode, split keys, 8 bits") << 4 << 2 << 64 << 64 << 2500 << 1 << 0 << "Q8_0";
    }
    void causalAttentionAgreesWithDoubleArithmetic()
    {
        QFETCH(int, heads);
        QFETCH(int, kvHeads);
        QFETCH(int, dim);
        QFETCH(int, valueDim);
        QFETCH(int, before);
        QFETCH(int, rows);
        QFETCH(int, window);
        QFETCH(QString, type);
        const Cache cache(before + rows, kvHeads, dim, valueDim, quant::find(type.toStdString())->dtype, 1);
        const Tensor q = random(rows, heads * dim, 2);
        const ops::AttentionConfig config{heads, kvHeads, dim, valueDim, 1 / std::sqrt(float(dim)), window};
        const ops::AttentionSequence sequence{0, rows, before, cache.pages()};
        cpu::ThreadPool pool(3);
        Tensor first;
        for (const cpu::Level level : levels()) {
            const Tensor out = ops::attention({pool, level}, q, {&sequence, 1}, config);
            for (int r = 0; r < rows; ++r)
                for (int h = 0; h < heads; ++h) {
                    const int64_t position = before + r;
                    const int64_t begin = window ? std::max<int64_t>(0, position - window + 1) : 0;
                    const auto expected = exact(q.f32() + r * q.cols(), cache.k, cache.v, begin, position + 1, h, config);
                    for (int d = 0; d < valueDim; ++d)
                        QVERIFY(std::fabs(out.f32()[(r * heads + h) * valueDim + d] - expected[d]) < 2e-5);
                }
            if (first)
                QVERIFY2(sameBits(out, first), cpu::levelName(level).data());
            else
                first = out;
        }
    }

    void sinksJoinTheSoftmaxAndBringNoValue_data()
    {
        QTest::addColumn<int>("before");
        QTest::addColumn<int>("rows");
        QTest::newRow("one key") << 0 << 1;
        QTest::newRow("prompt") << 0 << 40;
        QTest::newRow("decode, split keys") << 2500 << 1;
    }
    void sinksJoinTheSoftmaxAndBringNoValue()
    {
        QFETCH(int, before);
        QFETCH(int, rows);
        const int heads = 4, dim = 16;
        const Cache cache(before + rows, 2, dim, dim, DType::F32, 1);
        const Tensor q = random(rows, heads * dim, 2);
        const float sinks[heads] = {-200.0f, 0.5f, 3.0f, 200.0f};
        ops::AttentionConfig config{heads, 2, dim, dim, 0.25f};
        const ops::AttentionSequence sequence{0, rows, before, cache.pages()};
        Tensor first;
        for (const cpu::Level level : levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                config.sinks = nullptr;
                const Tensor plain = ops::attention({pool, level}, q, {&sequence, 1}, config);
                config.sinks = sinks;
                const Tensor out = ops::attention({pool, level}, q, {&sequence, 1}, config);
                for (int r = 0; r < rows; ++r)
                    for (int h = 0; h < heads; ++h) {
                        double keys = 0;
                        for (int t = 0; t <= before + r; ++t) {
                            double s = 0;
                            for (int d = 0; d < dim; ++d)
                                s += double(q.f32()[(r * heads + h) * dim + d]) * cache.k[size_t((t * 2 + h / 2) * dim + d)];
                            keys += std::exp(s * 0.25);
                        }
                        const double share = keys / (keys + std::exp(double(sinks[h])));
                        for (int d = 0; d < dim; ++d) {
                            const int at = (r * heads + h) * dim + d;
                            QVERIFY(std::fabs(double(out.f32()[at]) - share * double(plain.f32()[at])) < 2e-5);
                        }
                    }
                if (!first)
                    first = out;
                QVERIFY(sameBits(out, first));
            }
        }
    }

    void valuesMayBeTheBeginningOfTheirKeys()
    {
        const int heads = 6, dim = 72, valueDim = 40, nTokens = 1100;
        const Cache cache(nTokens, 1, dim, valueDim, DType::F16, 1);
        Cache copied(nTokens, 1, dim, valueDim, DType::F16, 1);
        for (int t = 0; t < nTokens; ++t)
            std::memcpy(copied.valuePages[t / 32].data() + (t % 32) * valueDim * 2, copied.keyPages[t / 32].data() + (t % 32) * dim * 2,
                        valueDim * 2);
        ops::AttentionConfig config{heads, 1, dim, valueDim, 0.1f};
        cpu::ThreadPool pool(3);
        for (const int64_t rows : {1, 1100}) {
            const Tensor q = random(rows, heads * dim, 2);
            ops::AttentionSequence sequence{0, rows, nTokens - rows, copied.pages()};
            const Tensor expected = ops::attention({pool}, q, {&sequence, 1}, config);
            config.valuesInKeys = true;
            sequence.kv = cache.pages();
            sequence.kv.values = {};
            QVERIFY(sameBits(ops::attention({pool}, q, {&sequence, 1}, config), expected));
            config.valuesInKeys = false;
        }
    }

    void aRowIsTheSameHoweverThePromptIsCutAndWhateverElseRuns()
    {
        const int nTokens = 1300;
        const Cache cache(nTokens, 2, 32, 32, DType::F16, 3), other(50, 2, 32, 32, DType::F16, 4);
        const Tensor q = random(nTokens, 6 * 32, 5);
        const ops::AttentionConfig config{6, 2, 32, 32, 0.2f};
        cpu::ThreadPool one(1), three(3);
        const ops::AttentionSequence whole{0, nTokens, 0, cache.pages()};
        const Tensor all = ops::attention({one}, q, {&whole, 1}, config);
        for (const auto& [first, n] : std::vector<std::pair<int64_t, int64_t>>{{0, 1}, {31, 2}, {100, 333}, {1023, 3}, {1299, 1}}) {
            const ops::AttentionSequence sequences[] = {{0, n, first, cache.pages()}, {n, 7, 43, other.pages()}};
            std::vector<float> rows(q.f32() + first * q.cols(), q.f32() + (first + n) * q.cols());
            rows.insert(rows.end(), q.f32(), q.f32() + 7 * q.cols());
            const Tensor out = ops::attention({three}, Tensor::of(rows, {n + 7, q.cols()}), sequences, config);
            QVERIFY(sameBits(out.rowRange(0, n), all.rowRange(first, n)));
        }
    }

    void encoderAttentionSeesBothWaysAndOnlyItsOwnSequence()
    {
        const ops::AttentionConfig config{4, 2, 24, 24, 0.3f};
        const int64_t lengths[] = {1, 33, 70};
        const Tensor q = random(104, 4 * 24, 6), k = random(104, 2 * 24, 7), v = random(104, 2 * 24, 8);
        cpu::ThreadPool pool(2);
        for (const cpu::Level level : levels()) {
            const Tensor out = ops::encoderAttention({pool, level}, q, k, v, lengths, config);
            int64_t begin = 0;
            for (const int64_t n : lengths) {
                for (int64_t r = begin; r < begin + n; ++r)
                    for (int h = 0; h < 4; ++h) {
                        const std::vector<float> ks(k.f32(), k.f32() + k.count()), vs(v.f32(), v.f32() + v.count());
                        const auto expected = exact(q.f32() + r * q.cols(), ks, vs, begin, begin + n, h, config);
                        for (int d = 0; d < 24; ++d)
                            QVERIFY(std::fabs(out.f32()[(r * 4 + h) * 24 + d] - expected[d]) < 2e-5);
                    }
                begin += n;
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestAttention)
#include "tst_attention.moc"
