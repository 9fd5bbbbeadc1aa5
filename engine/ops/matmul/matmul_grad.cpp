// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/matmul_grad.h"

#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/tile.h"
#include "engine/ops/matmul/weight_strip.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <vector>

namespace sy::ops {

namespace {

constexpr int64_t kDepth = 16384;    // rows of the weight that are turned at a time: bounds the memory for a vocabulary's
constexpr int64_t kStripCols = 256;  // a multiple of every block type's size
constexpr size_t kTurnedBlock = 544; // bytes of a packed Q8_0 block of 16 rows

// Rows first … first + depth - 1 of the weight, turned: tiles of 16 columns as a packed Q8_0 weight (cols, depth).
void turnWeight(const OpContext& context, const TileKernels& kernels, const Tensor& weight, int64_t first, int64_t depth,
                std::byte* out)
{
    const int64_t nStrips = (weight.cols() + kStripCols - 1) / kStripCols, nBlocks = depth / kBlock;
    context.pool.parallelFor(nStrips * nBlocks, 1, [&](int64_t begin, int64_t end) {
        thread_local std::vector<float> rows;
        rows.resize(size_t(kBlock * kStripCols));
        for (int64_t i = begin; i < end; ++i) {
            const int64_t firstCol = i / nBlocks * kStripCols, block = i % nBlocks;
            const int64_t nCols = std::min(kStripCols, weight.cols() - firstCol);
            decodeStrip(weight, first + block * kBlock, kBlock, firstCol, nCols, rows.data());
            for (int64_t col = 0; col < nCols; col += kTileRows)
                kernels.turn({rows.data() + col, nCols,
                              out + size_t((firstCol + col) / kTileRows * nBlocks + block) * kTurnedBlock});
        }
    });
}

} // namespace

void matmulGrad(const OpContext& context, const Tensor& dy, const Tensor& weight, const MatrixTarget& dx, Write write,
                float factor, const std::function<void()>& betweenParts)
{
    const int64_t nRows = dy.rows(), nCols = weight.cols();
    if (context.activations != Activations::fast || dy.cols() != weight.rows() || weight.rows() % kBlock != 0 ||
        nCols % kTileRows != 0 || !quant::find(weight.dtype())) {
        gemmWeight(context, viewOf(dy), weight, dx, write, factor);
        return;
    }
    const TileKernels kernels = tileKernels(context.level);
    const MatmulInput input(dy);
    const MatmulInput::Quantized& q = input.quantized(context);
    thread_local std::vector<std::byte> turned; // of the calling thread, handed to the others
    turned.resize(size_t(nCols / kTileRows * (std::min(kDepth, weight.rows()) / kBlock)) * kTurnedBlock);
    std::byte* const tiles = turned.data();
    for (int64_t first = 0; first < weight.rows(); first += kDepth) {
        if (first > 0 && betweenParts)
            betweenParts();
        const int64_t depth = std::min(kDepth, weight.rows() - first), chunk = first / kChunk;
        turnWeight(context, kernels, weight, first, depth, tiles);
        const Int8Activations x{q.q.data<int8_t>() + chunk * nRows * kChunk, q.scales.f32() + chunk * nRows * kBlocks,
                                q.sums.f32() + chunk * nRows * kBlocks, q.negativeSums.data<int32_t>() + chunk * nRows * 16, nRows};
        const size_t rowBytes = size_t(depth / kBlock) * kTurnedBlock / kTileRows;
        const bool adds = write == Write::adds || first > 0;
        context.pool.parallelFor(nCols / kTileRows, 1, [&](int64_t begin, int64_t end) {
            thread_local std::vector<float> out;
            out.resize(size_t(nRows * kTileRows));
            for (int64_t tile = begin; tile < end; ++tile) {
                kernels.int8Tile({tiles + size_t(tile) * rowBytes * kTileRows, rowBytes, findTileFormat(DType::Q8_0), depth, x, out.data()});
                for (int64_t t = 0; t < nRows; ++t) {
                    float* to = dx.data + t * dx.rowStride + tile * kTileRows;
                    const float* from = out.data() + t * kTileRows;
                    for (int i = 0; i < kTileRows; ++i)
                        to[i] = adds ? to[i] + factor * from[i] : factor * from[i];
                }
            }
        });
    }
}

} // namespace sy::ops
