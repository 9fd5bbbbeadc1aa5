// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <span>
#include <vector>

namespace sy::ops {

/// The left operand of one or more products with the same input (q, k and v; gate and up): holds x and its int8 form, made by
/// the first product that wants it.
class MatmulInput {
public:
    /// x (tokens, in) f32, kept by reference counting.
    explicit MatmulInput(Tensor x);
    const Tensor& x() const { return m_x; }

    /// One token's values in blocks of 32: value = q * scale, scale = max|x| / 127 (0 for a block of zeros).
    struct Quantized {
        Tensor q;      // (blocks of 256, tokens, 256) I8; columns past `in` are zero
        Tensor scales; // (blocks of 256, tokens, 8) f32
        Tensor sums;   // (blocks of 256, tokens, 8) f32: scale times the sum of the block's q
        Tensor negativeSums; // (blocks of 256, tokens, 16) I32: minus the sum of 16 q, for formats with an offset
    };
    const Quantized& quantized(const OpContext& context) const;

private:
    Tensor m_x;
    mutable Quantized m_quantized;
};

/// y = x Wᵀ + b. The same token gives the same bits whatever else is in the batch, whichever CPU level and thread count.
///
/// input    (tokens, in) f32
/// weight   (out, in) of any type in quant_table; block types need in to be a multiple of their block
/// bias     (out) f32, or empty
/// returns  (tokens, out) f32
///
/// Throws std::invalid_argument when shapes do not fit.
Tensor matmul(const OpContext& context, const MatmulInput& input, const Tensor& weight, const Tensor& bias = {});

/// Several products of one input in one parallel loop; biases is empty or as long as weights (empty tensors: none).
std::vector<Tensor> matmulGroup(const OpContext& context, const MatmulInput& input, std::span<const Tensor> weights,
                                std::span<const Tensor> biases = {});

/// residual (tokens, out) += x Wᵀ + b.
void matmulAdd(const OpContext& context, const MatmulInput& input, const Tensor& weight, const Tensor& bias, Tensor& residual);

/// SiLU(x Gᵀ) * (x Uᵀ), the hidden layer of a gated feed-forward. Shazeer 2020, arXiv:2002.05202.
/// gate, up (ffn, in); returns (tokens, ffn).
Tensor matmulSwiglu(const OpContext& context, const MatmulInput& input, const Tensor& gate, const Tensor& up);

} // namespace sy::ops
