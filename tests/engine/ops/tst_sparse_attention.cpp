// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/sparse_attention/sparse_attention.h"
#include "engine/quant/half.h"
#include "op_test.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sy;

namespace {

// One sequence: latent rows as keys, index keys as values.
struct Cache {
    int dim, indexDim;
    DType dtype;
    std::vector<std::vector<std::byte>> keyPages, valuePages;
    std::vector<const std::byte*> keys, values;
    Tensor k, v;

    Cache(int n, int dim_, int indexDim_, DType dtype_)
        : dim(dim_), indexDim(indexDim_), dtype(dtype_), k(test::randomTensor({n, dim_}, 1)),
          v(test::randomTensor({n, indexDim_}, 2))
    {
        const int element = dtype == DType::F16 ? 2 : 4;
        const auto fill = [&](Tensor& rows, std::vector<std::vector<std::byte>>& pages) {
            const int64_t cols = rows.cols();
            pages.assign(size_t(n + 31) / 32, std::vector<std::byte>(size_t(32 * cols * element), std::byte(0xFF)));
            for (int64_t i = 0; i < rows.count(); ++i) {
                float& value = rows.f32()[i];
                std::byte* to = pages[size_t(i / cols / 32)].data() + (i / cols % 32 * cols + i % cols) * element;
                if (dtype == DType::F16) {
                    const uint16_t half = quant::floatToHalf(value);
                    value = quant::halfToFloat(half);
                    std::memcpy(to, &half, 2);
                } else {
                    std::memcpy(to, &value, 4);
                }
            }
        };
        fill(k, keyPages);
        fill(v, valuePages);
        for (const auto& page : keyPages)
            keys.push_back(page.data());
        for (const auto& page : valuePages)
            values.push_back(page.data());
    }
    ops::KvPages pages() const { return {keys, values, dtype, 32}; }
};

} // namespace

class TestSparseAttention : public QObject {
    Q_OBJECT

private slots:
    void theBestKeysAreAttendedTo_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<int>("indexDim");
        QTest::addColumn<int>("topK");
        for (const DType dtype : {DType::F32, DType::F16})
            for (const int indexDim : {1, 15, 16, 17, 128})
                for (const int topK : {1, 31, 32, 33, 1000})
                    QTest::addRow("type %d, index %d, top %d", int(dtype), indexDim, topK) << int(dtype) << indexDim << topK;
    }

    void theBestKeysAreAttendedTo()
    {
        QFETCH(int, dtype);
        QFETCH(int, indexDim);
        QFETCH(int, topK);
        const int nKeys = 90, nRows = 20, heads = 3, dim = 24, valueDim = 16, indexHeads = 4;
        const Cache cache(nKeys, dim, indexDim, DType(dtype));
        const Tensor q = test::randomTensor({nRows, heads * dim}, 3),
                     iq = test::randomTensor({nRows, indexHeads * indexDim}, 4),
                     w = test::randomTensor({nRows, indexHeads}, 5);
        const ops::AttentionSequence sequence{0, nRows, nKeys - nRows, cache.pages()};
        ops::AttentionConfig config{heads, 1, dim, valueDim, 0.2f};
        config.valuesInKeys = true;
        Tensor first;
        ops::SelectedKeys firstSelected;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                const ops::SelectedKeys selected = ops::selectKeys({pool, level}, iq, w, {&sequence, 1}, topK);
                const Tensor out = ops::sparseAttention({pool, level}, q, {&sequence, 1}, config, selected);
                if (first) {
                    QVERIFY(selected == firstSelected);
                    QVERIFY(test::sameBits(out, first));
                    continue;
                }
                first = out;
                firstSelected = selected;
                for (int r = 0; r < nRows; ++r) {
                    const int seen = nKeys - nRows + r + 1;
                    std::vector<int32_t> keys(static_cast<size_t>(seen));
                    std::iota(keys.begin(), keys.end(), 0);
                    if (seen <= topK) {
                        QVERIFY(selected[size_t(r)].empty());
                    } else {
                        std::vector<double> scores;
                        for (int t = 0; t < seen; ++t) {
                            double score = 0;
                            for (int h = 0; h < indexHeads; ++h) {
                                double dot = 0;
                                for (int d = 0; d < indexDim; ++d)
                                    dot += double(iq.f32()[(r * indexHeads + h) * indexDim + d]) *
                                           double(cache.v.f32()[t * indexDim + d]);
                                score += double(w.f32()[r * indexHeads + h]) * std::max(0.0, dot);
                            }
                            scores.push_back(score);
                        }
                        // Scores of 0 are equal, and any of them may be among the best.
                        keys = selected[size_t(r)];
                        QCOMPARE(keys.size(), size_t(topK));
                        QVERIFY(std::ranges::is_sorted(keys) && std::ranges::adjacent_find(keys) == keys.end());
                        double worst = INFINITY;
                        for (const int32_t t : keys)
                            worst = std::min(worst, scores[size_t(t)]);
                        for (int t = 0; t < seen; ++t)
                            QVERIFY(scores[size_t(t)] <= worst || std::ranges::binary_search(keys, t));
                    }
                    for (int h = 0; h < heads; ++h) {
                        double total = 0;
                        std::vector<double> expected(valueDim, 0.0);
                        for (const int32_t t : keys) {
                            double score = 0;
                            for (int d = 0; d < dim; ++d)
                                score += double(q.f32()[(r * heads + h) * dim + d]) * double(cache.k.f32()[t * dim + d]);
                            const double weight = std::exp(score * double(config.scale));
                            total += weight;
                            for (int d = 0; d < valueDim; ++d)
                                expected[size_t(d)] += weight * double(cache.k.f32()[t * dim + d]);
                        }
                        for (int d = 0; d < valueDim; ++d)
                            QVERIFY(std::abs(double(out.f32()[(r * heads + h) * valueDim + d]) -
                                             expected[size_t(d)] / total) < 2e-5);
                    }
                }
            }
        }
    }

    void whatDoesNotFitIsRefused()
    {
        cpu::ThreadPool pool(1);
        const Cache cache(10, 8, 8, DType::F32);
        const ops::AttentionSequence sequence{0, 2, 8, cache.pages()}, outside{1, 2, 8, cache.pages()};
        const Tensor q = Tensor::zeros({2, 16}), w = Tensor::zeros({2, 2});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::selectKeys({pool}, q, w, {&sequence, 1}, 0));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::selectKeys({pool}, q, w, {&outside, 1}, 4));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::selectKeys({pool}, q, Tensor::zeros({2, 3}), {&sequence, 1}, 4));
        const ops::AttentionConfig apart{2, 1, 8, 8, 1.0f};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 ops::sparseAttention({pool}, q, {&sequence, 1}, apart, ops::SelectedKeys(2)));
    }
};

QTEST_APPLESS_MAIN(TestSparseAttention)
#include "tst_sparse_attention.moc"
