// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>

namespace sy::ops {

/// How the vectors of a sequence's tokens become one.
enum class Pooling {
    mean,  // over all tokens, special ones included
    first, // the classification token of BERT
    last,
};

/// hidden   (tokens, dim) f32: the sequences one after another
/// lengths  tokens of each sequence, all at least 1; they add up to `tokens`
/// returns  (sequences, dim) f32. A sequence's bits depend on its own rows alone.
///
/// Throws std::invalid_argument when lengths do not fit.
Tensor pool(const OpContext& context, const Tensor& hidden, std::span<const int64_t> lengths, Pooling pooling);

} // namespace sy::ops
