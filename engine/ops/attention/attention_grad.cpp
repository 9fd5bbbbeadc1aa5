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
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace sy::ops {

namespace {

constexpr int64_t kBlock = 64;
constexpr uint64_t kAllBits = ~uint64_t(0); // no choice
constexpr float kHidden = -1e30f;

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

struct Text {
    int64_t row, end;       // of its tokens
    int64_t keyRow, keyEnd; // of its keys
};

std::vector<Text> textsOf(std::span<const int64_t> lengths, std::span<const int64_t> keyLengths)
{
    std::vector<Text> texts;
    int64_t row = 0, keyRow = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
        const int64_t nKeys = keyLengths.empty() ? lengths[i] : keyLengths[i];
        texts.push_back({row, row + lengths[i], keyRow, keyRow + nKeys});
        row += lengths[i];
        keyRow += nKeys;
    }
    return texts;
}

// Some tokens of a text, or some of its keys.
struct Block {
    Text text;
    int64_t row;
    int64_t n;
};

std::vector<Block> cut(const std::vector<Text>& texts, int64_t Text::*row, int64_t Text::*end)
{
    std::vector<Block> blocks;
    for (const Text& text : texts)
        for (int64_t i = text.*row; i < text.*end; i += kBlock)
            blocks.push_back({text, i, std::min(kBlock, text.*end - i)});
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
        const AttentionConfig& config, const SeenKeys& seen)
        : m_context(context), m_q(q), m_k(k), m_v(v), m_config(config), m_seen(seen), m_rows(kernelsFor(context.level)),
          m_gemm(gemmKernels(context.level))
    {
        const auto sum = [](std::span<const int64_t> n) { return std::accumulate(n.begin(), n.end(), int64_t(0)); };
        const bool hasOwnKeys = !seen.lengths.empty();
        const int64_t nTokens = q.rows(), nKeys = hasOwnKeys ? sum(seen.lengths) : nTokens;
        const auto fits = [](const Tensor& x, int64_t nRows, int nHeads, int dim) {
            return x.rows() == nRows && x.cols() == int64_t(nHeads) * dim;
        };
        const bool hasLists = seen.rows.empty() ? !hasOwnKeys : int64_t(seen.rows.size()) == nTokens;
        if (config.nKvHeads < 1 || config.nHeads % config.nKvHeads != 0 ||
            !fits(q, nTokens, config.nHeads, config.headDim) || !fits(k, nKeys, config.nKvHeads, config.headDim) ||
            !fits(v, nKeys, config.nKvHeads, config.valueDim) || sum(lengths) != nTokens || !hasLists ||
            (hasOwnKeys && (seen.lengths.size() != lengths.size() || config.window > 0)))
            throw std::invalid_argument("packedAttention: q " + toString(q.shape()) + ", k " + toString(k.shape()) + ", v " +
                                        toString(v.shape()) + ", " + std::to_string(lengths.size()) + " texts");
        const std::vector<Text> texts = textsOf(lengths, seen.lengths);
        checkLists(texts);
        m_blocks = cut(texts, &Text::row, &Text::end);
        m_keyBlocks = cut(texts, &Text::keyRow, &Text::keyEnd);
    }

    PackedAttention forward() const
    {
        const auto& c = m_config;
        PackedAttention result{Tensor::empty({m_q.rows(), int64_t(c.nHeads) * c.valueDim}),
                               Tensor::empty({m_q.rows(), c.nHeads})};
        eachTask(m_blocks, c.nHeads, [&](const Block& block, int head) { forwardBlock(block, head, result); });
        return result;
    }

    AttentionGrad backward(const PackedAttention& forward, const Tensor& dy) const
    {
        const auto& c = m_config;
        if (dy.shape() != forward.output.shape() || forward.logSums.rows() != m_q.rows())
            throw std::invalid_argument("packedAttentionGrad: gradient " + toString(dy.shape()));
        AttentionGrad grad{Tensor::empty(m_q.shape()), Tensor::empty(m_k.shape()), Tensor::empty(m_v.shape())};
        const Tensor deltas = outputProducts(forward.output, dy);
        eachTask(m_blocks, c.nHeads, [&](const Block& queries, int head) {
            alignas(64) float weights[kBlock * kBlock], dScores[kBlock * kBlock];
            SeenRows seen;
            Write write = Write::sets;
            eachKeyBlock(queries, [&](const Block& keys) {
                if (!findSeen(queries, keys, seen))
                    return;
                gradients(queries, keys, head, forward, dy, deltas, seen, weights, dScores);
                product({dScores, queries.n, keys.n, kBlock, 1}, view(m_k, keys, kvHead(head), c.headDim),
                        target(grad.q, queries, head, c.headDim), write);
                write = Write::adds;
            });
        });
        eachTask(m_keyBlocks, c.nKvHeads, [&](const Block& keys, int head) {
            alignas(64) float weights[kBlock * kBlock], dScores[kBlock * kBlock];
            SeenRows seen;
            Write write = Write::sets;
            const int group = c.nHeads / c.nKvHeads;
            for (int h = head * group; h < (head + 1) * group; ++h) {
                eachQueryBlock(keys, [&](const Block& queries) {
                    if (!findSeen(queries, keys, seen))
                        return;
                    gradients(queries, keys, h, forward, dy, deltas, seen, weights, dScores);
                    product(transposed({weights, queries.n, keys.n, kBlock, 1}), view(dy, queries, h, c.valueDim),
                            target(grad.v, keys, head, c.valueDim), write);
                    product(transposed({dScores, queries.n, keys.n, kBlock, 1}), view(m_q, queries, h, c.headDim),
                            target(grad.k, keys, head, c.headDim), write);
                    write = Write::adds;
                });
            }
            if (write == Write::sets) { // nobody looks there
                clear(target(grad.v, keys, head, c.valueDim), keys.n, c.valueDim);
                clear(target(grad.k, keys, head, c.headDim), keys.n, c.headDim);
            }
        });
        return grad;
    }

private:
    void checkLists(const std::vector<Text>& texts) const
    {
        if (m_seen.rows.empty())
            return;
        for (const Text& text : texts)
            for (int64_t i = text.row; i < text.end; ++i) {
                const std::vector<int32_t>& list = m_seen.rows[size_t(i)];
                if (list.empty() ? !m_seen.lengths.empty() : list.front() < 0 || list.back() >= text.keyEnd - text.keyRow)
                    throw std::invalid_argument("packedAttention: keys that row " + std::to_string(i) + " does not have");
            }
    }

    template <class F>
    void eachTask(const std::vector<Block>& blocks, int nHeads, F&& f) const
    {
        // The last blocks of a text see the most keys: they come first.
        const auto nBlocks = int64_t(blocks.size());
        m_context.pool.parallelFor(nBlocks * nHeads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                f(blocks[size_t(nBlocks - 1 - i / nHeads)], int(i % nHeads));
        });
    }

    // Blocks of keys that a block of queries sees, and the other way round.
    template <class F>
    void eachKeyBlock(const Block& queries, F&& f) const
    {
        const Text& text = queries.text;
        const int64_t end = isCausal() ? queries.row + queries.n : text.keyEnd;
        for (int64_t row = text.keyRow; row < end; row += kBlock) {
            if (m_config.window > 0 && row + kBlock <= queries.row - m_config.window + 1)
                continue;
            f(Block{text, row, std::min(kBlock, text.keyEnd - row)});
        }
    }
    template <class F>
    void eachQueryBlock(const Block& keys, F&& f) const
    {
        const Text& text = keys.text;
        for (int64_t row = isCausal() ? keys.row : text.row; row < text.end; row += kBlock) {
            if (m_config.window > 0 && row >= keys.row + keys.n - 1 + m_config.window)
                break;
            f(Block{text, row, std::min(kBlock, text.end - row)});
        }
    }

    // Keys are tokens: none behind a query is seen.
    bool isCausal() const { return m_seen.lengths.empty(); }

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

    // Which keys of a block a query sees: those of [first, last) whose bit is set.
    struct Seen {
        int first, last;
        uint64_t bits;
    };
    using SeenRows = std::array<Seen, kBlock>;

    Seen seenBefore(int64_t query, const Block& keys) const
    {
        const int64_t last = std::clamp<int64_t>(query + 1 - keys.row, 0, keys.n);
        const int64_t first = m_config.window > 0 ? std::max<int64_t>(0, query - m_config.window + 1 - keys.row) : 0;
        return {int(std::min(first, last)), int(last), kAllBits};
    }
    Seen seen(int64_t query, const Block& keys) const
    {
        if (m_seen.rows.empty() || m_seen.rows[size_t(query)].empty())
            return seenBefore(query, keys);
        const std::vector<int32_t>& list = m_seen.rows[size_t(query)];
        const int64_t first = keys.row - keys.text.keyRow;
        uint64_t bits = 0;
        for (auto i = std::ranges::lower_bound(list, first); i != list.end() && *i < first + keys.n; ++i)
            bits |= uint64_t(1) << (*i - first);
        return bits == 0 ? Seen{0, 0, 0} : Seen{std::countr_zero(bits), 64 - std::countl_zero(bits), bits};
    }
    // Whether any query of the block sees any key of the other.
    bool findSeen(const Block& queries, const Block& keys, SeenRows& rows) const
    {
        bool isAny = false;
        for (int64_t i = 0; i < queries.n; ++i) {
            rows[size_t(i)] = seen(queries.row + i, keys);
            isAny = isAny || rows[size_t(i)].last > rows[size_t(i)].first;
        }
        return isAny;
    }
    // Between keys that are seen lie others. Their scores count for nothing in a sum with a weight of 1 in it.
    static void hideScores(float* scores, const Seen& s)
    {
        for (int i = s.first; s.bits != kAllBits && i < s.last; ++i)
            if (!(s.bits >> i & 1))
                scores[i] = kHidden;
    }
    static void hideWeights(float* weights, const Seen& s)
    {
        for (int i = s.first; s.bits != kAllBits && i < s.last; ++i)
            if (!(s.bits >> i & 1))
                weights[i] = 0;
    }
    static void clear(const MatrixTarget& rows, int64_t nRows, int64_t n)
    {
        for (int64_t i = 0; i < nRows; ++i)
            std::fill_n(rows.data + i * rows.rowStride, n, 0.0f);
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
        SeenRows seen;
        eachKeyBlock(queries, [&](const Block& keys) {
            if (!findSeen(queries, keys, seen))
                return;
            scores(queries, keys, head, weights);
            for (int64_t i = 0; i < queries.n; ++i) {
                const Seen& s = seen[size_t(i)];
                hideScores(weights + i * kBlock, s);
                const float correction =
                    m_rows.softmaxStep(weights + i * kBlock, s.first, s.last, int(keys.n), largest + i, sums + i);
                hideWeights(weights + i * kBlock, s);
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
                   const Tensor& deltas, const SeenRows& seen, float* weights, float* dScores) const
    {
        const auto& c = m_config;
        scores(queries, keys, head, weights);
        product(view(dy, queries, head, c.valueDim), transposed(view(m_v, keys, kvHead(head), c.valueDim)),
                {dScores, kBlock}, Write::sets);
        for (int64_t i = 0; i < queries.n; ++i) {
            const int64_t entry = (queries.row + i) * c.nHeads + head;
            const Seen& s = seen[size_t(i)];
            m_rows.weigh(weights + i * kBlock, s.first, s.last, int(keys.n), forward.logSums.f32()[entry]);
            hideWeights(weights + i * kBlock, s);
            m_rows.scoreGrad(weights + i * kBlock, dScores + i * kBlock, deltas.f32()[entry], c.scale, int(keys.n));
        }
    }

    const OpContext& m_context;
    const Tensor &m_q, &m_k, &m_v;
    const AttentionConfig& m_config;
    SeenKeys m_seen;
    AttentionGradKernels m_rows;
    GemmKernels m_gemm;
    std::vector<Block> m_blocks, m_keyBlocks;
};

} // namespace

PackedAttention packedAttention(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                std::span<const int64_t> lengths, const AttentionConfig& config, const SeenKeys& seen)
{
    return Job(context, q, k, v, lengths, config, seen).forward();
}

AttentionGrad packedAttentionGrad(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                                  std::span<const int64_t> lengths, const AttentionConfig& config,
                                  const PackedAttention& forward, const Tensor& dy, const SeenKeys& seen)
{
    return Job(context, q, k, v, lengths, config, seen).backward(forward, dy);
}

} // namespace sy::ops
