// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of 64 queries meet blocks of 64 keys; scores live only inside a task.
//
// Backward walks the blocks twice, once with a task for each block of queries (dq) and once with a task for each block of
// keys (dk and dv of all heads that share them). Scores and weights' gradients are computed in both: seven products instead
// of five, but every sum belongs to one task, so that there are no atomics, no copies of dk per thread, and one order.
#include "engine/ops/attention/attention_grad.h"

#include "engine/ops/attention/attention_grad_rows.h"
#include "engine/ops/gemm/gemm_tile.h"
#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace sy::ops {

namespace {

constexpr int64_t kBlock = 64;

AttentionGradKernels kernelsFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return avx512AttentionGradKernels();
    if (level == cpu::Level::avx2)
        return avx2AttentionGradKernels();
#endif
    (void)level;
    return scalarAttentionGradKernels();
}

// One block of rows of one text.
struct Block {
    int64_t textRow; // where the text begins
    int64_t textEnd;
    int64_t row;
    int64_t n;
};

std::vector<Block> cut(std::span<const int64_t> lengths)
{
    std::vector<Block> blocks;
    int64_t row = 0;
    for (const int64_t length : lengths) {
        for (int64_t i = 0; i < length; i += kBlock)
            blocks.push_back({row, row + length, row + i, std::min(kBlock, length - i)});
        row += length;
    }
    return blocks;
}

GemmScratch& threadScratch()
{
    thread_local GemmScratch scratch;
    return scratch;
}

class Job {
public:
    Job(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v, std::span<const int64_t> lengths,
        const AttentionConfig& config)
        : m_context(context), m_q(q), m_k(k), m_v(v), m_config(config), m_rows(kernelsFor(context.level)),
          m_gemm(gemmKernels(context.level)), m_blocks(cut(lengths))
    {
        const int64_t nTokens = q.rows();
        const auto fits = [&](const Tensor& x, int nHeads, int dim) {
            return x.rows() == nTokens && x.cols() == int64_t(nHeads) * dim;
        };
        if (config.nKvHeads < 1 || config.nHeads % config.nKvHeads != 0 || !fits(q, config.nHeads, config.headDim) ||
            !fits(k, config.nKvHeads, config.headDim) || !fits(v, config.nKvHeads, config.valueDim) ||
            std::accumulate(lengths.begin(), lengths.end(), int64_t(0)) != nTokens)
            throw std::invalid_argument("packedAttention: q " + toString(q.shape()) + ", k " + toString(k.shape()) + ", v " +
                                        toString(v.shape()) + ", " + std::to_string(lengths.size()) + " texts");
    }

    PackedAttention forward() const
    {
        const auto& c = m_config;
        PackedAttention result{Tensor::empty({m_q.rows(), int64_t(c.nHeads) * c.valueDim}),
                               Tensor::empty({m_q.rows(), c.nHeads})};
        eachTask(c.nHeads, [&](const Block& block, int head) { forwardBlock(block, head, result); });
        return result;
    }

    AttentionGrad backward(const PackedAttention& forward, const Tensor& dy) const
    {
        const auto& c = m_config;
        if (dy.shape() != forward.output.shape() || forward.logSums.rows() != m_q.rows())
            throw std::invalid_argument("packedAttentionGrad: gradient " + toString(dy.shape()));
        AttentionGrad grad{Tensor::empty(m_q.shape()), Tensor::empty(m_k.shape()), Tensor::empty(m_v.shape())};
        const Tensor deltas = outputProducts(forward.output, dy);
        eachTask(c.nHeads, [&](const Block& queries, int head) {
            alignas(64) float weights[kBlock * kBlock], dScores[kBlock * kBlock];
            Write write = Write::sets;
            eachKeyBlock(queries, [&](const Block& keys) {
                gradients(queries, keys, head, forward, dy, deltas, weights, dScores);
                product({dScores, queries.n, keys.n, kBlock, 1}, view(m_k, keys, kvHead(head), c.headDim),
                        target(grad.q, queries, head, c.headDim), write);
                write = Write::adds;
            });
        });
        eachTask(c.nKvHeads, [&](const Block& keys, int head) {
            alignas(64) float weights[kBlock * kBlock], dScores[kBlock * kBlock];
            Write write = Write::sets;
            const int group = c.nHeads / c.nKvHeads;
            for (int h = head * group; h < (head + 1) * group; ++h) {
                eachQueryBlock(keys, [&](const Block& queries) {
                    gradients(queries, keys, h, forward, dy, deltas, weights, dScores);
                    product(transposed({weights, queries.n, keys.n, kBlock, 1}), view(dy, queries, h, c.valueDim),
                            target(grad.v, keys, head, c.valueDim), write);
                    product(transposed({dScores, queries.n, keys.n, kBlock, 1}), view(m_q, queries, h, c.headDim),
                            target(grad.k, keys, head, c.headDim), write);
                    write = Write::adds;
                });
            }
        });
        return grad;
    }

private:
    template <class F>
    void eachTask(int nHeads, F&& f) const
    {
        // The last blocks of a text see the most keys: they come first.
        const auto nBlocks = int64_t(m_blocks.size());
        m_context.pool.parallelFor(nBlocks * nHeads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                f(m_blocks[size_t(nBlocks - 1 - i / nHeads)], int(i % nHeads));
        });
    }

    // Blocks of keys that a block of queries sees, and the other way round.
    template <class F>
    void eachKeyBlock(const Block& queries, F&& f) const
    {
        for (int64_t row = queries.textRow; row < queries.row + queries.n; row += kBlock) {
            if (m_config.window > 0 && row + kBlock <= queries.row - m_config.window + 1)
                continue;
            f(Block{queries.textRow, queries.textEnd, row, std::min(kBlock, queries.textEnd - row)});
        }
    }
    template <class F>
    void eachQueryBlock(const Block& keys, F&& f) const
    {
        for (int64_t row = keys.row; row < keys.textEnd; row += kBlock) {
            if (m_config.window > 0 && row >= keys.row + keys.n - 1 + m_config.window)
                break;
            f(Block{keys.textRow, keys.textEnd, row, std::min(kBlock, keys.textEnd - row)});
        }
    }

    int kvHead(int head) const { return head / (m_config.nHeads / m_config.nKvHeads); }

    static MatrixView view(const Tensor& x, const Block& block, int head, int dim)
    {
        return {x.f32() + block.row * x.cols() + int64_t(head) * dim, block.n, dim, x.cols(), 1};
    }
    static MatrixTarget target(Tensor& x, const Block& block, int head, int dim)
    {
        return {x.f32() + block.row * x.cols() + int64_t(head) * dim, x.cols()};
    }
    void product(const MatrixView& a, const MatrixView& b, const MatrixTarget& c, Write write, float factor = 1) const
    {
        gemmHere(m_gemm, threadScratch(), a, b, c, write, factor);
    }

    // Which keys of a block a query sees: [first, last).
    struct Seen {
        int first, last;
    };
    Seen seen(int64_t query, const Block& keys) const
    {
        const int64_t last = std::clamp<int64_t>(query + 1 - keys.row, 0, keys.n);
        const int64_t first = m_config.window > 0 ? std::max<int64_t>(0, query - m_config.window + 1 - keys.row) : 0;
        return {int(std::min(first, last)), int(last)};
    }

    void scores(const Block& queries, const Block& keys, int head, float* out) const
    {
        product(view(m_q, queries, head, m_config.headDim), transposed(view(m_k, keys, kvHead(head), m_config.headDim)),
                {out, kBlock}, Write::sets, m_config.scale);
    }

    void forwardBlock(const Block& queries, int head, PackedAttention& result) const
    {
        const auto& c = m_config;
        alignas(64) float weights[kBlock * kBlock];
        float largest[kBlock], sums[kBlock];
        std::fill_n(largest, queries.n, 0.0f);
        std::fill_n(sums, queries.n, 0.0f);
        const MatrixTarget output = target(result.output, queries, head, c.valueDim);
        bool isFirst = true;
        eachKeyBlock(queries, [&](const Block& keys) {
            scores(queries, keys, head, weights);
            for (int64_t i = 0; i < queries.n; ++i) {
                const Seen s = seen(queries.row + i, keys);
                const float correction =
                    m_rows.softmaxStep(weights + i * kBlock, s.first, s.last, int(keys.n), largest + i, sums + i);
                if (!isFirst && correction != 1.0f)
                    m_rows.scale(output.data + i * output.rowStride, correction, c.valueDim);
            }
            product({weights, queries.n, keys.n, kBlock, 1}, view(m_v, keys, kvHead(head), c.valueDim), output,
                    isFirst ? Write::sets : Write::adds);
            isFirst = false;
        });
        for (int64_t i = 0; i < queries.n; ++i) {
            double logSum = double(largest[i]) + std::log(double(sums[i]));
            if (c.sinks) {
                const double sink = double(c.sinks[head]), top = std::max(logSum, sink);
                logSum = top + std::log(std::exp(logSum - top) + std::exp(sink - top));
            }
            m_rows.scale(output.data + i * output.rowStride, float(std::exp(double(largest[i]) - logSum)), c.valueDim);
            result.logSums.f32()[(queries.row + i) * c.nHeads + head] = float(logSum);
        }
    }

    // delta = sum of output * dy of a head: what the softmax's own gradient subtracts.
    Tensor outputProducts(const Tensor& output, const Tensor& dy) const
    {
        const int64_t nHeads = m_config.nHeads, dim = m_config.valueDim;
        Tensor deltas = Tensor::empty({output.rows(), nHeads});
        parallelRows(m_context, output.rows(), output.cols(), [&, out = deltas.f32()](int64_t first, int64_t end) {
            for (int64_t i = first * nHeads; i < end * nHeads; ++i) {
                float sum = 0;
                for (int64_t d = i * dim; d < (i + 1) * dim; ++d)
                    sum += output.f32()[d] * dy.f32()[d];
                out[i] = sum;
            }
        });
        return deltas;
    }

    // The weights of a block and the gradients of its unscaled scores, rows kBlock apart.
    void gradients(const Block& queries, const Block& keys, int head, const PackedAttention& forward, const Tensor& dy,
                   const Tensor& deltas, float* weights, float* dScores) const
    {
        const auto& c = m_config;
        scores(queries, keys, head, weights);
        product(view(dy, queries, head, c.valueDim), transposed(view(m_v, keys, kvHead(head), c.valueDim)),
                {dScores, kBlock}, Write::sets);
        for (int64_t i = 0; i < queries.n; ++i) {
            const int64_t entry = (queries.row + i) * c.nHeads + head;
            const Seen s = seen(queries.row + i, keys);
            m_rows.weigh(weights + i * kBlock, s.first, s.last, int(keys.n), forward.logSums.f32()[entry]);
            m_rows.scoreGrad(weights + i * kBlock, dScores + i * kBlock, deltas.f32()[entry], c.scale, int(keys.n));
        }
    }

    const OpContext& m_context;
    const Tensor &m_q, &m_k, &m_v;
    const AttentionConfig& m_config;
    AttentionGradKernels m_rows;
    GemmKernels m_gemm;
    std::vector<Block> m_blocks;
};

} // namespace

PackedAttention packedAttention(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                std::span<const int64_t> lengths, const AttentionConfig& config)
{
    return Job(context, q, k, v, lengths, config).forward();
}

AttentionGrad packedAttentionGrad(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                  std::span<const int64_t> lengths, const AttentionConfig& config,
                                  const PackedAttention& forward, const Tensor& dy)
{
    return Job(context, q, k, v, lengths, config).backward(forward, dy);
}

} // namespace sy::ops
