// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/nn/linear.h"
#include "engine/ops/lora/lora.h"
#include "engine/ops/moe_ffn/expert_groups.h"
#include "engine/ops/moe_ffn/moe_ffn.h"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace sy::nn {

/// What an adapter does to one matrix, or to the same matrix of all experts (one factor may be shared by all).
struct MatrixUpdate {
    Tensor a;         // (rank, in), or (nExperts, rank, in); f32
    Tensor b;         // (out, rank), or (nExperts, out, rank)
    float scale = 1;  // alpha / rank and the like
    Tensor magnitude; // (out): DoRA; empty: LoRA
    Tensor
        rowFactors; // (out): magnitude over the row norms of the updated matrix; made when the adapter is bound to a model

    ops::PackedLora packed; // of one matrix's factors; made when the adapter is bound to a model

    int64_t rank() const { return b.cols(); }
    ops::LoraFactors rows(int64_t first, int64_t n, float strength) const; // of some of a matrix's rows
    ops::LoraFactors expert(int64_t e, float strength) const;
};

/// Updates by the matrix that they belong to, "blk.0.attn_q". Immutable once bound to a model (models/adapter_binding.h);
/// the base's weights are never touched, so adapters change from one step to the next.
struct Adapter {
    std::map<std::string, MatrixUpdate, std::less<>> updates;
    const MatrixUpdate* find(std::string_view name) const;
};

/// An adapter at work for one sequence. Strength 0 leaves the base's function, 1 is as trained.
struct AdapterUse {
    const Adapter* adapter = nullptr; // borrowed
    float strength = 1;
    const MatrixUpdate* find(std::string_view name) const
    {
        return adapter && strength != 0 ? adapter->find(name) : nullptr;
    }
};

/// y += the update of a linear for rows of x. DoRA: y = y + strength * (m / n * (x Wᵀ + s x Aᵀ Bᵀ) + bias - y).
///
/// x  (rows, in) f32
/// y  (rows, out): the base's product of them, bias included
void applyUpdate(const ops::OpContext& context, const Linear& linear, const MatrixUpdate& update, float strength,
                 const Tensor& x, Tensor& y);

/// The same for rows sorted by expert.
void applyUpdate(const ops::OpContext& context, const ops::ExpertGroups& groups, const MatrixUpdate& update, float strength,
                 const Tensor& x, Tensor& y);

/// The squared norm of each row of a weight: (rows) f32.
Tensor rowSquares(const ops::OpContext& context, const Tensor& weight);

/// The norm of each row of weightScale * W + B A * factors.scale, without making a float copy of W:
///
///     n_i² = |W_i|² + 2 s sum_j B_ij (W Aᵀ)_ij + s² B_i (A Aᵀ) B_iᵀ
///
/// squares  rowSquares() of W
Tensor updatedRowNorms(const ops::OpContext& context, const Tensor& weight, float weightScale, const Tensor& squares,
                       const ops::LoraFactors& factors);

} // namespace sy::nn
