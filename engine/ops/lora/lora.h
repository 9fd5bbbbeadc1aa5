// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// A low-rank update of one matrix: W + scale * B A. Hu et al. 2021, arXiv:2106.09685. The product B A is never made.
struct LoraFactors {
    Tensor a;        // (rank, in) f32
    Tensor b;        // (out, rank) f32
    float scale = 1; // alpha / rank, or alpha / sqrt(rank) (Kalajdzievski 2023, arXiv:2312.03732)
};

/// y += scale * (x Aᵀ) Bᵀ; returns x Aᵀ (tokens, rank), which the gradient wants.
///
/// x  (tokens, in) f32
/// y  (tokens, out) f32
///
/// A token's bits do not depend on the others. Throws std::invalid_argument when shapes do not fit.
Tensor addLora(const OpContext& context, const LoraFactors& lora, const Tensor& x, Tensor& y);

/// The factors as inference reads them: both turned, and packed for the products.
struct PackedLora {
    PackedMatrix a; // (in, rank)
    PackedMatrix b; // (rank, out)
};
PackedLora packed(const OpContext& context, const Tensor& a, const Tensor& b);

/// addLora() with rows first ... of B, as many as y has columns; first is a multiple of kPackedCols. The same bits.
void addLora(const OpContext& context, const PackedLora& lora, int64_t first, float scale, const Tensor& x, Tensor& y);

/// Gradients for the gradient dy of y, each added to where a place is given:
///
///     dB += scale dyᵀ (x Aᵀ);  du = scale dy B;  dA += duᵀ x;  dx += du A
///
/// low  what addLora() returned
void addLoraGrad(const OpContext& context, const LoraFactors& lora, const Tensor& x, const Tensor& low, const Tensor& dy,
                 Tensor* dA, Tensor* dB, Tensor* dx);

} // namespace sy::ops
