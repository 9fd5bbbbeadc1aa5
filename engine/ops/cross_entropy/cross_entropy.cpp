// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/cross_entropy/cross_entropy.h"

#include "engine/cpu/vec.h"
#include "engine/ops/add/add.h"
#include "engine/ops/cross_entropy/cross_entropy_row.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/matmul_grad.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/soft_cap/soft_cap.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace sy::ops {

namespace {

struct RowKernels {
    void (*sum)(const float*, int64_t, float*, float*) noexcept;
    void (*times)(float*, int64_t, float, float) noexcept;
};

RowKernels kernelsFor(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return {&softmaxSum<cpu::Avx512>, &softmaxTimes<cpu::Avx512>};
    if (level == cpu::Level::avx2)
        return {&softmaxSum<cpu::Avx2>, &softmaxTimes<cpu::Avx2>};
#endif
    (void)level;
    return {&softmaxSum<cpu::Scalar>, &softmaxTimes<cpu::Scalar>};
}

void check(const Tensor& hidden, const LossHead& head, std::span<const int32_t> labels, int64_t chunkRows)
{
    if (chunkRows < 1 || hidden.rows() != int64_t(labels.size()) || hidden.cols() != head.weight.cols())
        throw std::invalid_argument("crossEntropy: hidden " + toString(hidden.shape()) + ", head " +
                                    toString(head.weight.shape()) + ", " + std::to_string(labels.size()) + " labels");
    for (const int32_t label : labels) {
        if (label < 0 || label >= head.weight.rows())
            throw std::invalid_argument("crossEntropy: label " + std::to_string(label) + " of " +
                                        std::to_string(head.weight.rows()));
    }
}

// The logits of a chunk, and losses from them; use(logits, log sums) afterwards.
template <class Use>
void eachChunk(const OpContext& context, const Tensor& hidden, const LossHead& head, std::span<const int32_t> labels,
               int64_t chunkRows, std::vector<float>& losses, Use&& use)
{
    const RowKernels kernels = kernelsFor(context.level);
    const int64_t nVocabulary = head.weight.rows();
    losses.resize(labels.size());
    std::vector<float> logSums(static_cast<size_t>(chunkRows));
    for (int64_t first = 0; first < hidden.rows(); first += chunkRows) {
        const int64_t n = std::min(chunkRows, hidden.rows() - first);
        Tensor logits = matmul(context, MatmulInput(hidden.rowRange(first, n)), head.weight, head.bias);
        if (head.softCap > 0)
            softCap(context, logits, head.softCap);
        context.pool.parallelFor(n, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const float* row = logits.f32() + i * nVocabulary;
                float largest, sum;
                kernels.sum(row, nVocabulary, &largest, &sum);
                const double logSum = double(largest) + std::log(double(sum));
                logSums[size_t(i)] = float(logSum);
                losses[size_t(first + i)] = float(logSum - double(row[labels[size_t(first + i)]]));
            }
        });
        use(first, n, logits, logSums);
    }
}

} // namespace

int64_t lossChunkRows(int64_t nRows, int64_t dim, int64_t nVocabulary)
{
    constexpr int64_t kAlwaysThere = 64 << 20; // bytes
    const int64_t nParts = std::max<int64_t>(1, (nVocabulary + dim - 1) / std::max<int64_t>(1, dim));
    const auto asHidden = int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(1, (nRows + nParts - 1) / nParts))));
    const int64_t fitting = kAlwaysThere / (std::max<int64_t>(1, nVocabulary) * int64_t(sizeof(float)));
    return std::max(asHidden, std::min(nRows, fitting));
}

std::vector<float> crossEntropy(const OpContext& context, const Tensor& hidden, const LossHead& head,
                                std::span<const int32_t> labels, int64_t chunkRows)
{
    check(hidden, head, labels, chunkRows);
    std::vector<float> losses;
    eachChunk(context, hidden, head, labels, chunkRows, losses, [](auto&&...) {});
    return losses;
}

CrossEntropyGrad crossEntropyGrad(const OpContext& context, const Tensor& hidden, const LossHead& head,
                                  std::span<const int32_t> labels, std::span<const float> factors, int64_t chunkRows,
                                  Tensor* dWeight, Tensor* dBias, const std::function<void()>& betweenParts)
{
    check(hidden, head, labels, chunkRows);
    if (factors.size() != labels.size())
        throw std::invalid_argument("crossEntropyGrad: " + std::to_string(factors.size()) + " factors");
    const RowKernels kernels = kernelsFor(context.level);
    const int64_t nVocabulary = head.weight.rows();
    CrossEntropyGrad grad{{}, Tensor::empty(hidden.shape())};
    eachChunk(context, hidden, head, labels, chunkRows, grad.losses,
              [&](int64_t first, int64_t n, Tensor& logits, const std::vector<float>& logSums) {
                  Tensor capped;
                  if (head.softCap > 0)
                      capped = Tensor::of(logits.values(), logits.shape());
                  context.pool.parallelFor(n, 1, [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                          float* row = logits.f32() + i * nVocabulary;
                          const float factor = factors[size_t(first + i)];
                          kernels.times(row, nVocabulary, logSums[size_t(i)], factor);
                          row[labels[size_t(first + i)]] -= factor;
                          if (!capped)
                              continue;
                          const float* y = capped.f32() + i * nVocabulary;
                          for (int64_t c = 0; c < nVocabulary; ++c)
                              row[c] *= 1.0f - (y[c] / head.softCap) * (y[c] / head.softCap);
                      }
                  });
                  Tensor rows = grad.hidden.rowRange(first, n);
                  if (betweenParts)
                      betweenParts();
                  matmulGrad(context, logits, head.weight, targetOf(rows), Write::sets, 1, betweenParts);
                  if (dWeight)
                      gemm(context, transposed(viewOf(logits)), viewOf(hidden.rowRange(first, n)), targetOf(*dWeight),
                           Write::adds);
                  if (dBias)
                      addBiasGrad(context, logits, *dBias);
                  if (betweenParts)
                      betweenParts();
              });
    return grad;
}

} // namespace sy::ops
