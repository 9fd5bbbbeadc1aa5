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

    /// Where the copy goes, for who makes it piece by piece with packTiles(). Takes a weight whose packedBytes is not 0.
    /// Throws std::invalid_argument when the arena is full.
    Tensor reserve(const Tensor& weight);

private:
    std::shared_ptr<std::byte> m_memory;
    size_t m_bytes;
    size_t m_used = 0;
};

/// How many tiles of 16 rows the packed form has.
int64_t nTiles(const Tensor& weight);

/// Asks the system for the memory that packTiles() will read and write, which may take longer than the work itself: a hint,
/// for another thread than the one that must not wait.
void prefetchTiles(const Tensor& weight, int64_t begin, int64_t end, Tensor& packed) noexcept;

/// Makes the tiles begin … end-1 of a copy that an arena has reserved for this weight.
void packTiles(const OpContext& context, const Tensor& weight, int64_t begin, int64_t end, Tensor& packed);

} // namespace sy::ops
