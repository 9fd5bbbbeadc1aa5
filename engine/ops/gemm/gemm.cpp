// SPDX-License-Identifier: GPL-3.0-or-later
// The usual three levels (Goto and van de Geijn 2008): a task owns a block of c of up to 256 columns; for 256 values of k at
// a time it packs its part of b into panels as wide as a register tile, once for all its rows, then packs a few rows of a
// and runs them over the panels. b may be a quantized weight: then packing decodes it, and a decoded tile lives in the
// second-level cache while every row of a meets it.
#include "engine/ops/gemm/gemm.h"

#include "engine/ops/gemm/gemm_tile.h"
#include "engine/ops/matmul/weight_strip.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sy::ops {

namespace {

constexpr int64_t kBlockCols = kPackedCols; // a multiple of every block type's size, and of every register tile's columns

// Rows first ... first + n - 1 and columns of b into panels of `width` columns: (panel, k, width), zeros behind the last
// one.
void packFloats(const MatrixView& b, int64_t firstRow, int64_t nRows, int64_t firstCol, int64_t nCols, int width, float* out)
{
    for (int64_t col = 0; col < nCols; col += width, out += nRows * width) {
        const auto n = int(std::min<int64_t>(width, nCols - col));
        const float* from = b.data + firstRow * b.rowStride + (firstCol + col) * b.colStride;
        for (int64_t k = 0; k < nRows; ++k) {
            float* to = out + k * width;
            const float* row = from + k * b.rowStride;
            if (b.colStride == 1)
                std::copy_n(row, n, to);
            else
                for (int j = 0; j < n; ++j)
                    to[j] = row[j * b.colStride];
            std::fill(to + n, to + width, 0.0f);
        }
    }
}

// The same for a weight.
void packWeightRows(const Tensor& weight, int64_t firstRow, int64_t nRows, int64_t firstCol, int64_t nCols, int width,
                    float* out)
{
    thread_local std::vector<float> strip;
    strip.resize(size_t(nRows * nCols));
    decodeStrip(weight, firstRow, nRows, firstCol, nCols, strip.data());
    packFloats({strip.data(), nRows, nCols, nCols, 1}, 0, nRows, 0, nCols, width, out);
}

// A few rows of a, turned: (k, height), zeros behind the last row.
void packRows(const MatrixView& a, int64_t firstRow, int nRows, int64_t firstCol, int64_t depth, int height, float* out)
{
    const float* from = a.data + firstRow * a.rowStride + firstCol * a.colStride;
    if (nRows < height)
        std::fill_n(out, depth * height, 0.0f);
    for (int i = 0; i < nRows; ++i) {
        const float* row = from + i * a.rowStride;
        for (int64_t k = 0; k < depth; ++k)
            out[k * height + i] = row[k * a.colStride];
    }
}

// One block of c on the calling thread; pack(firstK, depth, out) brings the block's columns of b, there or where it has
// them.
template <class Pack>
void block(const GemmKernels& kernels, GemmScratch& scratch, const MatrixView& a, int64_t firstRow, int64_t endRow,
           int64_t nCols, float* c, int64_t cStride, Write write, float factor, Pack&& pack)
{
    const int64_t panels = (nCols + kernels.cols - 1) / kernels.cols;
    scratch.a.resize(size_t(kGemmDepth * kernels.rows));
    scratch.b.resize(size_t(kGemmDepth * panels * kernels.cols));
    for (int64_t firstK = 0; firstK < a.nCols; firstK += kGemmDepth) {
        const int64_t depth = std::min(kGemmDepth, a.nCols - firstK);
        const float* const b = pack(firstK, depth, scratch.b.data());
        for (int64_t row = firstRow; row < endRow; row += kernels.rows) {
            const auto nRows = int(std::min<int64_t>(kernels.rows, endRow - row));
            packRows(a, row, nRows, firstK, depth, kernels.rows, scratch.a.data());
            for (int64_t panel = 0; panel < panels; ++panel) {
                const int64_t col = panel * kernels.cols;
                kernels.tile({depth, scratch.a.data(), b + panel * depth * kernels.cols, c + row * cStride + col, cStride,
                              nRows, int(std::min<int64_t>(kernels.cols, nCols - col)), factor,
                              write == Write::adds || firstK > 0});
            }
        }
    }
}

GemmScratch& threadScratch()
{
    thread_local GemmScratch scratch;
    return scratch;
}

// Cuts c into strips of columns and, where those are too few for the threads, into bands of rows.
template <class Pack>
void run(const OpContext& context, const GemmKernels& kernels, const MatrixView& a, int64_t nCols, const MatrixTarget& c,
         Write write, float factor, Pack&& pack)
{
    if (a.nRows == 0 || nCols == 0)
        return;
    if (a.nCols == 0) {
        for (int64_t i = 0; write == Write::sets && i < a.nRows; ++i)
            std::fill_n(c.data + i * c.rowStride, nCols, 0.0f);
        return;
    }
    const int64_t nStrips = (nCols + kBlockCols - 1) / kBlockCols;
    const int64_t nWanted = std::max<int64_t>(1, 3 * context.pool.nThreads() / nStrips);
    const int64_t leastRows = 4 * kernels.rows;
    const int64_t bandRows =
        std::max(leastRows, (a.nRows + nWanted - 1) / nWanted + kernels.rows - 1) / kernels.rows * kernels.rows;
    const int64_t nBands = (a.nRows + bandRows - 1) / bandRows;
    context.pool.parallelFor(nStrips * nBands, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t firstCol = i / nBands * kBlockCols, firstRow = i % nBands * bandRows;
            const int64_t width = std::min(kBlockCols, nCols - firstCol);
            block(kernels, threadScratch(), a, firstRow, std::min(a.nRows, firstRow + bandRows), width, c.data + firstCol,
                  c.rowStride, write, factor, [&](int64_t firstK, int64_t depth, float* out) {
                      return pack(firstK, depth, firstCol, width, kernels.cols, out);
                  });
        }
    });
}

void check(const MatrixView& a, int64_t bRows)
{
    if (a.nCols != bRows)
        throw std::invalid_argument("gemm: " + std::to_string(a.nCols) + " columns meet " + std::to_string(bRows) + " rows");
}

} // namespace

GemmKernels gemmKernels(cpu::Level level, int64_t nCols)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return nCols <= avx512NarrowGemmKernels().cols ? avx512NarrowGemmKernels() : avx512GemmKernels();
    if (level == cpu::Level::avx2)
        return avx2GemmKernels();
#endif
    (void)level, (void)nCols;
    return scalarGemmKernels();
}

MatrixView viewOf(const Tensor& x)
{
    return {x.f32(), x.rows(), x.cols(), x.cols(), 1};
}

MatrixView transposed(const MatrixView& v)
{
    return {v.data, v.nCols, v.nRows, v.colStride, v.rowStride};
}

MatrixView columns(const MatrixView& v, int64_t first, int64_t n)
{
    return {v.data + first * v.colStride, v.nRows, n, v.rowStride, v.colStride};
}

MatrixTarget targetOf(Tensor& x)
{
    return {x.f32(), x.cols()};
}

MatrixTarget columns(const MatrixTarget& target, int64_t first)
{
    return {target.data + first, target.rowStride};
}

void gemmHere(const GemmKernels& kernels, GemmScratch& scratch, const MatrixView& a, const MatrixView& b,
              const MatrixTarget& c, Write write, float factor)
{
    check(a, b.nRows);
    block(kernels, scratch, a, 0, a.nRows, b.nCols, c.data, c.rowStride, write, factor,
          [&](int64_t firstK, int64_t depth, float* out) {
              packFloats(b, firstK, depth, 0, b.nCols, kernels.cols, out);
              return out;
          });
}

void gemm(const OpContext& context, const MatrixView& a, const MatrixView& b, const MatrixTarget& c, Write write,
          float factor)
{
    check(a, b.nRows);
    run(context, gemmKernels(context.level, b.nCols), a, b.nCols, c, write, factor,
        [&](int64_t firstK, int64_t depth, int64_t firstCol, int64_t n, int width, float* out) {
            packFloats(b, firstK, depth, firstCol, n, width, out);
            return out;
        });
}

PackedMatrix packed(const OpContext& context, const MatrixView& b)
{
    const int width = gemmKernels(context.level, b.nCols).cols;
    const int64_t nStrips = (b.nCols + kBlockCols - 1) / kBlockCols, nPanels = (b.nCols + width - 1) / width;
    PackedMatrix packed{b.nRows, b.nCols, context.level, Tensor::empty({nPanels * width * b.nRows})};
    context.pool.parallelFor(nStrips, 1, [&](int64_t begin, int64_t end) {
        for (int64_t strip = begin; strip < end; ++strip) {
            const int64_t firstCol = strip * kBlockCols, n = std::min(kBlockCols, b.nCols - firstCol);
            float* out = packed.panels.f32() + firstCol * b.nRows;
            for (int64_t k = 0; k < b.nRows; k += kGemmDepth) {
                const int64_t depth = std::min(kGemmDepth, b.nRows - k);
                packFloats(b, k, depth, firstCol, n, width, out);
                out += depth * ((n + width - 1) / width * width);
            }
        }
    });
    return packed;
}

void gemm(const OpContext& context, const MatrixView& a, const PackedMatrix& b, int64_t firstCol, int64_t n,
          const MatrixTarget& c, Write write, float factor)
{
    check(a, b.nRows);
    if (b.level != context.level || firstCol % kPackedCols != 0 || firstCol + n > b.nCols)
        throw std::invalid_argument("gemm: columns " + std::to_string(firstCol) + " and the next " + std::to_string(n) +
                                    " of a packed matrix");
    run(context, gemmKernels(context.level, b.nCols), a, n, c, write, factor,
        [&](int64_t firstK, int64_t, int64_t col, int64_t, int width, float*) {
            const int64_t begin = firstCol + col, nInStrip = std::min(kBlockCols, b.nCols - begin);
            return b.panels.f32() + begin * b.nRows + firstK * ((nInStrip + width - 1) / width * width);
        });
}

void gemmWeight(const OpContext& context, const MatrixView& a, const Tensor& weight, const MatrixTarget& c, Write write,
                float factor)
{
    check(a, weight.rows());
    const quant::QuantType* type = quant::find(weight.dtype());
    if (!type || weight.cols() % type->valuesPerBlock != 0)
        throw std::invalid_argument("gemmWeight: weight of " + std::to_string(weight.cols()) +
                                    " columns is no multiple of its block");
    run(context, gemmKernels(context.level, weight.cols()), a, weight.cols(), c, write, factor,
        [&](int64_t firstK, int64_t depth, int64_t firstCol, int64_t n, int width, float* out) {
            packWeightRows(weight, firstK, depth, firstCol, n, width, out);
            return out;
        });
}

} // namespace sy::ops
