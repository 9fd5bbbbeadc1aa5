// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/tile.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sy::ops {

namespace {

constexpr size_t kCacheLine = 64;

constexpr TileFormat kFormats[] = {
    // type         values bytes sub min    zero halves last
    {DType::Q4_0, 32, 18, 32, false, 8, 1, false},
    {DType::Q4_1, 32, 20, 32, true, 0, 2, false},
    {DType::Q5_0, 32, 22, 32, false, 16, 1, false},
    {DType::Q5_1, 32, 24, 32, true, 0, 2, false},
    {DType::Q8_0, 32, 34, 32, false, 128, 1, false},
    {DType::Q2_K, 256, 84, 16, true, 0, 0, false},
    {DType::Q3_K, 256, 110, 16, false, 4, 0, true},
    {DType::Q4_K, 256, 144, 32, true, 0, 0, false},
    {DType::Q5_K, 256, 176, 32, true, 0, 0, false},
    {DType::Q6_K, 256, 210, 16, false, 32, 0, true},
    {DType::IQ4_NL, 32, 18, 32, false, 128, 1, false},
    {DType::IQ4_XS, 256, 136, 32, false, 128, 0, false},
    {DType::MXFP4, 32, 17, 32, false, 12, 0, false, 1},
};

// Calls field(offset in a row's block, bytes, offset in the packed block) in packed order.
template <class Field>
void eachField(const TileFormat& format, Field&& field)
{
    size_t packed = 0;
    int at = 0;
    const auto next = [&](int bytes) {
        field(size_t(at), bytes, packed);
        at += bytes;
        packed += size_t(bytes) * kTileRows;
    };
    for (int i = 0; i < format.nBytes; ++i)
        next(1);
    for (int i = 0; i < format.nHalves; ++i)
        next(2);
    while (at + (format.halfIsLast ? 2 : 0) < format.blockBytes)
        next(4);
    if (format.halfIsLast)
        next(2);
}

using Dwords [[gnu::vector_size(16)]] = uint32_t;

// 16 rows of n dwords, rowBytes apart, to n groups of 16: four by four in registers.
void turnDwords(const std::byte* from, size_t rowBytes, size_t n, std::byte* to) noexcept
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t r = 0; r < kTileRows; r += 4) {
            Dwords rows[4];
            for (size_t k = 0; k < 4; ++k)
                std::memcpy(&rows[k], from + (r + k) * rowBytes + 4 * i, sizeof(Dwords));
            const Dwords low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5),
                         low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
            const Dwords high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7),
                         high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
            const Dwords turned[4] = {
                __builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
            for (size_t k = 0; k < 4; ++k)
                std::memcpy(to + ((i + k) * kTileRows + r) * 4, &turned[k], sizeof(Dwords));
        }
    }
    for (; i < n; ++i) {
        for (size_t r = 0; r < kTileRows; ++r)
            std::memcpy(to + (i * kTileRows + r) * 4, from + r * rowBytes + 4 * i, 4);
    }
}

} // namespace

const TileFormat* findTileFormat(DType type)
{
    const auto found = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const TileFormat& f) { return f.type == type; });
    return found == std::end(kFormats) ? nullptr : found;
}

void packTile(const TileFormat& format, const std::byte* rows, size_t rowBytes, std::byte* out) noexcept
{
    const auto blockBytes = size_t(format.blockBytes), tileBlockBytes = blockBytes * kTileRows;
    const size_t nBlocks = rowBytes / blockBytes;
    const std::byte* next = rows + rowBytes * kTileRows;
    for (size_t block = 0; block < nBlocks; ++block) {
        const std::byte* from = rows + block * blockBytes;
        std::byte* to = out + block * tileBlockBytes;
        // The next tile lies behind this one: asked for as one stream, where sixteen rows read side by side are none.
        for (size_t line = 0; line < tileBlockBytes; line += kCacheLine)
            __builtin_prefetch(next + block * tileBlockBytes + line);
        const size_t nSmall = size_t(format.nBytes + 2 * format.nHalves);
        const size_t nDwords = (blockBytes - nSmall - (format.halfIsLast ? 2 : 0)) / 4;
        turnDwords(from + nSmall, rowBytes, nDwords, to + nSmall * kTileRows);
        eachField(format, [&](size_t at, int bytes, size_t packed) {
            if (bytes == 4)
                return;
            for (int r = 0; r < kTileRows; ++r)
                std::memcpy(to + packed + bytes * r, from + size_t(r) * rowBytes + at, size_t(bytes));
        });
    }
}

void unpackTile(const TileFormat& format, const std::byte* tile, size_t rowBytes, std::byte* rows) noexcept
{
    const size_t blockBytes = size_t(format.blockBytes);
    for (size_t block = 0; block < rowBytes / blockBytes; ++block) {
        const std::byte* from = tile + block * blockBytes * kTileRows;
        eachField(format, [&](size_t at, int bytes, size_t packed) {
            for (int r = 0; r < kTileRows; ++r)
                std::memcpy(rows + size_t(r) * rowBytes + block * blockBytes + at, from + packed + size_t(bytes) * r, size_t(bytes));
        });
    }
}

void unpackTileRow(const TileFormat& format, const std::byte* tile, size_t rowBytes, int row, std::byte* out) noexcept
{
    const auto blockBytes = size_t(format.blockBytes);
    for (size_t block = 0; block < rowBytes / blockBytes; ++block) {
        const std::byte* from = tile + block * blockBytes * kTileRows;
        eachField(format, [&](size_t at, int bytes, size_t packed) {
            std::memcpy(out + block * blockBytes + at, from + packed + size_t(bytes) * size_t(row), size_t(bytes));
        });
    }
}

TileKernels tileKernels(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return avx512TileKernels();
    if (level == cpu::Level::avx2)
        return avx2TileKernels();
#endif
    (void)level;
    return scalarTileKernels();
}

} // namespace sy::ops
