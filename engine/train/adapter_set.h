// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/autograd/gradient.h"
#include "engine/ops/lora/lora.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::train {

/// The trained update of one matrix, or of the same matrix of all experts or some. For experts either factor may be shared
/// by all of them.
struct TrainedMatrix {
    autograd::Parameter a;         // (rank, in), or (nExperts, rank, in)
    autograd::Parameter b;         // (out, rank), or (nExperts, out, rank)
    autograd::Parameter magnitude; // (out): DoRA (Liu et al. 2024, arXiv:2402.09353); without a value: LoRA
    float scale = 1;
    uint32_t index = 0; // among the set's, in the order in which they were added
    std::vector<int64_t>
        expertTokens;   // rows that each expert's gradients are made of, since the last step; empty: no experts
    std::vector<int32_t> places; // where only some experts are trained: of each expert among them, -1: none
    Tensor baseSquares; // (out): squared row norms of the base's matrix, made when DoRA first wants them

    bool hasMagnitude() const { return bool(magnitude.value); }
    int64_t rank() const { return b.value.cols(); }
    bool trains(int64_t expert) const { return places.empty() || places[size_t(expert)] >= 0; }
    int64_t placeOf(int64_t expert) const { return places.empty() ? expert : places[size_t(expert)]; }
};

/// One matrix's part of an update, as the products see it; gradients add to the same memory.
struct UpdatePart {
    ops::LoraFactors factors;
    Tensor dA, dB;
};

/// The part that belongs to rows firstRow ... firstRow + nRows - 1 of a matrix.
UpdatePart rowsOf(TrainedMatrix& matrix, int64_t firstRow, int64_t nRows);

/// The part of one expert that is trained.
UpdatePart expertOf(TrainedMatrix& matrix, int64_t expert);

/// Everything that a run trains: updates of matrices, whole tensors, or both. By name, in the order in which norms are
/// summed and steps taken.
struct TrainedSet {
    std::map<std::string, TrainedMatrix, std::less<>> updates;       // "blk.0.attn_q"
    std::map<std::string, autograd::Parameter, std::less<>> tensors; // "blk.0.attn_norm.weight"

    TrainedMatrix* update(std::string_view name);
    autograd::Parameter* tensor(std::string_view name);

    /// All of them: of the updates NAME.weight.lora_a, .lora_b, .lora_magnitude_vector, then the tensors.
    std::vector<autograd::Parameter*> parameters();
};

/// Adds an update with its parameters' names. Throws std::invalid_argument when the shapes do not belong together.
TrainedMatrix& addUpdate(TrainedSet& set, const std::string& name, Tensor a, Tensor b, float scale, Tensor magnitude = {});

} // namespace sy::train
