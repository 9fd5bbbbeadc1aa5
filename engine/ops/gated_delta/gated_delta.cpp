// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/gated_delta/gated_delta.h"

#include "engine/cpu/exp.h"
#include "engine/cpu/vec.h"
#include "engine/ops/gated_delta/gated_delta_columns.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

auto kernelFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return &deltaColumns<cpu::Avx512>;
    if (level == cpu::Level::avx2)
        return &deltaColumns<cpu::Avx2>;
#endif
    (void)level;
    return &deltaColumns<cpu::Scalar>;
}

} // namespace

DeltaTokens deltaTokens(const GatedDeltaConfig& c, const Tensor& qkv, const Tensor& beta, int64_t row, int64_t n,
                        const float* factors, int64_t head, int64_t column)
{
    const int64_t keyWidth = int64_t(c.nKeyHeads) * c.keyDim;
    const float* tokens = qkv.f32() + row * qkv.cols();
    DeltaTokens job{};
    job.q = tokens + head % c.nKeyHeads * c.keyDim;
    job.k = job.q + keyWidth;
    job.v = tokens + 2 * keyWidth + head * c.valueDim + column;
    job.qkvStride = qkv.cols();
    job.decay = factors + head;
    job.beta = beta.f32() + row * c.nValueHeads + head;
    job.gateStride = c.nValueHeads;
    job.nTokens = n;
    job.keyDim = c.keyDim;
    job.nColumns = int(std::min<int64_t>(kDeltaColumns, c.valueDim - column));
    job.epsilon = c.epsilon;
    return job;
}

void gatedDelta(const OpContext& context, const GatedDeltaConfig& c, const Tensor& qkv, const Tensor& decay,
                const Tensor& beta, int64_t first, int64_t n, const float* state, float* next, Tensor& out)
{
    if (c.nKeyHeads < 1 || c.nValueHeads < 1 || c.nValueHeads % c.nKeyHeads != 0 || c.keyDim < 1 ||
        c.keyDim > kMostDeltaKey || c.valueDim < 1)
        throw std::invalid_argument("gatedDelta: heads do not fit");
    const int64_t keyWidth = int64_t(c.nKeyHeads) * c.keyDim, valueWidth = int64_t(c.nValueHeads) * c.valueDim;
    if (qkv.cols() != 2 * keyWidth + valueWidth || decay.cols() != c.nValueHeads || beta.cols() != c.nValueHeads ||
        out.cols() != valueWidth || first < 0 || n < 0 || first + n > qkv.rows() || decay.rows() != qkv.rows() ||
        beta.rows() != qkv.rows() || out.rows() != qkv.rows())
        throw std::invalid_argument("gatedDelta: qkv " + toString(qkv.shape()) + ", decay " + toString(decay.shape()) +
                                    ", out " + toString(out.shape()) + ", rows " + std::to_string(first) + " to " +
                                    std::to_string(first + n));
    std::vector<float> factors(size_t(n) * size_t(c.nValueHeads));
    for (size_t i = 0; i < factors.size(); ++i)
        factors[i] = cpu::expDefinition(decay.f32()[first * c.nValueHeads + int64_t(i)]);

    const auto run = kernelFor(context.level);
    const int64_t nParts = (c.valueDim + kDeltaColumns - 1) / kDeltaColumns;
    context.pool.parallelFor(c.nValueHeads * nParts, 1, [&, outData = out.f32()](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t head = i / nParts, column = i % nParts * kDeltaColumns;
            const int nColumns = int(std::min<int64_t>(kDeltaColumns, c.valueDim - column));
            const int64_t at = head * c.keyDim * c.valueDim + column;
            for (int r = 0; next != state && r < c.keyDim; ++r)
                std::copy_n(state + at + int64_t(r) * c.valueDim, nColumns, next + at + int64_t(r) * c.valueDim);
            DeltaColumns job{deltaTokens(c, qkv, beta, first, n, factors.data(), head, column)};
            job.state = next + at;
            job.stateStride = c.valueDim;
            job.out = outData + first * valueWidth + head * c.valueDim + column;
            job.outStride = valueWidth;
            run(job);
        }
    });
}

} // namespace sy::ops
