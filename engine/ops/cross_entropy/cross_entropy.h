// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sy::ops {

/// The output head of a model as its loss sees it.
struct LossHead {
    Tensor weight;     // (vocabulary, dim) of any type
    Tensor bias;       // (vocabulary) f32 or empty
    float softCap = 0; // logits stay inside ±softCap; 0: as they are
};

/// Rows of logits in memory at a time: the next power of two of tokens * dim / vocabulary, so that a chunk of logits is
/// about as large as the hidden rows (Hsu et al. 2024, arXiv:2410.10989); more where 64 MiB hold them, since each chunk decodes
/// the whole head.
int64_t lossChunkRows(int64_t nRows, int64_t dim, int64_t nVocabulary);

/// -ln p(label) of each row, without ever holding logits of more than chunkRows rows.
///
/// hidden   (rows, dim) f32, normalized; only rows whose label counts
/// labels   one for each row, in 0 ... vocabulary-1
std::vector<float> crossEntropy(const OpContext& context, const Tensor& hidden, const LossHead& head,
                                std::span<const int32_t> labels, int64_t chunkRows);

struct CrossEntropyGrad {
    std::vector<float> losses; // -ln p(label), nats
    Tensor hidden;             // (rows, dim) f32: gradient of sum(factors[i] * losses[i])
};

/// The same with gradients, in one pass over the logits: softmax minus one-hot, times a row's factor, takes their place.
///
/// factors          dLoss / d losses[i], one for each row
/// dWeight, dBias   added to where given, f32 of the head's shapes
/// betweenParts     called between chunks and inside of them, wherever others may have the processor; may be empty
///
/// hidden and losses have the same bits for every chunkRows. Throws std::invalid_argument when counts differ or a label is
/// outside the vocabulary.
CrossEntropyGrad crossEntropyGrad(const OpContext& context, const Tensor& hidden, const LossHead& head,
                                  std::span<const int32_t> labels, std::span<const float> factors, int64_t chunkRows,
                                  Tensor* dWeight = nullptr, Tensor* dBias = nullptr,
                                  const std::function<void()>& betweenParts = {});

} // namespace sy::ops
