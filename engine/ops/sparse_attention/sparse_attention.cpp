// SPDX-License-Identifier: GPL-3.0-or-later
// Selected keys are copied into pages of their own, in rising order, and attended to as if they were a whole context. The
// copy costs as much as one query's reading of these keys, which all heads share (128 of them in DeepSeek V3.2).
#include "engine/ops/sparse_attention/sparse_attention.h"

#include "engine/cpu/vec.h"
#include "engine/ops/sparse_attention/index_scores.h"
#include "engine/quant/half.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &indexScore<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &indexScore<cpu::Avx2>;
#endif
    (void)level;
    return &indexScore<cpu::Scalar>;
}

// The rows of all sequences, one after another.
struct Row {
    size_t sequence;
    int64_t row; // of q
    int64_t nKeys;
};

std::vector<Row> rowsOf(std::span<const AttentionSequence> sequences, int64_t nRows, int64_t ratio = 1)
{
    std::vector<Row> rows;
    for (size_t s = 0; s < sequences.size(); ++s) {
        const AttentionSequence& sequence = sequences[s];
        if (sequence.firstRow < 0 || sequence.firstRow + sequence.nRows > nRows)
            throw std::invalid_argument("sparse attention: rows outside q");
        for (int64_t i = 0; i < sequence.nRows; ++i)
            rows.push_back({s, sequence.firstRow + i, (sequence.firstPosition + i + 1) / ratio});
    }
    return rows;
}

} // namespace

SelectedKeys selectKeys(const OpContext& context, const Tensor& q, const Tensor& weights,
                        std::span<const AttentionSequence> sequences, int64_t topK, int64_t ratio)
{
    const auto nHeads = int(weights.cols());
    if (topK < 1 || ratio < 1 || nHeads < 1 || q.rows() != weights.rows() || q.cols() % nHeads != 0)
        throw std::invalid_argument("selectKeys: q " + toString(q.shape()) + ", weights " + toString(weights.shape()));
    const auto dim = int(q.cols() / nHeads);
    const std::vector<Row> rows = rowsOf(sequences, q.rows(), ratio);
    SelectedKeys selected(size_t(q.rows()));
    const auto score = kernelFor(context.level);
    context.pool.parallelFor(int64_t(rows.size()), 1, [&](int64_t begin, int64_t end) {
        thread_local std::vector<float> scores, key;
        thread_local std::vector<int32_t> order;
        for (int64_t i = begin; i < end; ++i) {
            const Row& row = rows[size_t(i)];
            if (row.nKeys <= topK)
                continue;
            const KvPages& pages = sequences[row.sequence].kv;
            const size_t rowBytes = kvRowBytes(pages.dtype, dim);
            scores.resize(size_t(row.nKeys));
            key.resize(size_t(dim + 31) / 32 * 32);
            for (int64_t t = 0; t < row.nKeys; ++t) {
                const std::byte* from = pages.values[size_t(t / pages.pageTokens)] + size_t(t % pages.pageTokens) * rowBytes;
                if (pages.dtype == DType::F16)
                    quant::halfToFloat(reinterpret_cast<const uint16_t*>(from), key.data(), dim);
                else if (pages.dtype == DType::Q8_0)
                    quant::find(DType::Q8_0)->unpack(from, key.data(), int64_t(key.size()));
                else
                    std::memcpy(key.data(), from, rowBytes);
                const float value =
                    score(q.f32() + row.row * q.cols(), weights.f32() + row.row * nHeads, key.data(), nHeads, dim);
                scores[size_t(t)] = value == value ? value : -INFINITY; // a sort needs an order
            }
            order.resize(size_t(row.nKeys));
            std::iota(order.begin(), order.end(), 0);
            // Equal scores are no accident: keys that no head responds to have 0. The goldens' choice among them is this
            // algorithm's.
            std::partial_sort(order.begin(), order.begin() + topK, order.end(),
                              [&](int32_t a, int32_t b) { return scores[size_t(a)] > scores[size_t(b)]; });
            std::vector<int32_t>& chosen = selected[size_t(row.row)]; // as long as the choice: training keeps it
            chosen.assign(order.begin(), order.begin() + topK);
            std::ranges::sort(chosen);
        }
    });
    return selected;
}

Tensor sparseAttention(const OpContext& context, const Tensor& q, std::span<const AttentionSequence> sequences,
                       const AttentionConfig& config, const SelectedKeys& selected)
{
    if (config.nKvHeads != 1 || !config.valuesInKeys || config.window != 0)
        throw std::invalid_argument("sparseAttention: wants one key head with values in its keys and no window");
    if (selected.size() != size_t(q.rows()))
        throw std::invalid_argument("sparseAttention: keys selected for " + std::to_string(selected.size()) + " rows");
    const std::vector<Row> rows = rowsOf(sequences, q.rows());
    Tensor out = Tensor::empty({q.rows(), int64_t(config.nHeads) * config.valueDim});

    // A few rows at a time: their copied keys take megabytes each.
    constexpr size_t kRowsAtOnce = 16;
    for (size_t first = 0; first < rows.size(); first += kRowsAtOnce) {
        const size_t n = std::min(kRowsAtOnce, rows.size() - first);
        std::vector<Tensor> copies(n);
        std::vector<std::vector<const std::byte*>> pages(n);
        std::vector<AttentionSequence> parts;
        Tensor queries = Tensor::empty({int64_t(n), q.cols()});
        for (size_t i = 0; i < n; ++i) {
            const Row& row = rows[first + i];
            const std::vector<int32_t>& keys = selected[size_t(row.row)];
            KvPages kv = sequences[row.sequence].kv;
            std::copy_n(q.f32() + row.row * q.cols(), q.cols(), queries.f32() + int64_t(i) * q.cols());
            if (keys.empty()) {
                parts.push_back({int64_t(i), 1, row.nKeys - 1, kv});
                continue;
            }
            const size_t rowBytes = kvRowBytes(kv.dtype, config.headDim);
            const int64_t nPages = (int64_t(keys.size()) + kv.pageTokens - 1) / kv.pageTokens;
            copies[i] = Tensor::empty({nPages * kv.pageTokens, int64_t(rowBytes)}, DType::I8);
            for (int64_t page = 0; page < nPages; ++page)
                pages[i].push_back(copies[i].raw() + size_t(page * kv.pageTokens) * rowBytes);
            context.pool.parallelFor(int64_t(keys.size()), 256, [&](int64_t begin, int64_t end) {
                for (int64_t k = begin; k < end; ++k) {
                    const int32_t t = keys[size_t(k)];
                    std::memcpy(copies[i].raw() + size_t(k) * rowBytes,
                                kv.keys[size_t(t / kv.pageTokens)] + size_t(t % kv.pageTokens) * rowBytes, rowBytes);
                }
            });
            kv.keys = pages[i];
            parts.push_back({int64_t(i), 1, int64_t(keys.size()) - 1, kv});
        }
        const Tensor attended = attention(context, queries, parts, config);
        for (size_t i = 0; i < n; ++i)
            std::copy_n(attended.f32() + int64_t(i) * out.cols(), out.cols(), out.f32() + rows[first + i].row * out.cols());
    }
    return out;
}

} // namespace sy::ops
