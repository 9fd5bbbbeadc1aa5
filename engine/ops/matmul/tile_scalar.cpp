// SPDX-License-Identifier: GPL-3.0-or-later
// The definition: what every other level must give, bit for bit (float tiles included).
#include "engine/cpu/exp.h"
#include "engine/ops/matmul/tile_decode.inl.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sy::ops {

namespace {

struct Scalar {};

void int8Tile(const Int8Job& job) noexcept
{
    const TileFormat& format = *job.format;
    const int64_t nTokens = job.x.nTokens;
    std::fill_n(job.out, nTokens * kTileRows, 0.0f);
    Tile tile;
    for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
        const int nBlocks32 = int(std::min<int64_t>(kBlocks, (job.nCols - chunk * kChunk) / kBlock));
        RowDecoder<Scalar>::decodeTile(job, chunk, nBlocks32, tile);
        for (int64_t t = 0; t < nTokens; ++t) {
            const int64_t at = chunk * nTokens + t;
            const int8_t* q = job.x.q + at * kChunk;
            const float* scales = job.x.scales + at * kBlocks;
            const float* sums = job.x.sums + at * kBlocks;
            const int subValues = format.subValues;
            for (int r = 0; r < kTileRows; ++r) {
                float f = job.out[t * kTileRows + r];
                for (int sub = 0; sub < nBlocks32 * kBlock / subValues; ++sub) {
                    int32_t sum = 0;
                    for (int c = sub * subValues; c < (sub + 1) * subValues; ++c) {
                        const int zero = format.zeroShift < 0 ? 0 : 1 << format.zeroShift;
                        sum += (int32_t(tile.codes[c / 4][r][c % 4]) - zero) * q[c];
                    }
                    const int block = sub * subValues / kBlock;
                    f = std::fma(float(sum), tile.scale[sub][r] * scales[block], f);
                    if (format.hasMin)
                        f = std::fma(-tile.min[sub][r], sums[block], f);
                }
                job.out[t * kTileRows + r] = f;
            }
        }
    }
}

void floatTile(const FloatJob& job) noexcept
{
    std::fill_n(job.out, job.nTokens * kTileRows, 0.0f);
    float w[kTileRows][kChunk];
    for (int64_t begin = 0; begin < job.nCols; begin += kChunk) {
        const int n = int(std::min<int64_t>(kChunk, job.nCols - begin));
        for (int r = 0; r < kTileRows; ++r)
            job.unpack(job.rows + r * job.rowBytes + size_t(begin / job.blockValues) * job.blockBytes, w[r], n);
        for (int64_t t = 0; t < job.nTokens; ++t) {
            const float* x = job.x + t * job.nCols + begin;
            for (int r = 0; r < kTileRows; ++r) {
                float f = 0;
                for (int c = 0; c < n; ++c)
                    f = std::fma(w[r][c], x[c], f);
                job.out[t * kTileRows + r] += f; // one partial sum per chunk keeps long rows accurate
            }
        }
    }
}

void quantize(const QuantizeJob& job) noexcept
{
    for (int64_t t = job.firstToken; t < job.endToken; ++t) {
        for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
            const int64_t at = chunk * job.nTokens + t;
            int8_t* q = job.q + at * kChunk;
            for (int block = 0; block < kBlocks; ++block) {
                const int64_t begin = chunk * kChunk + block * kBlock;
                const bool isInside = begin < job.nCols;
                float largest = 0;
                for (int c = 0; isInside && c < kBlock; ++c)
                    largest = std::max(largest, std::fabs(job.x[t * job.nCols + begin + c]));
                const float inverse = largest > 1e-30f ? 127.0f / largest : 0.0f;
                const float scale = largest > 1e-30f ? largest / 127.0f : 0.0f;
                int32_t sum[2] = {0, 0};
                for (int c = 0; c < kBlock; ++c) {
                    const float value = isInside ? job.x[t * job.nCols + begin + c] * inverse : 0.0f;
                    const int code = int(std::nearbyint(value));
                    q[block * kBlock + c] = int8_t(code);
                    sum[c / 16] += code;
                }
                job.scales[at * kBlocks + block] = scale;
                job.sums[at * kBlocks + block] = scale * float(sum[0] + sum[1]);
                job.negativeSums[at * 16 + block * 2] = -sum[0];
                job.negativeSums[at * 16 + block * 2 + 1] = -sum[1];
            }
        }
    }
}

void siluTimes(float* gate, const float* up, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        gate[i] = gate[i] / (1.0f + cpu::expDefinition(-gate[i])) * up[i];
}

constexpr TileFormat kFormats[] = {
    // type         values bytes sub  min    zero
    {DType::Q4_0,   32,    18,   32,  false, 3},
    {DType::Q4_1,   32,    20,   32,  true,  -1},
    {DType::Q5_0,   32,    22,   32,  false, 4},
    {DType::Q5_1,   32,    24,   32,  true,  -1},
    {DType::Q8_0,   32,    34,   32,  false, 7},
    {DType::Q4_K,   256,   144,  32,  true,  -1},
    {DType::Q5_K,   256,   176,  32,  true,  -1},
    {DType::Q6_K,   256,   210,  16,  false, 5},
};

} // namespace

const TileFormat* findTileFormat(DType type)
{
    const auto found = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const TileFormat& f) { return f.type == type; });
    return found == std::end(kFormats) ? nullptr : found;
}

TileKernels scalarTileKernels()
{
    return {int8Tile, floatTile, quantize, siluTimes};
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
