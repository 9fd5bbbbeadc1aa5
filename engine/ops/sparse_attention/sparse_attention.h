// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sy::ops {

/// The keys that each query attends to: positions in rising order; empty: all that a causal query sees.
using SelectedKeys = std::vector<std::vector<int32_t>>;

/// The lightning indexer of DeepSeek-V3.2 (arXiv:2512.02556): the topK keys t of each query with the largest
///
///     sum over heads h of w_h * max(0, q_h · k_t)
///
/// Which of equal keys are taken depends on the scores of all. Queries that see no more than topK keys get an empty list.
///
/// q          (rows, nHeads * dim) f32
/// weights    (rows, nHeads) f32
/// sequences  how the rows belong to sequences; the index keys are KvPages::values, one head of dim
/// topK       at least 1
/// ratio      tokens that a key stands for; a key is seen once all of them are: its number is what is selected
///
/// A row's list depends on its sequence alone. Throws std::invalid_argument when shapes do not fit.
SelectedKeys selectKeys(const OpContext& context, const Tensor& q, const Tensor& weights,
                        std::span<const AttentionSequence> sequences, int64_t topK, int64_t ratio = 1);

/// attention() in which each row sees its selected keys only. One key head, values in keys (MLA's latents).
Tensor sparseAttention(const OpContext& context, const Tensor& q, std::span<const AttentionSequence> sequences,
                       const AttentionConfig& config, const SelectedKeys& selected);

} // namespace sy::ops
