// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/models/model.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/ops/op_context.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sy::models {

/// Hears what of the source has been copied: pieces of a weight as they are, and all of it when it is no longer needed, since
/// steps in between read it once more.
using WeightIsRead = std::function<void(std::span<const std::byte>)>;

/// Exchanges a model's matrices for copies in the form that the products read fastest (ops::WeightArena). Both forms give
/// the same bits, so the model can step in between: the copies can take seconds, where memory is slow to come, and an answer
/// need not wait.
///     while (packing.choose(bytes)) packing.advance(context);
class WeightPacking {
public:
    /// Takes the address space. Throws OutOfMemory.
    explicit WeightPacking(Model& model, WeightIsRead isRead = {});

    /// Chooses what advance() copies, about so many bytes. False: nothing is left.
    bool choose(int64_t bytes);

    /// Waits for the memory of what is chosen, so that advance() will not. Anybody may step the model meanwhile.
    void prefetch();

    /// Copies what is chosen; a matrix is exchanged when all of it is there. Nobody may step the model or look at its
    /// matrices meanwhile.
    void advance(const ops::OpContext& context);

    size_t packedBytes() const { return m_nPackedBytes; } // so far
    /// Of the bytes, what is copied: 0 to 1.
    float share() const { return m_nBytes == 0 ? 1 : float(double(m_nPackedBytes) / double(m_nBytes)); }

private:
    struct Piece {
        Tensor* weight;
        int64_t begin, end; // tiles
        Tensor packed;
    };

    std::vector<Tensor*> m_matrices; // those that have a packed form
    size_t m_nBytes;                 // of all of them
    size_t m_nPackedBytes = 0;
    ops::WeightArena m_arena;
    WeightIsRead m_isRead;
    size_t m_current = 0; // in m_matrices, the next to choose from
    int64_t m_nTiles = 0; // of it that have been chosen
    Tensor m_packed;      // its copy, once begun
    std::vector<Piece> m_pieces;
};

/// All of it at once.
void packWeights(const ops::OpContext& context, Model& model, WeightIsRead isRead = {});

} // namespace sy::models
