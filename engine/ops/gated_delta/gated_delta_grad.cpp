// SPDX-License-Identifier: GPL-3.0-or-later
// A task is one text and one head of keys, with all heads of values that read it, some columns after the others: what they
// give back to the same query and key adds up inside the task, in one order. Columns do not meet in a memory, and a chunk of
// memories of few columns stays in a second-level cache. Running the memory backwards instead of keeping it (S before = what
// S after says) would divide by e^g, which is 0 where a head forgets.
//
//     borders   S0 ........ SC ........ S2C .....       forward once, a copy at each border
//     chunk              SC SC+1 SC+2 ..                forward again from its border, a copy for each token
//                        <-------- D                    backward through the chunk; then the chunk before it
#include "engine/ops/gated_delta/gated_delta_grad.h"

#include "engine/cpu/exp.h"
#include "engine/cpu/vec.h"
#include "engine/ops/gated_delta/gated_delta_columns.h"
#include "engine/ops/gated_delta/gated_delta_grad_tokens.h"
#include "engine/ops/packed_texts.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

struct Kernels {
    decltype(&deltaColumns<cpu::Scalar>) forward;
    decltype(&deltaGradTokens<cpu::Scalar>) backward;
};

Kernels kernelsFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return {&deltaColumns<cpu::Avx512>, &deltaGradTokens<cpu::Avx512>};
    if (level == cpu::Level::avx2)
        return {&deltaColumns<cpu::Avx2>, &deltaGradTokens<cpu::Avx2>};
#endif
    (void)level;
    return {&deltaColumns<cpu::Scalar>, &deltaGradTokens<cpu::Scalar>};
}

int64_t chunkOf(int64_t length)
{
    return std::max<int64_t>(1, int64_t(std::ceil(std::sqrt(double(length)))));
}

struct Text {
    int64_t row;
    int64_t length;
};

std::vector<Text> textsOf(std::span<const int64_t> lengths, const Tensor& qkv)
{
    requireTexts("packedGatedDelta", qkv, lengths);
    std::vector<Text> texts;
    int64_t row = 0;
    for (const int64_t length : lengths) {
        texts.push_back({row, length});
        row += length;
    }
    return texts;
}

// d (n), the gradient of x / max(|x|, epsilon) * factor, becomes that of x.
void normalizationGrad(const float* x, int n, float epsilon, double factor, float* d)
{
    double square = 0, along = 0;
    for (int i = 0; i < n; ++i) {
        square += double(x[i]) * double(x[i]);
        along += double(x[i]) * double(d[i]);
    }
    const double length = std::sqrt(square);
    const bool isShort = !(length > double(epsilon));
    const double divisor = isShort ? double(epsilon) : length, back = isShort ? 0 : along / square;
    for (int i = 0; i < n; ++i)
        d[i] = float(factor / divisor * (double(d[i]) - back * double(x[i])));
}

class Job {
public:
    Job(const OpContext& context, const GatedDeltaConfig& config, const Tensor& qkv, const Tensor& decay, const Tensor& beta,
        const Tensor& dy)
        : m_config(config), m_kernels(kernelsFor(context.level)), m_qkv(qkv), m_beta(beta), m_dy(dy),
          m_keyWidth(int64_t(config.nKeyHeads) * config.keyDim),
          m_factors(size_t(decay.count())), m_grad{Tensor::zeros(qkv.shape()), Tensor::zeros(decay.shape()),
                                                   Tensor::zeros(beta.shape())}
    {
        for (size_t i = 0; i < m_factors.size(); ++i)
            m_factors[i] = cpu::expDefinition(decay.f32()[i]);
    }

    void run(const Text& text, int keyHead)
    {
        Tensor memory = Tensor::empty({deltaGradFloats(m_config, text.length)});
        for (int head = keyHead; head < m_config.nValueHeads; head += m_config.nKeyHeads)
            for (int column = 0; column < m_config.valueDim; column += kDeltaColumns)
                runColumns(text, {head, column, std::min(kDeltaColumns, m_config.valueDim - column)}, memory.f32());
        const double factor = 1 / std::sqrt(double(m_config.keyDim));
        for (int64_t t = text.row; t < text.row + text.length; ++t) {
            const int64_t at = t * m_qkv.cols() + int64_t(keyHead) * m_config.keyDim;
            float* d = m_grad.qkv.f32() + at;
            normalizationGrad(m_qkv.f32() + at, m_config.keyDim, m_config.epsilon, factor, d);
            normalizationGrad(m_qkv.f32() + at + m_keyWidth, m_config.keyDim, m_config.epsilon, 1, d + m_keyWidth);
        }
    }

    GatedDeltaGrad take() { return std::move(m_grad); }

private:
    // Some columns of a head of values.
    struct Columns {
        int head, first, n;
    };
    int64_t keyColumn(const Columns& c) const { return int64_t(c.head % m_config.nKeyHeads) * m_config.keyDim; }
    int64_t valueColumn(const Columns& c) const { return int64_t(c.head) * m_config.valueDim + c.first; }

    void runColumns(const Text& text, const Columns& columns, float* memory)
    {
        const int64_t chunk = chunkOf(text.length), nChunks = (text.length + chunk - 1) / chunk;
        const int64_t nFloats = int64_t(m_config.keyDim) * columns.n;
        float* const borders = memory;
        float* const states = borders + nChunks * nFloats;
        float* const dState = states + chunk * nFloats;
        float* const scratch = dState + nFloats;
        std::fill_n(borders, nFloats, 0.0f);
        for (int64_t i = 1; i < nChunks; ++i) {
            std::copy_n(borders + (i - 1) * nFloats, nFloats, borders + i * nFloats);
            advance(text.row + (i - 1) * chunk, chunk, columns, borders + i * nFloats, scratch);
        }
        std::fill_n(dState, nFloats, 0.0f);
        for (int64_t i = nChunks - 1; i >= 0; --i) {
            const int64_t row = text.row + i * chunk, n = std::min(chunk, text.row + text.length - row);
            std::copy_n(borders + i * nFloats, nFloats, states);
            for (int64_t t = 1; t < n; ++t) {
                std::copy_n(states + (t - 1) * nFloats, nFloats, states + t * nFloats);
                advance(row + t - 1, 1, columns, states + t * nFloats, scratch);
            }
            back(row, n, columns, states, dState, scratch);
        }
    }

    DeltaTokens tokens(int64_t row, int64_t n, const Columns& columns) const
    {
        return deltaTokens(m_config, m_qkv, m_beta, row, n, m_factors.data() + row * m_config.nValueHeads, columns.head,
                           columns.first);
    }

    // The memory n tokens on, as the forward pass has it bit for bit.
    void advance(int64_t row, int64_t n, const Columns& columns, float* state, float* scratch) const
    {
        DeltaColumns job{tokens(row, n, columns)};
        job.state = state;
        job.stateStride = columns.n;
        job.out = scratch; // nobody reads it
        job.outStride = 0;
        m_kernels.forward(job);
    }

    void back(int64_t row, int64_t n, const Columns& columns, const float* states, float* dState, float* scratch)
    {
        const int64_t at = row * m_qkv.cols(), gate = row * m_config.nValueHeads + columns.head;
        DeltaGradTokens job{tokens(row, n, columns)};
        job.states = states;
        job.dOut = m_dy.f32() + row * m_dy.cols() + valueColumn(columns);
        job.outStride = m_dy.cols();
        job.dState = dState;
        job.dq = m_grad.qkv.f32() + at + keyColumn(columns);
        job.dk = job.dq + m_keyWidth;
        job.dv = m_grad.qkv.f32() + at + 2 * m_keyWidth + valueColumn(columns);
        job.dDecay = m_grad.decay.f32() + gate;
        job.dBeta = m_grad.beta.f32() + gate;
        job.scratch = scratch;
        m_kernels.backward(job);
    }

    const GatedDeltaConfig& m_config;
    Kernels m_kernels;
    const Tensor &m_qkv, &m_beta, &m_dy;
    int64_t m_keyWidth;
    std::vector<float> m_factors; // e^g
    GatedDeltaGrad m_grad;
};

} // namespace

Tensor packedGatedDelta(const OpContext& context, const GatedDeltaConfig& c, const Tensor& qkv, const Tensor& decay,
                        const Tensor& beta, std::span<const int64_t> lengths)
{
    Tensor out = Tensor::empty({qkv.rows(), int64_t(c.nValueHeads) * c.valueDim});
    const Tensor nothing = Tensor::zeros({int64_t(c.nValueHeads) * c.keyDim, c.valueDim});
    Tensor memory = Tensor::empty(nothing.shape());
    for (const Text& text : textsOf(lengths, qkv))
        gatedDelta(context, c, qkv, decay, beta, text.row, text.length, nothing.f32(), memory.f32(), out);
    return out;
}

GatedDeltaGrad packedGatedDeltaGrad(const OpContext& context, const GatedDeltaConfig& c, const Tensor& qkv,
                                    const Tensor& decay, const Tensor& beta, std::span<const int64_t> lengths,
                                    const Tensor& dy, const std::function<void()>& betweenParts)
{
    const bool fits = c.nKeyHeads > 0 && c.nValueHeads % c.nKeyHeads == 0 && c.keyDim > 0 && c.keyDim <= kMostDeltaKey &&
                      c.valueDim > 0 &&
                      qkv.cols() == 2 * int64_t(c.nKeyHeads) * c.keyDim + int64_t(c.nValueHeads) * c.valueDim &&
                      decay.shape() == Shape{qkv.rows(), c.nValueHeads} && beta.shape() == decay.shape() &&
                      dy.shape() == Shape{qkv.rows(), int64_t(c.nValueHeads) * c.valueDim};
    if (!fits)
        throw std::invalid_argument("packedGatedDeltaGrad: qkv " + toString(qkv.shape()) + ", decay " +
                                    toString(decay.shape()) + ", gradient " + toString(dy.shape()));
    const std::vector<Text> texts = textsOf(lengths, qkv);
    Job job(context, c, qkv, decay, beta, dy);
    const int64_t nUnits = int64_t(texts.size()) * c.nKeyHeads, nPart = 2 * context.pool.nThreads();
    for (int64_t first = 0; first < nUnits; first += nPart) {
        if (first > 0 && betweenParts)
            betweenParts();
        context.pool.parallelFor(std::min(nPart, nUnits - first), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = first + begin; i < first + end; ++i)
                job.run(texts[size_t(i / c.nKeyHeads)], int(i % c.nKeyHeads));
        });
    }
    return job.take();
}

int64_t deltaGradFloats(const GatedDeltaConfig& c, int64_t length)
{
    const int64_t chunk = chunkOf(length), nChunks = (length + chunk - 1) / chunk;
    const int nColumns = std::min(c.valueDim, kDeltaColumns);
    return (nChunks + chunk + 1) * c.keyDim * nColumns + 3 * nColumns;
}

} // namespace sy::ops
