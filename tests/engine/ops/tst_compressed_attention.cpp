// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/sparse_attention/compressed_attention.h"
#include "engine/quant/half.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>
#include <numeric>

using namespace sy;

namespace {

// Rows in pages of any size; what the type makes of them is what counts.
struct Pages {
    Tensor rows;
    DType dtype;
    int pageTokens;
    std::vector<std::vector<std::byte>> memory;
    std::vector<const std::byte*> pages;

    Pages(int n, int dim, DType dtype_, int pageTokens_, unsigned seed)
        : rows(test::randomTensor({n, dim}, seed)), dtype(dtype_), pageTokens(pageTokens_)
    {
        const size_t element = dtype == DType::F16 ? 2 : 4;
        memory.assign(size_t((n + pageTokens - 1) / pageTokens),
                      std::vector<std::byte>(size_t(pageTokens * dim) * element, std::byte(0xFF)));
        for (int64_t i = 0; i < rows.count(); ++i) {
            float& value = rows.f32()[i];
            std::byte* to =
                memory[size_t(i / dim / pageTokens)].data() + size_t(i / dim % pageTokens * dim + i % dim) * element;
            if (dtype == DType::F16) {
                const uint16_t half = quant::floatToHalf(value);
                value = quant::halfToFloat(half);
                std::memcpy(to, &half, 2);
            } else {
                std::memcpy(to, &value, 4);
            }
        }
        for (const auto& page : memory)
            pages.push_back(page.data());
    }
    ops::KvPages kv() const { return {pages, pages, dtype, pageTokens}; }
};

constexpr int kHeads = 3, kDim = 24, kValueDim = 16;

ops::AttentionConfig configWith(int window, const Tensor& sinks)
{
    ops::AttentionConfig config{kHeads, 1, kDim, kValueDim, 0.2f};
    config.valuesInKeys = true;
    config.window = window;
    config.sinks = sinks.f32();
    return config;
}

} // namespace

class TestCompressedAttention : public QObject {
    Q_OBJECT

private slots:
    void recentAndCompressedKeysShareASoftmax_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<int>("ratio");
        QTest::addColumn<int>("window");
        QTest::addColumn<int>("topK"); // 0: all blocks
        for (const DType dtype : {DType::F32, DType::F16})
            for (const int ratio : {1, 4, 64})
                for (const int window : {1, 7, 32, 500})
                    for (const int topK : {0, 3})
                        QTest::addRow("type %d, blocks of %d, window %d, top %d", int(dtype), ratio, window, topK)
                            << int(dtype) << ratio << window << topK;
    }

    void recentAndCompressedKeysShareASoftmax()
    {
        QFETCH(int, dtype);
        QFETCH(int, ratio);
        QFETCH(int, window);
        QFETCH(int, topK);
        const int nTokens = 150, nRows = 40, firstPosition = nTokens - nRows, indexDim = 9, indexHeads = 2;
        const Pages recent(nTokens, kDim, DType(dtype), 32, 1),
            compressed(nTokens / ratio, kDim, DType(dtype), std::max(1, 32 / ratio), 2);
        const Pages index(nTokens / ratio, indexDim, DType(dtype), std::max(1, 32 / ratio), 3);
        const Tensor q = test::randomTensor({nRows, kHeads * kDim}, 4), sinks = test::randomTensor({kHeads}, 5);
        const Tensor iq = test::randomTensor({nRows, indexHeads * indexDim}, 6),
                     w = test::randomTensor({nRows, indexHeads}, 7);
        const ops::AttentionConfig config = configWith(window, sinks);
        const ops::CompressedSequence sequence{0, nRows, firstPosition, recent.kv(), compressed.kv()};
        const ops::AttentionSequence indexed{0, nRows, firstPosition, index.kv()};
        Tensor first;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const ops::SelectedKeys selected =
                    topK > 0 ? ops::selectKeys({pool, level}, iq, w, {&indexed, 1}, topK, ratio) : ops::SelectedKeys(nRows);
                const Tensor out = ops::compressedAttention({pool, level}, q, {&sequence, 1}, config, ratio, selected);
                if (first) {
                    QVERIFY(test::sameBits(out, first));
                    continue;
                }
                first = out;
                for (int r = 0; r < nRows; ++r) {
                    const int position = firstPosition + r, nBlocks = (position + 1) / ratio;
                    std::vector<int32_t> blocks(static_cast<size_t>(nBlocks));
                    std::iota(blocks.begin(), blocks.end(), 0);
                    if (topK > 0 && nBlocks > topK) {
                        QCOMPARE(selected[size_t(r)].size(), size_t(topK));
                        QVERIFY(selected[size_t(r)].back() < nBlocks);
                        blocks = selected[size_t(r)];
                    } else {
                        QVERIFY(selected[size_t(r)].empty());
                    }
                    for (int h = 0; h < kHeads; ++h) {
                        double total = std::exp(double(sinks.f32()[h]));
                        std::vector<double> expected(kValueDim, 0.0);
                        const auto see = [&](const float* key) {
                            double score = 0;
                            for (int d = 0; d < kDim; ++d)
                                score += double(q.f32()[(r * kHeads + h) * kDim + d]) * double(key[d]);
                            const double weight = std::exp(score * double(config.scale));
                            total += weight;
                            for (int d = 0; d < kValueDim; ++d)
                                expected[size_t(d)] += weight * double(key[d]);
                        };
                        for (int t = std::max(0, position - window + 1); t <= position; ++t)
                            see(recent.rows.f32() + t * kDim);
                        for (const int32_t block : blocks)
                            see(compressed.rows.f32() + block * kDim);
                        for (int d = 0; d < kValueDim; ++d)
                            QVERIFY(std::abs(double(out.f32()[(r * kHeads + h) * kValueDim + d]) -
                                             expected[size_t(d)] / total) < 2e-5);
                    }
                }
            }
        }
    }

    void aRowsBitsDependOnItsSequenceAlone()
    {
        const Pages recent(100, kDim, DType::F16, 32, 1), compressed(25, kDim, DType::F16, 8, 2);
        const Tensor q = test::randomTensor({40, kHeads * kDim}, 3), sinks = test::randomTensor({kHeads}, 4);
        const ops::AttentionConfig config = configWith(20, sinks);
        cpu::ThreadPool pool(2);
        const ops::CompressedSequence whole{0, 40, 60, recent.kv(), compressed.kv()};
        const Tensor all = ops::compressedAttention({pool}, q, {&whole, 1}, config, 4, ops::SelectedKeys(40));
        const ops::CompressedSequence pieces[] = {{23, 17, 83, recent.kv(), compressed.kv()},
                                                  {0, 23, 60, recent.kv(), compressed.kv()}};
        QVERIFY(test::sameBits(ops::compressedAttention({pool}, q, pieces, config, 4, ops::SelectedKeys(40)), all));
    }

    void pagesThatTheWindowHasPassedAreNotRead()
    {
        Pages recent(100, kDim, DType::F32, 32, 1);
        const Pages compressed(25, kDim, DType::F32, 8, 2);
        recent.pages[0] = recent.pages[1] = nullptr;
        const Tensor q = test::randomTensor({1, kHeads * kDim}, 3), sinks = Tensor::zeros({kHeads});
        cpu::ThreadPool pool(1);
        const ops::CompressedSequence sequence{0, 1, 99, recent.kv(), compressed.kv()};
        const Tensor out =
            ops::compressedAttention({pool}, q, {&sequence, 1}, configWith(36, sinks), 4, ops::SelectedKeys(1));
        QVERIFY(std::isfinite(out.f32()[0]));
    }

    void whatDoesNotFitIsRefused()
    {
        const Pages recent(10, kDim, DType::F32, 32, 1), compressed(2, kDim, DType::F32, 8, 2);
        const Tensor q = Tensor::zeros({2, kHeads * kDim}), sinks = Tensor::zeros({kHeads});
        cpu::ThreadPool pool(1);
        const ops::CompressedSequence sequence{0, 2, 8, recent.kv(), compressed.kv()},
            outside{1, 2, 8, recent.kv(), compressed.kv()};
        const auto run = [&](const ops::CompressedSequence& s, const ops::AttentionConfig& c, int64_t ratio,
                             size_t nSelected) {
            ops::compressedAttention({pool}, q, {&s, 1}, c, ratio, ops::SelectedKeys(nSelected));
        };
        ops::AttentionConfig apart = configWith(4, sinks);
        apart.valuesInKeys = false;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(outside, configWith(4, sinks), 4, 2));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(sequence, configWith(0, sinks), 4, 2));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(sequence, configWith(4, sinks), 0, 2));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(sequence, configWith(4, sinks), 4, 1));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(sequence, apart, 4, 2));
    }
};

QTEST_APPLESS_MAIN(TestCompressedAttention)
#include "tst_compressed_attention.moc"
