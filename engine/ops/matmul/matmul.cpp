// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/matmul.h"

#include "engine/ops/matmul/tile.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sy::ops {

namespace {

// The rows of one tile that exist and are this tile's to write. The last tile of a weight whose height is no multiple of 16 starts
// early and leaves out the rows that its neighbour writes; a weight of fewer than 16 rows is copied into a padded scratch.
struct TileRows {
    int64_t first; // row of the weight
    int skip;      // leading rows computed but not written
    int count;     // rows written
};

TileRows tileRows(int64_t tile, int64_t nRows)
{
    const int64_t wanted = tile * kTileRows;
    const int64_t first = std::max<int64_t>(0, std::min(wanted, nRows - kTileRows));
    return {first, int(wanted - first), int(std::min<int64_t>(kTileRows, nRows - wanted))};
}

int64_t tileCount(int64_t nRows)
{
    return (nRows + kTileRows - 1) / kTileRows;
}

bool usesInt8(const OpContext& context, const Tensor& weight)
{
    return context.activations == Activations::fast && findTileFormat(weight.dtype()) && weight.cols() % kBlock == 0;
}

void check(const MatmulInput& input, const Tensor& weight, const Tensor& bias)
{
    if (weight.cols() != input.x().cols())
        throw std::invalid_argument("matmul: input " + toString(input.x().shape()) + " does not fit weight " +
                                    toString(weight.shape()));
    if (bias && bias.count() != weight.rows())
        throw std::invalid_argument("matmul: bias " + toString(bias.shape()) + " does not fit weight " + toString(weight.shape()));
    const quant::QuantType* type = quant::find(weight.dtype());
    if (!type || weight.cols() % type->valuesPerBlock != 0)
        throw std::invalid_argument("matmul: weight of " + std::to_string(weight.cols()) + " columns is no multiple of its block");
}

// Computes tiles of one weight against one input. Made before the parallel loop; computeTile is called from all threads.
class Product {
public:
    Product(const OpContext& context, const MatmulInput& input, const Tensor& weight)
        : m_weight(weight), m_kernels(tileKernels(context.level)), m_nTokens(input.x().rows())
    {
        if (weight.rows() < kTileRows) {
            m_padded.assign(weight.rowBytes() * kTileRows, std::byte{0});
            std::memcpy(m_padded.data(), weight.raw(), weight.bytes());
        }
        if (usesInt8(context, weight)) {
            const MatmulInput::Quantized& q = input.quantized(context);
            m_int8 = {nullptr,
                      weight.rowBytes(),
                      findTileFormat(weight.dtype()),
                      weight.cols(),
                      {q.q.data<int8_t>(), q.scales.f32(), q.sums.f32(), q.negativeSums.data<int32_t>(), m_nTokens},
                      nullptr};
        } else {
            const quant::QuantType* type = quant::find(weight.dtype());
            m_float = {nullptr,      weight.rowBytes(), size_t(type->bytesPerBlock), type->valuesPerBlock, type->unpack,
                       weight.cols(), input.x().f32(),  m_nTokens,                   nullptr};
        }
    }

    // out (tokens, 16)
    void computeTile(const TileRows& rows, float* out) const
    {
        thread_local std::vector<std::byte> turned;
        const size_t tileBytes = m_weight.rowBytes() * kTileRows;
        const std::byte* base = m_padded.empty() ? m_weight.raw() + size_t(rows.first) * m_weight.rowBytes() : m_padded.data();
        const bool isPacked = m_weight.layout() == Layout::tiles;
        if (m_int8.format) {
            Int8Job job = m_int8;
            if (!isPacked) {
                turned.resize(tileBytes);
                packTile(*job.format, base, job.rowBytes, turned.data());
            }
            job.tile = isPacked ? base : turned.data();
            job.out = out;
            m_kernels.int8Tile(job);
        } else {
            FloatJob job = m_float;
            if (isPacked) { // float32 activations asked for on a model packed for int8
                turned.resize(tileBytes);
                unpackTile(*findTileFormat(m_weight.dtype()), base, job.rowBytes, turned.data());
            }
            job.rows = isPacked ? turned.data() : base;
            job.out = out;
            m_kernels.floatTile(job);
        }
    }

    int64_t nTiles() const { return tileCount(m_weight.rows()); }

private:
    const Tensor& m_weight;
    TileKernels m_kernels;
    int64_t m_nTokens;
    std::vector<std::byte> m_padded;
    Int8Job m_int8{};
    FloatJob m_float{};
};

float* scratch(int64_t nFloats, int which)
{
    // Kept per thread: a tile's results are small and needed by every loop.
    thread_local std::vector<float> buffers[2];
    if (int64_t(buffers[which].size()) < nFloats)
        buffers[which].resize(size_t(nFloats));
    return buffers[which].data();
}

// Pieces small enough that a disturbed core does not hold the others up, large enough that taking one costs nothing.
int64_t piece(int64_t nTiles, int nThreads)
{
    return std::clamp<int64_t>(nTiles / (nThreads * 8), 1, 32);
}

} // namespace

MatmulInput::MatmulInput(Tensor x) : m_x(std::move(x)) {}

const MatmulInput::Quantized& MatmulInput::quantized(const OpContext& context) const
{
    if (m_quantized.q)
        return m_quantized;
    const int64_t nTokens = m_x.rows();
    const int64_t nChunks = (m_x.cols() + kChunk - 1) / kChunk;
    m_quantized = {Tensor::empty({nChunks, nTokens, kChunk}, DType::I8), Tensor::empty({nChunks, nTokens, kBlocks}),
                   Tensor::empty({nChunks, nTokens, kBlocks}), Tensor::empty({nChunks, nTokens, 16}, DType::I32)};
    const TileKernels kernels = tileKernels(context.level);
    const auto run = [&](int64_t begin, int64_t end) {
        kernels.quantize({m_x.f32(), m_x.cols(), nTokens, begin, end, m_quantized.q.data<int8_t>(), m_quantized.scales.f32(),
                          m_quantized.sums.f32(), m_quantized.negativeSums.data<int32_t>()});
    };
    // One token takes about a microsecond: not worth waking anybody.
    if (nTokens * m_x.cols() < 32768)
        run(0, nTokens);
    else
        context.pool.parallelFor(nTokens, 8, run);
    return m_quantized;
}

std::vector<Tensor> matmulGroup(const OpContext& context, const MatmulInput& input, std::span<const Tensor> weights,
                                std::span<const Tensor> biases)
{
    const int64_t nTokens = input.x().rows();
    std::vector<Product> products;
    std::vector<Tensor> results;
    std::vector<int64_t> firstTile{0};
    products.reserve(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
        check(input, weights[i], biases.empty() ? Tensor() : biases[i]);
        products.emplace_back(context, input, weights[i]);
        results.push_back(Tensor::empty({nTokens, weights[i].rows()}));
        firstTile.push_back(firstTile.back() + products.back().nTiles());
    }
    context.pool.parallelFor(firstTile.back(), piece(firstTile.back(), context.pool.nThreads()), [&](int64_t begin, int64_t end) {
        float* out = scratch(nTokens * kTileRows, 0);
        size_t i = 0;
        for (int64_t tile = begin; tile < end; ++tile) {
            while (tile >= firstTile[i + 1])
                ++i;
            const TileRows rows = tileRows(tile - firstTile[i], weights[i].rows());
            products[i].computeTile(rows, out);
            const float* bias = !biases.empty() && biases[i] ? biases[i].f32() + rows.first : nullptr;
            const int64_t width = weights[i].rows();
            float* to = results[i].f32() + rows.first;
            for (int64_t t = 0; t < nTokens; ++t)
                for (int r = rows.skip; r < rows.skip + rows.count; ++r)
                    to[t * width + r] = bias ? out[t * kTileRows + r] + bias[r] : out[t * kTileRows + r];
        }
    });
    return results;
}

Tensor matmul(const OpContext& context, const MatmulInput& input, const Tensor& weight, const Tensor& bias)
{
    return matmulGroup(context, input, {&weight, 1}, bias ? std::span(&bias, 1) : std::span<const Tensor>()).front();
}

void matmulAdd(const OpContext& context, const MatmulInput& input, const Tensor& weight, const Tensor& bias, Tensor& residual)
{
    check(input, weight, bias);
    const int64_t nTokens = input.x().rows();
    if (residual.rows() != nTokens || residual.cols() != weight.rows())
        throw std::invalid_argument("matmulAdd: residual " + toString(residual.shape()) + " does not fit");
    const Product product(context, input, weight);
    const int64_t width = weight.rows();
    context.pool.parallelFor(product.nTiles(), piece(product.nTiles(), context.pool.nThreads()), [&](int64_t begin, int64_t end) {
        float* out = scratch(nTokens * kTileRows, 0);
        for (int64_t tile = begin; tile < end; ++tile) {
            const TileRows rows = tileRows(tile, width);
            product.computeTile(rows, out);
            const float* b = bias ? bias.f32() + rows.first : nullptr;
            float* to = residual.f32() + rows.first;
            for (int64_t t = 0; t < nTokens; ++t)
                for (int r = rows.skip; r < rows.skip + rows.count; ++r)
                    to[t * width + r] += b ? out[t * kTileRows + r] + b[r] : out[t * kTileRows + r];
        }
    });
}

Tensor matmulSwiglu(const OpContext& context, const MatmulInput& input, const Tensor& gate, const Tensor& up)
{
    check(input, gate, {});
    check(input, up, {});
    if (gate.rows() != up.rows())
        throw std::invalid_argument("matmulSwiglu: gate and up differ in height");
    const int64_t nTokens = input.x().rows();
    const int64_t width = gate.rows();
    Tensor result = Tensor::empty({nTokens, width});
    const Product gates(context, input, gate);
    const Product ups(context, input, up);
    const auto silu = tileKernels(context.level).siluTimes;
    context.pool.parallelFor(gates.nTiles(), piece(gates.nTiles(), context.pool.nThreads()), [&](int64_t begin, int64_t end) {
        float* g = scratch(nTokens * kTileRows, 0);
        float* u = scratch(nTokens * kTileRows, 1);
        for (int64_t tile = begin; tile < end; ++tile) {
            const TileRows rows = tileRows(tile, width);
            gates.computeTile(rows, g);
            ups.computeTile(rows, u);
            silu(g, u, nTokens * kTileRows);
            float* to = result.f32() + rows.first;
            for (int64_t t = 0; t < nTokens; ++t)
                for (int r = rows.skip; r < rows.skip + rows.count; ++r)
                    to[t * width + r] = g[t * kTileRows + r];
        }
    });
    return result;
}

} // namespace sy::ops
