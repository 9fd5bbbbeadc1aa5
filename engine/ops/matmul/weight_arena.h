// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstddef>
#include <memory>

namespace sy::ops {

/// Bytes that packing this weight takes: its own size when the matrix products have a packed form for its type and its height is
/// a multiple of 16, else 0 (such a weight is used where it lies).
size_t packedBytes(const Tensor& weight);

/// Memory for the packed weights of one model: one anonymous mapping, filled as weights are packed. The tensors keep
/// it alive.
class WeightArena {
public:
    /// Throws OutOfMemory.
    explicit WeightArena(size_t bytes);

    /// A copy in Layout::tiles, made by all threads of the context; the weight itself when packedBytes is 0.
    /// Throws std::invalid_argument when the arena is full.
    Tensor pack(const OpContext& context, const Tensor& weight);

private:
    std::shared_ptr<std::byte> m_memory;
    size_t m_bytes;
    size_t m_used = 0;
};

} // namespace sy::ops
