// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/grouped.h"

#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sy::ops {

namespace {

bool usesInt8(const OpContext& context, const Tensor& weight)
{
    return context.activations == Activations::fast && findTileFormat(weight.dtype()) && weight.cols() % kBlock == 0;
}

int64_t chunkCount(int64_t nCols)
{
    return (nCols + kChunk - 1) / kChunk;
}

} // namespace

GroupedInput::GroupedInput(Tensor x, const RowGroups& groups) : m_groups(&groups), m_cols(x.cols()), m_x(std::move(x))
{
    if (m_x.rows() != groups.nRows())
        throw std::invalid_argument("GroupedInput: " + toString(m_x.shape()) + " for " + std::to_string(groups.nRows()) +
                                    " rows");
}

GroupedInput::GroupedInput(const MatmulInput& x, std::span<const int32_t> sources, const RowGroups& groups)
    : m_groups(&groups), m_cols(x.x().cols()), m_source(&x), m_sources(sources)
{
    if (int64_t(sources.size()) != groups.nRows())
        throw std::invalid_argument("GroupedInput: " + std::to_string(sources.size()) + " rows, " +
                                    std::to_string(groups.nRows()) + " in groups");
}

void GroupedInput::prepare(const OpContext& context, const Tensor& weight)
{
    const quant::QuantType* type = quant::find(weight.dtype());
    if (weight.cols() != m_cols || !type || m_cols % type->valuesPerBlock != 0)
        throw std::invalid_argument("GroupedInput: rows of " + std::to_string(m_cols) + " values and a weight " +
                                    toString(weight.shape()));
    if (usesInt8(context, weight)) {
        if (!m_q)
            makeInt8(context);
    } else if (!m_x) {
        makeFloat();
    }
}

void GroupedInput::makeFloat()
{
    m_x = Tensor::empty({m_groups->nRows(), m_cols});
    for (size_t i = 0; i < m_sources.size(); ++i)
        std::memcpy(m_x.f32() + int64_t(i) * m_cols, m_source->x().f32() + m_sources[i] * m_cols,
                    size_t(m_cols) * sizeof(float));
}

void GroupedInput::makeInt8(const OpContext& context)
{
    const int64_t nRows = m_groups->nRows(), nChunks = chunkCount(m_cols);
    m_q = Tensor::empty({nRows, nChunks, kChunk}, DType::I8);
    m_scales = Tensor::empty({nRows, nChunks, kBlocks});
    m_sums = Tensor::empty({nRows, nChunks, kBlocks});
    m_negativeSums = Tensor::empty({nRows, nChunks, 16}, DType::I32);
    const TileKernels kernels = tileKernels(context.level);
    const MatmulInput::Quantized* source = m_source ? &m_source->quantized(context) : nullptr;
    const int64_t nSourceTokens = m_source ? m_source->x().rows() : 0;

    // Inside a group: by chunk, then by row, the group's height being the stride.
    const auto makeRows = [&](int64_t group, int64_t first, int64_t end) {
        const int64_t base = m_groups->first[size_t(group)], count = m_groups->count(group);
        int8_t* q = m_q.data<int8_t>() + base * nChunks * kChunk;
        float* scales = m_scales.f32() + base * nChunks * kBlocks;
        float* sums = m_sums.f32() + base * nChunks * kBlocks;
        int32_t* negativeSums = m_negativeSums.data<int32_t>() + base * nChunks * 16;
        if (!source) {
            kernels.quantize(
                {m_x.f32() + base * m_cols, m_cols, count, first - base, end - base, q, scales, sums, negativeSums});
            return;
        }
        for (int64_t row = first; row < end; ++row) {
            for (int64_t c = 0; c < nChunks; ++c) {
                const int64_t from = c * nSourceTokens + m_sources[size_t(row)], to = c * count + row - base;
                std::memcpy(q + to * kChunk, source->q.data<int8_t>() + from * kChunk, kChunk);
                std::memcpy(scales + to * kBlocks, source->scales.f32() + from * kBlocks, kBlocks * sizeof(float));
                std::memcpy(sums + to * kBlocks, source->sums.f32() + from * kBlocks, kBlocks * sizeof(float));
                std::memcpy(negativeSums + to * 16, source->negativeSums.data<int32_t>() + from * 16, 16 * sizeof(int32_t));
            }
        }
    };
    const auto make = [&](int64_t begin, int64_t end) {
        auto group = std::upper_bound(m_groups->first.begin(), m_groups->first.end(), begin) - m_groups->first.begin() - 1;
        for (int64_t row = begin; row < end; ++group) {
            const int64_t last = std::min(end, m_groups->first[size_t(group) + 1]);
            if (row < last)
                makeRows(group, row, last);
            row = std::max(row, last);
        }
    };
    if (nRows * m_cols < 32768) // a few microseconds: not worth waking anybody
        make(0, nRows);
    else
        context.pool.parallelFor(nRows, 8, make);
}

// As in matmul.cpp: the last tile of a weight whose height is no multiple of a tile's starts early and skips its neighbour's
// rows.
GroupedProduct::TileRows GroupedProduct::rows(const Tensor& weight, int64_t tile)
{
    const int64_t wanted = tile * kTileRows;
    const int64_t first = std::max<int64_t>(0, std::min(wanted, weight.rows() - kTileRows));
    return {first, int(wanted - first), int(std::min<int64_t>(kTileRows, weight.rows() - wanted))};
}

void GroupedProduct::compute(int64_t group, const Tensor& weight, const TileRows& tile, float* out) const
{
    thread_local std::vector<std::byte> padded, turned;
    const int64_t nRows = m_input.m_groups->count(group), base = m_input.m_groups->first[size_t(group)];
    const size_t rowBytes = weight.rowBytes(), tileBytes = rowBytes * kTileRows;
    const bool isPacked = weight.layout() == Layout::tiles;
    const std::byte* rows = weight.raw() + size_t(tile.first) * rowBytes;
    if (weight.rows() < kTileRows) {
        padded.assign(tileBytes, std::byte{0});
        std::memcpy(padded.data(), weight.raw(), weight.bytes());
        rows = padded.data();
    }
    const TileKernels kernels = tileKernels(m_context.level);
    const TileFormat* format = findTileFormat(weight.dtype());
    if (usesInt8(m_context, weight)) {
        if (!isPacked) {
            turned.resize(tileBytes);
            packTile(*format, rows, rowBytes, turned.data());
        }
        const int64_t nChunks = chunkCount(m_input.m_cols);
        kernels.int8Tile(
            {isPacked ? rows : turned.data(),
             rowBytes,
             format,
             m_input.m_cols,
             {m_input.m_q.data<int8_t>() + base * nChunks * kChunk, m_input.m_scales.f32() + base * nChunks * kBlocks,
              m_input.m_sums.f32() + base * nChunks * kBlocks, m_input.m_negativeSums.data<int32_t>() + base * nChunks * 16,
              nRows},
             out});
        return;
    }
    if (isPacked) { // float32 activations asked for on a model packed for int8
        turned.resize(tileBytes);
        unpackTile(*format, rows, rowBytes, turned.data());
    }
    const quant::QuantType* type = quant::find(weight.dtype());
    kernels.floatTile({isPacked ? turned.data() : rows, rowBytes, size_t(type->bytesPerBlock), type->valuesPerBlock,
                       type->unpack, m_input.m_cols, m_input.m_x.f32() + base * m_input.m_cols, nRows, out});
}

} // namespace sy::ops
