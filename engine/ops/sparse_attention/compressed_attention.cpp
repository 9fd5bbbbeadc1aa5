// SPDX-License-Identifier: GPL-3.0-or-later
// As in sparse_attention.cpp, what a row sees is copied into pages of its own: recent keys first, then compressed ones.
#include "engine/ops/sparse_attention/compressed_attention.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sy::ops {

namespace {

constexpr int64_t kPageKeys = 32;
constexpr size_t kBytesAtOnce = size_t(8) << 20; // of copied keys, if one row does not need more
constexpr size_t kRowsAtOnce = 16;

struct Row {
    const CompressedSequence* sequence;
    int64_t row; // of q
    int64_t firstRecent, endRecent;
    int64_t nCompressed;
    const std::vector<int32_t>* selected; // null: all compressed keys
    int64_t nKeys() const { return endRecent - firstRecent + nCompressed; }
    int64_t nPages() const { return (nKeys() + kPageKeys - 1) / kPageKeys; }
};

const std::byte* keyAt(const KvPages& pages, int64_t i, size_t rowBytes)
{
    return pages.keys[size_t(i / pages.pageTokens)] + size_t(i % pages.pageTokens) * rowBytes;
}

void copyKeys(const Row& row, size_t rowBytes, int64_t begin, int64_t end, std::byte* to)
{
    const int64_t nRecent = row.endRecent - row.firstRecent;
    for (int64_t k = begin; k < end; ++k) {
        const std::byte* from = nullptr;
        if (k < nRecent)
            from = keyAt(row.sequence->recent, row.firstRecent + k, rowBytes);
        else if (row.selected)
            from = keyAt(row.sequence->compressed, (*row.selected)[size_t(k - nRecent)], rowBytes);
        else
            from = keyAt(row.sequence->compressed, k - nRecent, rowBytes);
        std::memcpy(to + size_t(k) * rowBytes, from, rowBytes);
    }
}

} // namespace

size_t gatheredBytes(int64_t mostKeys, size_t rowBytes)
{
    return std::max(kBytesAtOnce, size_t(mostKeys + kPageKeys) * rowBytes);
}

Tensor compressedAttention(const OpContext& context, const Tensor& q, std::span<const CompressedSequence> sequences,
                           const AttentionConfig& config, int64_t ratio, const SelectedKeys& selected)
{
    if (config.nKvHeads != 1 || !config.valuesInKeys || config.window < 1 || ratio < 1)
        throw std::invalid_argument("compressedAttention: wants one key head with values in its keys, a window and a ratio");
    if (selected.size() != size_t(q.rows()))
        throw std::invalid_argument("compressedAttention: keys selected for " + std::to_string(selected.size()) + " rows");
    AttentionConfig plain = config;
    plain.window = 0; // only what is seen is copied
    std::vector<Row> rows;
    for (const CompressedSequence& s : sequences) {
        if (s.firstRow < 0 || s.firstRow + s.nRows > q.rows())
            throw std::invalid_argument("compressedAttention: rows outside q");
        for (int64_t i = 0; i < s.nRows; ++i) {
            const int64_t end = s.firstPosition + i + 1;
            Row row{&s, s.firstRow + i, std::max<int64_t>(0, end - config.window), end, end / ratio, nullptr};
            if (const std::vector<int32_t>& keys = selected[size_t(row.row)]; !keys.empty()) {
                row.selected = &keys;
                row.nCompressed = int64_t(keys.size());
            }
            rows.push_back(row);
        }
    }
    Tensor out = Tensor::empty({q.rows(), int64_t(config.nHeads) * config.valueDim});
    for (size_t first = 0; first < rows.size();) {
        const DType dtype = rows[first].sequence->recent.dtype;
        const size_t rowBytes = kvRowBytes(dtype, config.headDim);
        size_t n = 0;
        int64_t nPages = 0;
        while (first + n < rows.size() && n < kRowsAtOnce &&
               (n == 0 || size_t((nPages + rows[first + n].nPages()) * kPageKeys) * rowBytes <= kBytesAtOnce))
            nPages += rows[first + n++].nPages();

        Tensor copies = Tensor::empty({nPages * kPageKeys, int64_t(rowBytes)}, DType::I8);
        std::vector<const std::byte*> pages;
        for (int64_t page = 0; page < nPages; ++page)
            pages.push_back(copies.raw() + size_t(page * kPageKeys) * rowBytes);
        std::vector<AttentionSequence> parts;
        Tensor queries = Tensor::empty({int64_t(n), q.cols()});
        int64_t page = 0;
        for (size_t i = 0; i < n; ++i) {
            const Row& row = rows[first + i];
            std::copy_n(q.f32() + row.row * q.cols(), q.cols(), queries.f32() + int64_t(i) * q.cols());
            std::byte* to = copies.raw() + size_t(page * kPageKeys) * rowBytes;
            context.pool.parallelFor(row.nKeys(), 256,
                                     [&](int64_t begin, int64_t end) { copyKeys(row, rowBytes, begin, end, to); });
            const auto own = std::span<const std::byte* const>(pages).subspan(size_t(page), size_t(row.nPages()));
            parts.push_back({int64_t(i), 1, row.nKeys() - 1, {own, own, dtype, int(kPageKeys)}});
            page += row.nPages();
        }
        const Tensor attended = attention(context, queries, parts, plain);
        for (size_t i = 0; i < n; ++i)
            std::copy_n(attended.f32() + int64_t(i) * out.cols(), out.cols(), out.f32() + rows[first + i].row * out.cols());
        first += n;
    }
    return out;
}

} // namespace sy::ops
